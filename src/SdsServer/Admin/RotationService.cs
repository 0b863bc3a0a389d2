using SdsServer.Admin.Operators;
using SdsServer.Admin.Requests;
using SdsServer.Core.Rotation;
using SdsServer.Grpc.Server;
using Api = SdsServer.Protos.Admin.V1;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Admin;

/// <summary>sdsserver.admin.v1.RotationService: moves a mesh from one authority to another.</summary>
internal sealed class RotationService(
    TrustDomainAccess access,
    SharedReading<DomainReading> watched,
    Watches watches,
    AdminCalls calls,
    RotationReader rotations,
    RotationStart start,
    RotationSteering steering,
    ResourceNames names)
{
    public static ServiceDescriptor Descriptor { get; } =
        Api.RotationServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>(nameof(RotationService));

    public void Bind(GrpcServiceBuilder service) => service
        .Unary<Api.StartRotationRequest, Api.StartRotationResponse>("StartRotation", (request, context) =>
            calls.CommandAsync(
                context,
                new OperatorCommand(DecisionKind.StartRotation, OperatorCommand.Child(request.Parent, ResourceNames.Rotations, request.RequestId), request.Reason, request.ValidateOnly),
                command => start.StartAsync(request, command, context.CancellationToken),
                LeastRoles.Of(request)))
        .Unary<Api.GetRotationRequest, Api.Rotation>("GetRotation", (request, context) => calls.ReadAsync(context, () => GetAsync(request, context)))
        .Unary<Api.ListRotationsRequest, Api.ListRotationsResponse>("ListRotations", (request, context) => calls.ReadAsync(context, () => ListAsync(request, context)))
        .ServerStreaming<Api.WatchRotationRequest, Api.WatchRotationResponse>("WatchRotation", WatchAsync)
        .Unary<Api.AdvanceRotationRequest, Api.Rotation>("AdvanceRotation", (request, context) =>
            calls.CommandAsync(
                context, new OperatorCommand(DecisionKind.AdvanceRotation, request.Name, request.Reason, request.ValidateOnly), command => steering.AdvanceAsync(request, command, context),
                LeastRoles.Of(request)))
        .Unary<Api.RollbackRotationRequest, Api.Rotation>("RollbackRotation", (request, context) =>
            calls.CommandAsync(
                context, new OperatorCommand(DecisionKind.RollbackRotation, request.Name, request.Reason, request.ValidateOnly), command => steering.RollbackAsync(request, command, context)))
        .Unary<Api.ResumeForwardRequest, Api.Rotation>("ResumeForward", (request, context) =>
            calls.CommandAsync(
                context, new OperatorCommand(DecisionKind.ResumeForward, request.Name, request.Reason, request.ValidateOnly), command => steering.ResumeAsync(request, command, context)))
        .Unary<Api.HoldRotationRequest, Api.Rotation>("HoldRotation", (request, context) =>
            calls.CommandAsync(
                context, new OperatorCommand(DecisionKind.HoldRotation, request.Name, request.Reason), command => steering.HoldAsync(request, command, context)))
        .Unary<Api.UnholdRotationRequest, Api.Rotation>("UnholdRotation", (request, context) =>
            calls.CommandAsync(
                context, new OperatorCommand(DecisionKind.UnholdRotation, request.Name, request.Reason), command => steering.UnholdAsync(request, command, context)));

    private Task<Api.Rotation> GetAsync(Api.GetRotationRequest request, ServerCallContext context) =>
        rotations.ReadAsync(Check(request.Name), context.CancellationToken);

    private async Task<Api.ListRotationsResponse> ListAsync(Api.ListRotationsRequest request, ServerCallContext context)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        int size = Pages.Size(check, request.PageSize);
        Api.ListRotationsRequest scope = new() { Parent = request.Parent, States = { request.States } };
        string? after = Pages.After(check, scope, request.PageToken);
        check.Done();
        DomainReading reading = await access.ReadAsync(DomainReading.Of, context.CancellationToken);
        (IReadOnlyList<Api.Rotation> page, string next) = Pages.Cut(
            rotations.All(reading).Where(rotation => request.States.Count == 0 || request.States.Contains(rotation.State)),
            rotation => Pages.NewestFirst(rotation.CreateTime.ToDateTimeOffset(), rotation.Name),
            after,
            size,
            scope);
        return new Api.ListRotationsResponse { Rotations = { page }, NextPageToken = next };
    }

    private async Task WatchAsync(Api.WatchRotationRequest request, ServerStreamWriter<Api.WatchRotationResponse> responses, ServerCallContext context)
    {
        calls.Enter(context);
        string id = Check(request.Name);
        Api.Rotation? sent = null;
        await watches.RunAsync(context, async ended =>
        {
            Api.Rotation now = await rotations.WithLogAsync(await watched.ReadAsync(ended), id, ended) ?? throw rotations.Missing(id);
            if (!now.Equals(sent))
            {
                await responses.WriteAsync(new Api.WatchRotationResponse { Rotation = now }, context.CancellationToken);
                sent = now;
            }

            return now.State == Api.RotationState.Active;
        });
    }

    private string Check(string name)
    {
        RequestCheck check = new(names);
        string id = check.Id("name", name, ResourceNames.Rotations);
        check.Done();
        return id;
    }
}
