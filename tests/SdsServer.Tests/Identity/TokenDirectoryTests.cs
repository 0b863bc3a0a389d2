using SdsServer.Core.Access;
using SdsServer.Core.Rotation;
using SdsServer.Identity;
using SdsServer.Testing;

namespace SdsServer.Tests.Identity;

public sealed class TokenDirectoryTests
{
    private const string TrustDomain = "example.org";

    [Fact]
    public async Task A_deleted_token_is_refused_and_says_so_to_whom_it_let_in()
    {
        await using InMemoryTrustStore store = new(new SimulatedDisk());
        long term = (await store.BeginTermAsync(TrustDomain, DateTimeOffset.MinValue, default)).Term;
        using TokenDirectory tokens = new(store, TrustDomain, TimeProvider.System);
        string kept = await AddAsync(store, term, "kept");
        string text = await AddAsync(store, term, "leaked");
        await tokens.ReloadAsync(default);
        CancellationToken deleted = tokens.Verify(text)!.Deleted;
        CancellationToken other = tokens.Verify(kept)!.Deleted;
        await tokens.ReloadAsync(default);
        Assert.False(deleted.IsCancellationRequested);

        await store.DeleteTokenAsync(TrustDomain, term, "leaked", Entry(DecisionKind.DeleteToken), default);
        await tokens.ReloadAsync(default);

        Assert.Null(tokens.Verify(text));
        Assert.True(deleted.IsCancellationRequested);
        Assert.False(other.IsCancellationRequested);
    }

    private static async Task<string> AddAsync(InMemoryTrustStore store, long term, string id)
    {
        (string text, byte[] hash) = TokenText.Create(id);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        await store.AddTokenAsync(
            TrustDomain,
            term,
            new AccessToken { Id = id, DisplayName = "", SpiffeId = "spiffe://example.org/web", Hash = [.. hash], CreatedAt = now, NotAfter = now.AddHours(1) },
            Entry(DecisionKind.CreateToken),
            default);
        return text;
    }

    private static Decision Entry(DecisionKind kind) => new() { At = TimeProvider.System.GetUtcNow(), Actor = "test", Kind = kind, Action = $"{kind}" };
}
