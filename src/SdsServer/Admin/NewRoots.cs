using SdsServer.Admin.Requests;
using SdsServer.Core.Authorities;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin;

/// <summary>Makes built-in roots, and intermediates below them, known and forgets them again. One at a time: a key and its authority come and go together.</summary>
internal sealed class NewRoots(
    TrustDomainAccess access, ITrustStore store, Keyring keyring, BuiltInRoot roots, BuiltInIntermediate intermediates, AdminOptions options, TimeProvider time, ILogger logger)
    : IDisposable
{
    /// <summary>The organization of a root that was given no display name.</summary>
    public static readonly string DefaultOrganization = new AuthorityProfile(TrustDomain.Parse("default")).Organization;

    // X.520 allows 64 characters in an organization.
    private const int MaxDisplayName = 64;

    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Waits for its turn; dispose the result to end it.</summary>
    public async Task<IDisposable> EnterAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        return new Turn(_one);
    }

    /// <summary>What a request says a new authority shall be, completed by the settings.</summary>
    /// <param name="check">Takes what is wrong.</param>
    /// <param name="field">Path of the field.</param>
    /// <param name="asked">The field.</param>
    /// <param name="planTime">How long a rotation to it may take by its soaks.</param>
    /// <param name="below">It is an intermediate.</param>
    public AuthorityProfile Read(RequestCheck check, string field, Api.NewAuthority asked, TimeSpan planTime, bool below = false)
    {
        check.Line($"{field}.display_name", asked.DisplayName, MaxDisplayName);
        check.Require($"{field}.key_algorithm", Enum.IsDefined(asked.KeyAlgorithm), "must be P256, P384, RSA2048 or RSA4096");
        AuthorityProfile profile = new(options.TrustDomain)
        {
            Algorithm = asked.KeyAlgorithm switch
            {
                Api.KeyAlgorithm.P256 => KeyAlgorithm.EcdsaP256,
                Api.KeyAlgorithm.P384 => KeyAlgorithm.EcdsaP384,
                Api.KeyAlgorithm.Rsa2048 => KeyAlgorithm.Rsa2048,
                Api.KeyAlgorithm.Rsa4096 => KeyAlgorithm.Rsa4096,
                _ => options.RootKeys,
            },
            Lifetime = check.Span($"{field}.lifetime", asked.Lifetime, options.MinRootLifetime + planTime, options.MaxRootLifetime)
                ?? (below ? options.IntermediateLifetime : options.RootLifetime),
            PathLength = below ? 0 : 1,
        };
        return asked.DisplayName.Trim() is { Length: > 0 } name ? profile with { Organization = name } : profile;
    }

    /// <summary>Makes an authority, stores its key, then makes it known. Only inside <see cref="EnterAsync"/>.</summary>
    /// <param name="issuer">The root to sign an intermediate; null makes a root.</param>
    /// <param name="command">The call it is made for.</param>
    /// <param name="state">As it is now.</param>
    /// <param name="expected">The revision the caller decided on.</param>
    /// <returns>What became of the command; on anything but success the key is gone again.</returns>
    public async Task<CommandOutcome> AddAsync(string id, AuthorityProfile profile, Authority? issuer, OperatorCommand command, TrustState state, long expected)
    {
        long term = state.Term;
        (Authority authority, TrustRoot root) = await CreateAsync(id, profile, issuer, command.Actor, state);
        CommandOutcome outcome = await access.OrderAsync(command, number =>
            new AddAuthority { Id = number, Actor = command.Actor, Reason = command.Reason, ExpectedDecisions = expected, Authority = authority, Root = root });
        if (outcome.Status != CommandStatus.Done)
        {
            await DeleteKeyAsync(id, term);
        }

        return outcome;
    }

    /// <summary>Makes an authority unknown, then deletes its key. Only inside <see cref="EnterAsync"/>.</summary>
    public async Task<CommandOutcome> RemoveAsync(string id, OperatorCommand command, string reason, long? expected, long term)
    {
        CommandOutcome outcome = await access.OrderAsync(command, number =>
            new RemoveAuthority { Id = number, Actor = command.Actor, Reason = reason, ExpectedDecisions = expected, AuthorityId = id });

        // Not found: an earlier deletion that could not delete the key is completed by sending it again.
        if (outcome.Status is CommandStatus.Done or CommandStatus.NotFound)
        {
            await DeleteKeyAsync(id, term);
        }

        return outcome;
    }

    public void Dispose() => _one.Dispose();

    private async Task<(Authority Authority, TrustRoot Root)> CreateAsync(string id, AuthorityProfile profile, Authority? issuer, string actor, TrustState state)
    {
        keyring.Forget(id);
        try
        {
            return await MakeAsync();
        }
        catch (InvalidOperationException)
        {
            // Nobody knows this authority, so the key is left over from a process that ended in between.
            await StoreCalls.RunAsync(() => store.DeleteKeyAsync(options.TrustDomain.Name, state.Term, id, CancellationToken.None), logger);
            return await MakeAsync();
        }

        Task<(Authority, TrustRoot)> MakeAsync() => StoreCalls.RunAsync(
            async () => issuer is null
                ? await roots.CreateAsync(id, profile, actor, state.Term, time.GetUtcNow(), CancellationToken.None)
                : (await intermediates.CreateAsync(id, issuer, profile, actor, state.Term, time.GetUtcNow(), CancellationToken.None), state.Root(issuer.RootId)),
            logger);
    }

    private async Task DeleteKeyAsync(string id, long term)
    {
        keyring.Forget(id);
        try
        {
            await store.DeleteKeyAsync(options.TrustDomain.Name, term, id, CancellationToken.None);
        }
        catch (Exception error) when (error is not StaleTermException)
        {
            AdminLog.KeyLeftBehind(logger, id, error);
            throw AdminErrors.StoreUnavailable($"the store did not delete the key of '{id}', which nothing uses any more; send DeleteAuthority for it again");
        }
    }

    private sealed class Turn(SemaphoreSlim one) : IDisposable
    {
        public void Dispose() => one.Release();
    }
}
