using System.Security.Cryptography;
using SdsServer.Admin.Log;
using SdsServer.Admin.Mapping;
using SdsServer.Admin.Requests;
using SdsServer.Core.Access;
using SdsServer.Core.Rotation;
using SdsServer.Grpc.Server;
using SdsServer.Identity.Registrations;
using Api = SdsServer.Protos.Admin.V1;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Admin;

/// <summary>sdsserver.admin.v1.RegistrationService: who callers are. A change is in force, and on its way to open streams, when its answer is.</summary>
internal sealed class RegistrationService(
    TrustDomainAccess access,
    ITrustStore store,
    AuditLog audit,
    RegistrationDirectory registrations,
    AdminCalls calls,
    RegistrationMapper mapper,
    ResourceNames names,
    AdminOptions options,
    TimeProvider time,
    ILogger logger)
{
    private const string IdAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const int IdLength = 12;
    private const int MaxDescription = 2_000;

    public static ServiceDescriptor Descriptor { get; } =
        Api.RegistrationServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>(nameof(RegistrationService));

    public void Bind(GrpcServiceBuilder service) => service
        .Unary<Api.CreateRegistrationRequest, Api.Registration>("CreateRegistration", (request, context) => calls.CommandAsync(
            context,
            new OperatorCommand(DecisionKind.CreateRegistration, OperatorCommand.Child(request.Parent, ResourceNames.Registrations, request.RegistrationId), request.Reason),
            command => CreateAsync(request, command, context)))
        .Unary<Api.GetRegistrationRequest, Api.Registration>("GetRegistration", (request, context) => calls.ReadAsync(context, () => GetAsync(request, context)))
        .Unary<Api.ListRegistrationsRequest, Api.ListRegistrationsResponse>("ListRegistrations", (request, context) => calls.ReadAsync(context, () => ListAsync(request, context)))
        .Unary<Api.UpdateRegistrationRequest, Api.Registration>("UpdateRegistration", (request, context) => calls.CommandAsync(
            context,
            new OperatorCommand(DecisionKind.UpdateRegistration, request.Registration?.Name ?? "", request.Reason),
            command => UpdateAsync(request, command, context)))
        .Unary<Api.DeleteRegistrationRequest, Api.DeleteRegistrationResponse>("DeleteRegistration", (request, context) => calls.CommandAsync(
            context, new OperatorCommand(DecisionKind.DeleteRegistration, request.Name, request.Reason), command => DeleteAsync(request, command, context)));

    private async Task<Api.Registration> CreateAsync(Api.CreateRegistrationRequest request, OperatorCommand command, ServerCallContext context)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        if (request.RegistrationId.Length > 0)
        {
            check.NewId("registration_id", request.RegistrationId);
        }

        string id = request.RegistrationId.Length > 0 ? request.RegistrationId : RandomNumberGenerator.GetString(IdAlphabet, IdLength);
        DateTimeOffset now = time.GetUtcNow();
        Registration made = Read(check, request.Registration, id, request.Reason) with
        {
            Revision = 1, CreatedAt = now, CreatedBy = command.Actor, UpdatedAt = now, UpdatedBy = command.Actor,
        };
        if (registrations.OfFile.Any(other => other.Id == id))
        {
            throw AdminErrors.Exists(names.Registration(id), "it stands in the file of SdsServer:Registrations:File; choose another id");
        }

        TrustState state = await access.ReadAsync(engine => engine.State, context.CancellationToken);
        Decision entry = audit.Entry(command, DecisionOutcome.Done, state, subject: id) with { Evidence = Describe(made) };
        try
        {
            await StoreCalls.RunAsync(() => store.AddRegistrationAsync(options.TrustDomain.Name, state.Term, made, entry, context.CancellationToken), logger);
        }
        catch (InvalidOperationException)
        {
            throw AdminErrors.Exists(names.Registration(id), "change it with UpdateRegistration, or choose another id");
        }

        await InForceAsync(command);
        return mapper.Map(made);
    }

    private async Task<Api.Registration> GetAsync(Api.GetRegistrationRequest request, ServerCallContext context)
    {
        RequestCheck check = new(names);
        string id = check.Id("name", request.Name, ResourceNames.Registrations);
        check.Done();
        return mapper.Map((await AllAsync(context)).FirstOrDefault(registration => registration.Id == id) ?? throw NotFound(request.Name));
    }

    private async Task<Api.ListRegistrationsResponse> ListAsync(Api.ListRegistrationsRequest request, ServerCallContext context)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        int size = Pages.Size(check, request.PageSize);
        Api.ListRegistrationsRequest scope = new() { Parent = request.Parent };
        string? after = Pages.After(check, scope, request.PageToken);
        check.Done();
        (IReadOnlyList<Registration> page, string next) = Pages.Cut(await AllAsync(context), registration => registration.Id, after, size, scope);
        return new Api.ListRegistrationsResponse { Registrations = { page.Select(mapper.Map) }, NextPageToken = next };
    }

    private async Task<Api.Registration> UpdateAsync(Api.UpdateRegistrationRequest request, OperatorCommand command, ServerCallContext context)
    {
        RequestCheck check = new(names);
        string name = request.Registration?.Name ?? "";
        long expected = request.Registration?.Revision ?? 0;
        string id = check.Id("registration.name", name, ResourceNames.Registrations);
        Registration? stored = (await AllAsync(context)).FirstOrDefault(registration => registration.Id == id);
        check.Require("registration.revision", expected > 0 || stored is { Revision: 0 }, "must be the revision you decided on; read it with GetRegistration");
        Registration next = Read(check, request.Registration, id.Length > 0 ? id : "x", request.Reason);
        RequireChangeable(name, expected, stored);
        next = next with
        {
            Revision = expected + 1, CreatedAt = stored!.CreatedAt, CreatedBy = stored.CreatedBy, UpdatedAt = time.GetUtcNow(), UpdatedBy = command.Actor,
        };
        TrustState state = await access.ReadAsync(engine => engine.State, context.CancellationToken);
        Decision entry = audit.Entry(command, DecisionOutcome.Done, state) with { Evidence = Describe(next) };
        if (!await StoreCalls.RunAsync(() => store.UpdateRegistrationAsync(options.TrustDomain.Name, state.Term, next, entry, context.CancellationToken), logger))
        {
            throw await ChangedAsync(name, id, expected, context);
        }

        await InForceAsync(command);
        return mapper.Map(next);
    }

    private async Task<Api.DeleteRegistrationResponse> DeleteAsync(Api.DeleteRegistrationRequest request, OperatorCommand command, ServerCallContext context)
    {
        RequestCheck check = new(names);
        string id = check.Id("name", request.Name, ResourceNames.Registrations);
        check.Require("expected_revision", request.ExpectedRevision >= 0, "must be a Registration.revision, or 0 for not checked");
        check.Reason(request.Reason);
        check.Done();
        Registration? stored = (await AllAsync(context)).FirstOrDefault(registration => registration.Id == id);
        RequireChangeable(request.Name, request.ExpectedRevision, stored);
        TrustState state = await access.ReadAsync(engine => engine.State, context.CancellationToken);
        Decision entry = audit.Entry(command, DecisionOutcome.Done, state) with { Evidence = Describe(stored!) };
        long? expected = request.ExpectedRevision > 0 ? request.ExpectedRevision : null;
        if (!await StoreCalls.RunAsync(() => store.DeleteRegistrationAsync(options.TrustDomain.Name, state.Term, id, expected, entry, context.CancellationToken), logger))
        {
            throw await ChangedAsync(request.Name, id, request.ExpectedRevision, context);
        }

        await InForceAsync(command);
        return new Api.DeleteRegistrationResponse();
    }

    /// <exception cref="Grpc.RpcException">INVALID_ARGUMENT, with everything that is wrong.</exception>
    private Registration Read(RequestCheck check, Api.Registration? written, string id, string reason)
    {
        Registration registration = mapper.Read(check, written, id);
        foreach (RegistrationFault fault in registrations.Check(registration).Where(fault => fault.Field != "id"))
        {
            check.Wrong($"registration.{fault.Field}", fault.Problem);
        }

        check.Reason(reason);
        check.Done();
        return registration;
    }

    private async Task<List<Registration>> AllAsync(ServerCallContext context) =>
        [.. await StoreCalls.RunAsync(() => store.ReadRegistrationsAsync(options.TrustDomain.Name, context.CancellationToken), logger), .. registrations.OfFile];

    private static void RequireChangeable(string name, long expected, Registration? stored)
    {
        if (stored is null)
        {
            throw NotFound(name);
        }

        if (stored.Revision == 0)
        {
            throw AdminErrors.OfFile(name);
        }

        if (expected > 0 && expected != stored.Revision)
        {
            throw AdminErrors.RegistrationChanged(name, expected, stored.Revision);
        }
    }

    // Somebody was faster: what there is now tells how.
    private async Task<Grpc.RpcException> ChangedAsync(string name, string id, long expected, ServerCallContext context) =>
        (await AllAsync(context)).FirstOrDefault(registration => registration.Id == id) is { } now ? AdminErrors.RegistrationChanged(name, expected, now.Revision) : NotFound(name);

    private static Grpc.RpcException NotFound(string name) => AdminErrors.NotFound(name, "ListRegistrations shows those there are");

    private async Task InForceAsync(OperatorCommand command)
    {
        command.Logged = true;
        await StoreCalls.RunAsync(() => registrations.ReloadAsync(CancellationToken.None), logger);
    }

    private static string Describe(Registration registration) => LogText.Of(registration.ToText(), MaxDescription);
}
