using Google.Protobuf;
using Google.Protobuf.Reflection;
using SdsServer.Grpc.Reflection.V1;
using SdsServer.Grpc.Server;

namespace SdsServer.Grpc.Reflection;

/// <summary>Server reflection, v1 and v1alpha, over the descriptors of <paramref name="services"/>.</summary>
internal sealed class ReflectionService(IReadOnlyList<ServiceDescriptor> services)
{
    // A name of something.
    private const int MaxRequestSize = 4 * 1024;

    // Built at the first question: by then every service is mapped.
    private readonly Lazy<DescriptorIndex> _index = new(() => new DescriptorIndex(services));

    public static ServiceDescriptor Descriptor { get; } = ReflectionReflection.Descriptor.FindTypeByName<ServiceDescriptor>("ServerReflection");

    public static ServiceDescriptor AlphaDescriptor { get; } =
        V1Alpha.ReflectionReflection.Descriptor.FindTypeByName<ServiceDescriptor>("ServerReflection");

    public void Bind(GrpcServiceBuilder service) =>
        service.LimitRequests(MaxRequestSize).Duplex<ServerReflectionRequest, ServerReflectionResponse>("ServerReflectionInfo", async (requests, responses, context) =>
        {
            using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, context.Stopping);
            await foreach (ServerReflectionRequest request in requests.WithCancellation(ended.Token))
            {
                await responses.WriteAsync(Answer(request));
            }
        });

    // The messages of the two versions are the same on the wire.
    public void BindAlpha(GrpcServiceBuilder service) =>
        service.LimitRequests(MaxRequestSize).Duplex<V1Alpha.ServerReflectionRequest, V1Alpha.ServerReflectionResponse>("ServerReflectionInfo", async (requests, responses, context) =>
        {
            using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, context.Stopping);
            await foreach (V1Alpha.ServerReflectionRequest request in requests.WithCancellation(ended.Token))
            {
                ServerReflectionRequest same = ServerReflectionRequest.Parser.ParseFrom(request.ToByteString());
                await responses.WriteAsync(EncodedMessage.From(Answer(same)));
            }
        });

    private ServerReflectionResponse Answer(ServerReflectionRequest request)
    {
        ServerReflectionResponse response = new() { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case ServerReflectionRequest.MessageRequestOneofCase.ListServices:
                response.ListServicesResponse = new();
                response.ListServicesResponse.Service.AddRange(
                    services.Select(service => service.FullName).Order(StringComparer.Ordinal).Select(name => new ServiceResponse { Name = name }));
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileByFilename:
                AnswerFile(response, _index.Value.File(request.FileByFilename), "file");
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol:
                AnswerFile(response, _index.Value.Symbol(request.FileContainingSymbol), "symbol");
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingExtension:
                ExtensionRequest extension = request.FileContainingExtension;
                AnswerFile(response, _index.Value.Extension(extension.ContainingType, extension.ExtensionNumber), "extension");
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType:
                AnswerExtensionNumbers(response, request.AllExtensionNumbersOfType);
                break;
            default:
                response.ErrorResponse = Error(StatusCode.InvalidArgument, "the request asks for nothing this server knows");
                break;
        }

        return response;
    }

    private static void AnswerFile(ServerReflectionResponse response, FileDescriptor? file, string what)
    {
        if (file is null)
        {
            response.ErrorResponse = Error(StatusCode.NotFound, $"no such {what} here");
            return;
        }

        response.FileDescriptorResponse = new();
        response.FileDescriptorResponse.FileDescriptorProto.AddRange(file.WithImports().Select(each => each.SerializedData));
    }

    private void AnswerExtensionNumbers(ServerReflectionResponse response, string type)
    {
        if (_index.Value.ExtensionNumbers(type) is not { } numbers)
        {
            response.ErrorResponse = Error(StatusCode.NotFound, "no such message type here");
            return;
        }

        response.AllExtensionNumbersResponse = new() { BaseTypeName = type };
        response.AllExtensionNumbersResponse.ExtensionNumber.AddRange(numbers);
    }

    private static ErrorResponse Error(StatusCode code, string message) => new() { ErrorCode = (int)code, ErrorMessage = message };
}
