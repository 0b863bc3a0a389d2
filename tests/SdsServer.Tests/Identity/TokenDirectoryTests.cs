using SdsServer.Core.Access;
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
        using TokenDirectory tokens = new(store, TrustDomain, TimeProvider.System);
        string kept = await AddAsync(store, "kept");
        string text = await AddAsync(store, "leaked");
        await tokens.ReloadAsync(default);
        CancellationToken deleted = tokens.Verify(text)!.Deleted;
        CancellationToken other = tokens.Verify(kept)!.Deleted;
        await tokens.ReloadAsync(default);
        Assert.False(deleted.IsCancellationRequested);

        await store.DeleteTokenAsync(TrustDomain, "leaked", default);
        await tokens.ReloadAsync(default);

        Assert.Null(tokens.Verify(text));
        Assert.True(deleted.IsCancellationRequested);
        Assert.False(other.IsCancellationRequested);
    }

    private static async Task<string> AddAsync(InMemoryTrustStore store, string id)
    {
        (string text, byte[] hash) = TokenText.Create(id);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        await store.AddTokenAsync(
            TrustDomain,
            new AccessToken { Id = id, DisplayName = "", SpiffeId = "spiffe://example.org/web", Hash = [.. hash], CreatedAt = now, NotAfter = now.AddHours(1) },
            default);
        return text;
    }
}
