using System.Security.Cryptography;
using SdsServer.Admin.Log;
using SdsServer.Admin.Mapping;
using SdsServer.Admin.Requests;
using SdsServer.Core.Access;
using SdsServer.Core.Rotation;
using SdsServer.Grpc.Server;
using Api = SdsServer.Protos.Admin.V1;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Admin;

/// <summary>sdsserver.admin.v1.TokenService: bootstrap credentials. Only hashes are kept; a token's text is in one answer and nowhere else.</summary>
/// <param name="tokensChanged">Makes whoever verifies tokens read them again; awaited, so that an answer is true when it arrives.</param>
internal sealed class TokenService(
    TrustDomainAccess access,
    ITrustStore store,
    AuditLog audit,
    Func<CancellationToken, Task> tokensChanged,
    AdminCalls calls,
    DomainCommands commands,
    TokenMapper mapper,
    ResourceNames names,
    AdminOptions options,
    TimeProvider time,
    ILogger logger)
{
    private const int MaxDisplayName = 100;

    // No underscore: it separates the parts of the text.
    private const string IdAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const int IdLength = 12;

    public static ServiceDescriptor Descriptor { get; } =
        Api.TokenServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>(nameof(TokenService));

    public void Bind(GrpcServiceBuilder service) => service
        .Unary<Api.CreateTokenRequest, Api.CreateTokenResponse>("CreateToken", (request, context) =>
            calls.CommandAsync(
                context, new OperatorCommand(DecisionKind.CreateToken, $"{request.Parent} {request.SpiffeId}", request.Reason), command => CreateAsync(request, command, context)))
        .Unary<Api.ListTokensRequest, Api.ListTokensResponse>("ListTokens", (request, context) => calls.ReadAsync(context, () => ListAsync(request, context)))
        .Unary<Api.DeleteTokenRequest, Api.DeleteTokenResponse>("DeleteToken", (request, context) =>
            calls.CommandAsync(
                context, new OperatorCommand(DecisionKind.DeleteToken, request.Name, request.Reason), command => DeleteAsync(request, command, context)));

    private async Task<Api.CreateTokenResponse> CreateAsync(Api.CreateTokenRequest request, OperatorCommand command, ServerCallContext context)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        long? expected = check.OptionalRevision(request.ExpectedRevision);
        CheckIdentity(check, request.SpiffeId, request.Join is not null);
        check.Require("join.uses", request.Join is not { Uses: < 0 }, "must be a number of uses, or 0 for any number");
        TimeSpan ttl = check.Span("ttl", request.Ttl, options.MinTokenLifetime, options.MaxTokenLifetime) ?? (request.Join is null ? options.TokenLifetime : options.JoinTokenLifetime);
        check.Line("display_name", request.DisplayName, MaxDisplayName);
        check.Reason(request.Reason);
        check.Done();
        TrustState state = await RequireRevisionAsync(expected, context.CancellationToken);

        string id = RandomNumberGenerator.GetString(IdAlphabet, IdLength);
        (string text, byte[] hash) = TokenText.Create(id);
        DateTimeOffset now = time.GetUtcNow();
        AccessToken token = new()
        {
            Id = id,
            DisplayName = request.DisplayName,
            SpiffeId = request.SpiffeId,
            Hash = [.. hash],
            CreatedAt = now,
            CreatedBy = command.Actor,
            NotAfter = now + ttl,
            Join = request.Join is { } join ? new JoinTerms(join.Uses, Used: 0) : null,
        };
        Decision entry = audit.Entry(command, DecisionOutcome.Done, state, subject: id);
        await StoreCalls.RunAsync(() => store.AddTokenAsync(options.TrustDomain.Name, state.Term, token, entry, context.CancellationToken), logger);
        command.Logged = true;
        await StoreCalls.RunAsync(() => tokensChanged(CancellationToken.None), logger);
        return new Api.CreateTokenResponse { Token = mapper.Map(token), Secret = text };
    }

    private async Task<Api.ListTokensResponse> ListAsync(Api.ListTokensRequest request, ServerCallContext context)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        int size = Pages.Size(check, request.PageSize);
        Api.ListTokensRequest scope = new() { Parent = request.Parent, SpiffeIdPrefix = request.SpiffeIdPrefix };
        string? after = Pages.After(check, scope, request.PageToken);
        check.Done();
        IReadOnlyList<AccessToken> tokens = await StoreCalls.RunAsync(() => store.ReadTokensAsync(options.TrustDomain.Name, context.CancellationToken), logger);
        (IReadOnlyList<AccessToken> page, string next) = Pages.Cut(
            tokens.Where(token => token.SpiffeId.StartsWith(request.SpiffeIdPrefix, StringComparison.Ordinal)),
            token => Pages.NewestFirst(token.CreatedAt, token.Id),
            after,
            size,
            scope);
        return new Api.ListTokensResponse { Tokens = { page.Select(mapper.Map) }, NextPageToken = next };
    }

    private async Task<Api.DeleteTokenResponse> DeleteAsync(Api.DeleteTokenRequest request, OperatorCommand command, ServerCallContext context)
    {
        RequestCheck check = new(names);
        string id = check.Id("name", request.Name, ResourceNames.Tokens);
        long? expected = check.OptionalRevision(request.ExpectedRevision);
        check.Reason(request.Reason);
        check.Done();
        TrustState state = await RequireRevisionAsync(expected, context.CancellationToken);
        Decision entry = audit.Entry(command, DecisionOutcome.Done, state);
        bool deleted = await StoreCalls.RunAsync(() => store.DeleteTokenAsync(options.TrustDomain.Name, state.Term, id, entry, context.CancellationToken), logger);
        command.Logged = deleted;

        // Also when it was gone: the one who deleted it may not have come this far.
        await StoreCalls.RunAsync(() => tokensChanged(CancellationToken.None), logger);
        return deleted ? new Api.DeleteTokenResponse() : throw AdminErrors.NotFound(request.Name, "ListTokens shows those there are; it is not accepted either way");
    }

    private void CheckIdentity(RequestCheck check, string spiffeId, bool isJoin)
    {
        if (!SpiffeIdTemplate.TryParse(spiffeId, out SpiffeIdTemplate? template, out string? reason))
        {
            check.Wrong("spiffe_id", $"is not usable: {reason}; it must name a workload, such as {options.TrustDomain.Uri}/ns/default/sa/web");
        }
        else if (!template.TrustDomain.Equals(options.TrustDomain))
        {
            check.Wrong("spiffe_id", $"must be in trust domain {options.TrustDomain}, such as {options.TrustDomain.Uri}/ns/default/sa/web");
        }
        else
        {
            check.Require("spiffe_id", template.Id is not null || isJoin, "must name one workload: '*' stands for a segment in join tokens only");
        }
    }

    /// <summary>The state as it is, if it is the one the caller decided on.</summary>
    private async Task<TrustState> RequireRevisionAsync(long? expected, CancellationToken cancellation)
    {
        if (expected is null)
        {
            return await access.ReadAsync(engine => engine.State, cancellation);
        }

        DomainReading reading = await access.ReadAsync(DomainReading.Of, cancellation);
        commands.RequireRevision(reading, expected);
        return reading.State;
    }
}
