using Google.Protobuf.Reflection;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Reflection.V1;
using SdsServer.Grpc.Tests.Interop;

namespace SdsServer.Grpc.Tests.Reflection;

public sealed class ReflectionServiceTests : IAsyncLifetime
{
    private static readonly GrpcMethod<ServerReflectionRequest, ServerReflectionResponse> s_info =
        new(ReflectionReflection.Descriptor.FindTypeByName<ServiceDescriptor>("ServerReflection"), "ServerReflectionInfo");

    private TestServer _server = null!;
    private GrpcChannel _channel = null!;

    public async Task InitializeAsync()
    {
        _server = await TestServer.StartAsync(routes => routes.MapService(Behaviour.Descriptor, _ => { }));
        _channel = _server.Channel();
    }

    public async Task DisposeAsync()
    {
        _channel.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Services_mapped_after_reflection_are_listed_too()
    {
        ServerReflectionResponse response = await AskAsync(new() { ListServices = "*", Host = "h" });
        Assert.Contains("sdsserver.test.Behaviour", response.ListServicesResponse.Service.Select(service => service.Name));
        Assert.Equal("h", response.ValidHost);
    }

    [Theory]
    [InlineData("sdsserver.test.Behaviour")]
    [InlineData("sdsserver.test.Behaviour.Unary")]
    [InlineData("sdsserver.test.Text")]
    [InlineData("sdsserver.test.Text.nonce")]
    public async Task A_symbol_leads_to_its_file(string symbol) =>
        Assert.Equal(["behaviour.proto"], Files(await AskAsync(new() { FileContainingSymbol = symbol })));

    [Fact]
    public async Task A_file_comes_by_its_name() =>
        Assert.Equal(["grpc/health/v1/health.proto"], Files(await AskAsync(new() { FileByFilename = "grpc/health/v1/health.proto" })));

    [Theory]
    [InlineData("{\"fileContainingSymbol\":\"no.Such\"}", StatusCode.NotFound)]
    [InlineData("{\"fileByFilename\":\"no.proto\"}", StatusCode.NotFound)]
    [InlineData("{\"fileContainingExtension\":{\"containingType\":\"sdsserver.test.Text\",\"extensionNumber\":5}}", StatusCode.NotFound)]
    [InlineData("{\"allExtensionNumbersOfType\":\"no.Such\"}", StatusCode.NotFound)]
    [InlineData("{}", StatusCode.InvalidArgument)]
    public async Task What_is_not_there_is_an_error_in_the_stream_not_of_it(string request, StatusCode code) =>
        Assert.Equal((int)code, (await AskAsync(ServerReflectionRequest.Parser.ParseJson(request))).ErrorResponse.ErrorCode);

    [Fact]
    public async Task A_type_without_extensions_has_none() =>
        Assert.Empty((await AskAsync(new() { AllExtensionNumbersOfType = "sdsserver.test.Text" })).AllExtensionNumbersResponse.ExtensionNumber);

    private static IEnumerable<string> Files(ServerReflectionResponse response) =>
        response.FileDescriptorResponse.FileDescriptorProto.Select(file => FileDescriptorProto.Parser.ParseFrom(file).Name);

    private async Task<ServerReflectionResponse> AskAsync(ServerReflectionRequest request)
    {
        await using var call = _channel.Duplex(s_info);
        await call.WriteAsync(request);
        ServerReflectionResponse? response = await call.ReadAsync().AsTask().InTime();
        Assert.Equal(request, response?.OriginalRequest);
        return response!;
    }
}
