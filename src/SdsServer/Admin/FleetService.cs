using SdsServer.Admin.Mapping;
using SdsServer.Admin.Requests;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Rotation;
using SdsServer.Grpc.Server;
using Api = SdsServer.Protos.Admin.V1;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Admin;

/// <summary>sdsserver.admin.v1.FleetService: the Envoy processes, and what an operator may do with one.</summary>
internal sealed class FleetService(
    TrustDomainAccess access, SharedReading<FleetReading> watched, Watches watches, AdminCalls calls, DomainCommands commands, InstanceMapper mapper, ResourceNames names)
{
    public static ServiceDescriptor Descriptor { get; } =
        Api.FleetServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>(nameof(FleetService));

    public void Bind(GrpcServiceBuilder service) => service
        .Unary<Api.ListInstancesRequest, Api.ListInstancesResponse>("ListInstances", (request, context) => calls.ReadAsync(context, () => ListAsync(request, context)))
        .Unary<Api.GetInstanceRequest, Api.Instance>("GetInstance", (request, context) => calls.ReadAsync(context, () => GetAsync(request, context)))
        .ServerStreaming<Api.WatchInstancesRequest, Api.WatchInstancesResponse>("WatchInstances", WatchAsync)
        .Unary<Api.RetireInstanceRequest, Api.RetireInstanceResponse>("RetireInstance", (request, context) =>
            calls.CommandAsync(
                context, new OperatorCommand(DecisionKind.RetireInstance, request.Name, request.Reason, request.ValidateOnly), command => RetireAsync(request, command, context)))
        .Unary<Api.RepushSecretsRequest, Api.RepushSecretsResponse>("RepushSecrets", (request, context) =>
            calls.CommandAsync(
                context, new OperatorCommand(DecisionKind.RepushSecrets, request.Name, request.Reason), command => RepushAsync(request, command, context)))
        .Unary<Api.ConfirmTrustRequest, Api.Instance>("ConfirmTrust", (request, context) =>
            calls.CommandAsync(
                context, new OperatorCommand(DecisionKind.ConfirmTrust, request.Name, request.Reason, request.ValidateOnly), command => ConfirmAsync(request, command, context)))
        .Unary<Api.ConfirmAnchorsRequest, Api.Instance>("ConfirmAnchors", (request, context) =>
            calls.CommandAsync(
                context, new OperatorCommand(DecisionKind.ConfirmAnchors, request.Name, request.Reason), command => ConfirmAsync(request, command, context)));

    private async Task<Api.ListInstancesResponse> ListAsync(Api.ListInstancesRequest request, ServerCallContext context)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        InstanceSelection selection = new(request.Filter, check);
        int size = Pages.Size(check, request.PageSize);
        Api.ListInstancesRequest scope = new() { Parent = request.Parent, Filter = request.Filter };
        string? after = Pages.After(check, scope, request.PageToken);
        check.Done();
        FleetReading reading = await access.ReadAsync(FleetReading.Of, context.CancellationToken);
        (IReadOnlyList<InstanceView> page, string next) = Pages.Cut(
            reading.Instances.Where(selection.Fits), instance => $"{instance.Key.SpiffeId}\n{instance.Id}", after, size, scope);
        return new Api.ListInstancesResponse { Instances = { page.Select(instance => mapper.Map(instance)) }, NextPageToken = next };
    }

    private async Task<Api.Instance> GetAsync(Api.GetInstanceRequest request, ServerCallContext context)
    {
        RequestCheck check = new(names);
        string id = check.Id("name", request.Name, ResourceNames.Instances);
        check.Done();
        return await FindAsync(id, context.CancellationToken);
    }

    private async Task WatchAsync(Api.WatchInstancesRequest request, ServerStreamWriter<Api.WatchInstancesResponse> responses, ServerCallContext context)
    {
        calls.Enter(context);
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        InstanceSelection selection = new(request.Filter, check);
        check.Done();
        InstanceChanges changes = new();
        await watches.RunAsync(context, async ended =>
        {
            FleetReading reading = await watched.ReadAsync(ended);
                foreach (Api.WatchInstancesResponse response in changes.To(reading.Instances.Where(selection.Fits).Select(instance => mapper.Map(instance))))
            {
                await responses.WriteAsync(response, context.CancellationToken);
            }

            return true;
        });
    }

    private async Task<Api.RetireInstanceResponse> RetireAsync(Api.RetireInstanceRequest request, OperatorCommand command, ServerCallContext context)
    {
        (string id, long? expected) = await CheckAsync(request.Name, request.ExpectedRevision, request.Reason, context);
        Api.Instance last = await FindAsync(id, context.CancellationToken);
        if (request.ValidateOnly)
        {
            return last.Connected
                ? throw AdminErrors.Refused(DomainCommands.Refusal(Api.RefusalCode.InstanceConnected, $"instance '{id}' is connected: stop the process first"))
                : new Api.RetireInstanceResponse { Instance = last };
        }

        CommandOutcome outcome = await access.OrderAsync(command, number =>
            new RetireInstance { Id = number, Actor = command.Actor, Reason = command.Reason, ExpectedDecisions = expected, InstanceId = id });
        await commands.RequireDoneAsync(outcome, expected, request.Name, "name", context.CancellationToken);
        return new Api.RetireInstanceResponse { Instance = last };
    }

    private async Task<Api.RepushSecretsResponse> RepushAsync(Api.RepushSecretsRequest request, OperatorCommand command, ServerCallContext context)
    {
        if (request.Secrets.Count > 0)
        {
            throw AdminErrors.Invalid("secrets", "must be empty: bundle and leaf are judged together by Envoy, so all of them are sent again");
        }

        (string id, long? expected) = await CheckAsync(request.Name, request.ExpectedRevision, request.Reason, context);
        CommandOutcome outcome = await access.OrderAsync(command, number =>
            new RepushInstance { Id = number, Actor = command.Actor, Reason = command.Reason, ExpectedDecisions = expected, InstanceId = id });
        await commands.RequireDoneAsync(outcome, expected, request.Name, "name", context.CancellationToken);
        command.Outcome = DecisionOutcome.Done;
        return new Api.RepushSecretsResponse { Secrets = { await access.ReadAsync(engine => engine.Find(id)?.Secrets ?? [], context.CancellationToken) } };
    }

    private async Task<Api.Instance> ConfirmAsync(Api.ConfirmTrustRequest request, OperatorCommand command, ServerCallContext context)
    {
        RequireEpoch(request.Epoch, "the bundle whose roots the proxy was found to trust");
        (string id, long? expected) = await CheckAsync(request.Name, request.ExpectedRevision, request.Reason, context);
        Api.Instance found = await FindAsync(id, context.CancellationToken);
        if (request.ValidateOnly)
        {
            return found.UnmanagedTrust
                ? found
                : throw AdminErrors.Refused(DomainCommands.Refusal(
                    Api.RefusalCode.TrustManaged, $"instance '{id}' takes its bundle from here and proves it by its answers: there is nothing to confirm"));
        }

        return await ConfirmAsync(id, expected, command, context, number => new ConfirmTrust
        {
            Id = number, Actor = command.Actor, Reason = command.Reason, ExpectedDecisions = expected, InstanceId = id, Epoch = request.Epoch,
        });
    }

    private async Task<Api.Instance> ConfirmAsync(Api.ConfirmAnchorsRequest request, OperatorCommand command, ServerCallContext context)
    {
        RequireEpoch(request.Epoch, "the bundle whose roots were found among the proxy's anchors");
        (string id, long? expected) = await CheckAsync(request.Name, request.ExpectedRevision, request.Reason, context);
        return await ConfirmAsync(id, expected, command, context, number => new ConfirmAnchors
        {
            Id = number, Actor = command.Actor, Reason = command.Reason, ExpectedDecisions = expected, InstanceId = id, Epoch = request.Epoch,
        });
    }

    private async Task<Api.Instance> ConfirmAsync(string id, long? expected, OperatorCommand command, ServerCallContext context, Func<long, EngineCommand> order)
    {
        CommandOutcome outcome = await access.OrderAsync(command, order);
        await commands.RequireDoneAsync(outcome, expected, names.Instance(id), "name", context.CancellationToken);
        return await FindAsync(id, context.CancellationToken);
    }

    private static void RequireEpoch(long epoch, string what)
    {
        if (epoch <= 0)
        {
            throw AdminErrors.Invalid("epoch", $"must be the TrustDomain.epoch of {what}");
        }
    }

    private async Task<(string Id, long? Expected)> CheckAsync(string name, long revision, string reason, ServerCallContext context)
    {
        RequestCheck check = new(names);
        string id = check.Id("name", name, ResourceNames.Instances);
        long? expected = check.OptionalRevision(revision);
        check.Reason(reason);
        check.Done();
        if (expected is not null)
        {
            commands.RequireRevision(await access.ReadAsync(DomainReading.Of, context.CancellationToken), expected);
        }

        return (id, expected);
    }

    private async Task<Api.Instance> FindAsync(string id, CancellationToken cancellation)
    {
        return await access.ReadAsync(engine => engine.Find(id), cancellation) is { } found
            ? mapper.Map(found)
            : throw AdminErrors.NotFound(names.Instance(id), "ListInstances shows those that are known; one whose leaves have expired is forgotten");
    }
}
