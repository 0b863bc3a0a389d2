using System.Globalization;
using System.Security.Cryptography;
using SdsServer.Admin.Mapping;
using SdsServer.Admin.Requests;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Grpc.Server;
using Api = SdsServer.Protos.Admin.V1;
using Authority = SdsServer.Core.Rotation.Authority;
using AuthorityRole = SdsServer.Core.Rotation.AuthorityRole;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Admin;

/// <summary>sdsserver.admin.v1.AuthorityService: who can sign.</summary>
internal sealed class AuthorityService(
    TrustDomainAccess access,
    NewRoots roots,
    RootReadiness readiness,
    AdminCalls calls,
    DomainCommands commands,
    AuthorityMapper mapper,
    RotationPolicy policy,
    ResourceNames names,
    TimeProvider time)
{
    private const int SuffixLength = 4;
    private const int MaxId = 63;

    public static ServiceDescriptor Descriptor { get; } =
        Api.AuthorityServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>(nameof(AuthorityService));

    public void Bind(GrpcServiceBuilder service) => service
        .Unary<Api.ListAuthoritiesRequest, Api.ListAuthoritiesResponse>("ListAuthorities", (request, context) => calls.ReadAsync(context, () => ListAsync(request, context)))
        .Unary<Api.GetAuthorityRequest, Api.Authority>("GetAuthority", (request, context) => calls.ReadAsync(context, () => GetAsync(request, context)))
        .Unary<Api.CreateAuthorityRequest, Api.Authority>("CreateAuthority", (request, context) =>
            calls.CommandAsync(
                context,
                new OperatorCommand(
                    DecisionKind.CreateAuthority, OperatorCommand.Child(request.Parent, ResourceNames.Authorities, request.AuthorityId), request.Reason, request.ValidateOnly),
                command => CreateAsync(request, command, context)))
        .Unary<Api.DeleteAuthorityRequest, Api.DeleteAuthorityResponse>("DeleteAuthority", (request, context) =>
            calls.CommandAsync(
                context, new OperatorCommand(DecisionKind.DeleteAuthority, request.Name, request.Reason, request.ValidateOnly), command => DeleteAsync(request, command, context)))
        .Unary<Api.SetAuthorityRoleRequest, Api.Authority>("SetAuthorityRole", (request, context) =>
            calls.CommandAsync(
                context, new OperatorCommand(DecisionKind.SetRole, request.Name, request.Reason, request.ValidateOnly), command => SetRoleAsync(request, command, context)));

    private async Task<Api.ListAuthoritiesResponse> ListAsync(Api.ListAuthoritiesRequest request, ServerCallContext context)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        int size = Pages.Size(check, request.PageSize);
        Api.ListAuthoritiesRequest scope = new() { Parent = request.Parent };
        string? after = Pages.After(check, scope, request.PageToken);
        check.Done();
        AuthorityReading reading = await access.ReadAsync(AuthorityReading.Of, context.CancellationToken);
        (IReadOnlyList<Authority> page, string next) = Pages.Cut(
            reading.State.Authorities, authority => Pages.NewestFirst(authority.CreatedAt, authority.Id), after, size, scope);
        return new Api.ListAuthoritiesResponse { Authorities = { page.Select(authority => Map(reading, authority)) }, NextPageToken = next };
    }

    private async Task<Api.Authority> GetAsync(Api.GetAuthorityRequest request, ServerCallContext context)
    {
        RequestCheck check = new(names);
        string id = check.Id("name", request.Name, ResourceNames.Authorities);
        check.Done();
        return await ReadAsync(id, context.CancellationToken);
    }

    private async Task<Api.Authority> CreateAsync(Api.CreateAuthorityRequest request, OperatorCommand command, ServerCallContext context)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        check.Revision(request.ExpectedRevision);
        check.Reason(request.Reason);
        if (request.AuthorityId.Length > 0)
        {
            check.NewId("authority_id", request.AuthorityId);
        }

        check.Require("built_in_root", request.BuiltInRoot is not null, "must be set: it is the only source of authorities here; an empty message takes the server's settings");
        AuthorityProfile profile = roots.Read(check, "built_in_root", request.BuiltInRoot ?? new Api.NewAuthority(), TimeSpan.Zero);
        check.Done();

        using IDisposable turn = await roots.EnterAsync(context.CancellationToken);
        DomainReading reading = await access.ReadAsync(DomainReading.Of, context.CancellationToken);
        string id = request.AuthorityId.Length > 0 ? request.AuthorityId : $"root-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SuffixLength))}";
        if (reading.State.Authorities.Any(authority => authority.Id == id))
        {
            throw AdminErrors.Exists(names.Authority(id), "choose another authority_id, or leave it empty");
        }

        commands.RequireRevision(reading, request.ExpectedRevision);
        if (request.ValidateOnly)
        {
            return Planned(reading.State, id, profile, command.Actor);
        }

        CommandOutcome outcome = await roots.AddAsync(id, profile, null, command, reading.State, request.ExpectedRevision);
        await commands.RequireDoneAsync(outcome, request.ExpectedRevision, names.Authority(id), "authority_id", context.CancellationToken);
        return mapper.Map(outcome.State, outcome.State.Authority(id), AuthorityRole.Inactive);
    }

    private async Task<Api.DeleteAuthorityResponse> DeleteAsync(Api.DeleteAuthorityRequest request, OperatorCommand command, ServerCallContext context)
    {
        RequestCheck check = new(names);
        string id = check.Id("name", request.Name, ResourceNames.Authorities);
        check.Revision(request.ExpectedRevision);
        check.Reason(request.Reason);
        check.Done();

        using IDisposable turn = await roots.EnterAsync(context.CancellationToken);
        if (request.ValidateOnly)
        {
            (DomainReading reading, string? found) = await access.ReadAsync(engine => (DomainReading.Of(engine), engine.UseOf(Find(engine.State, id))), context.CancellationToken);
            commands.RequireRevision(reading, request.ExpectedRevision);
            return found is { } use
                ? throw AdminErrors.Refused(DomainCommands.Refusal(Api.RefusalCode.AuthorityInUse, $"authority '{id}' cannot go: {use}"))
                : new Api.DeleteAuthorityResponse { Revision = reading.State.Decisions };
        }

        long term = await access.ReadAsync(engine => engine.State.Term, context.CancellationToken);
        CommandOutcome outcome = await roots.RemoveAsync(id, command, command.Reason, request.ExpectedRevision, term);
        await commands.RequireDoneAsync(outcome, request.ExpectedRevision, request.Name, "name", context.CancellationToken);
        return new Api.DeleteAuthorityResponse { Revision = outcome.State.Decisions };
    }

    private async Task<Api.Authority> SetRoleAsync(Api.SetAuthorityRoleRequest request, OperatorCommand command, ServerCallContext context)
    {
        RequestCheck check = new(names);
        string id = check.Id("name", request.Name, ResourceNames.Authorities);
        check.Revision(request.ExpectedRevision);
        check.Reason(request.Reason);
        AuthorityRole? role = Labels.Of(request.Role);
        check.Require("role", role is not null, "must be ACTIVE, PASSIVE or INACTIVE");
        check.Done();

        using IDisposable turn = await roots.EnterAsync(context.CancellationToken);
        DomainReading reading = await access.ReadAsync(DomainReading.Of, context.CancellationToken);
        Authority authority = Find(reading.State, id);
        commands.RequireRevision(reading, request.ExpectedRevision);
        if (role != AuthorityRole.Inactive && await readiness.OpenAsync(authority, context.CancellationToken) is { } unready)
        {
            throw AdminErrors.Refused(unready);
        }

        CommandOutcome outcome = await access.OrderAsync(command, number => new SetRole
        {
            Id = number,
            Actor = command.Actor,
            Reason = command.Reason,
            ExpectedDecisions = request.ExpectedRevision,
            AuthorityId = id,
            Role = role!.Value,
            RotationId = RotationIdFor(id, request.ExpectedRevision),
            Policy = policy,
            ValidateOnly = request.ValidateOnly,
        });
        await commands.RequireDoneAsync(outcome, request.ExpectedRevision, request.Name, "role", context.CancellationToken);
        return await ReadAsync(id, context.CancellationToken);
    }

    // The same edit of the same state makes the same rotation.
    private static string RotationIdFor(string authority, long revision)
    {
        string suffix = string.Create(CultureInfo.InvariantCulture, $"-{revision}");
        string start = $"role-{authority}";
        return start[..Math.Min(start.Length, MaxId - suffix.Length)] + suffix;
    }

    private async Task<Api.Authority> ReadAsync(string id, CancellationToken cancellation)
    {
        AuthorityReading reading = await access.ReadAsync(AuthorityReading.Of, cancellation);
        return Map(reading, Find(reading.State, id));
    }

    private Api.Authority Map(AuthorityReading reading, Authority authority) => mapper.Map(reading.State, authority, reading.Roles[authority.Id]);

    private Authority Find(TrustState state, string id) =>
        state.Authorities.FirstOrDefault(authority => authority.Id == id)
        ?? throw AdminErrors.NotFound(names.Authority(id), "ListAuthorities shows those there are");

    private Api.Authority Planned(TrustState state, string id, AuthorityProfile profile, string actor)
    {
        DateTimeOffset now = time.GetUtcNow();
        return new Api.Authority
        {
            Name = names.Authority(id),
            DisplayName = profile.Organization == NewRoots.DefaultOrganization ? "" : profile.Organization,
            Provider = Api.AuthorityProvider.Builtin,
            Role = Api.AuthorityRole.Inactive,
            NotBefore = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(now - profile.Backdate),
            NotAfter = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(now + profile.Lifetime),
            CreatedBy = actor,
            KeyAlgorithm = AuthorityMapper.Algorithm(profile.Algorithm),
            Revision = state.Decisions,
        };
    }
}
