using SdsServer.Core.Rotation;
using SdsServer.Testing;

namespace SdsServer.Storage.Tests;

public sealed class InMemoryTrustStoreTests : TrustStoreContract
{
    private readonly SimulatedDisk _disk = new();

    protected override Task<ITrustStore> OpenAsync() => Task.FromResult<ITrustStore>(new InMemoryTrustStore(_disk));

    [Fact]
    public async Task A_failure_before_the_commit_writes_nothing_and_one_after_it_everything()
    {
        long term = await PopulateAsync();
        _disk.BeforeCommit = method => throw new IOException(method);
        IOException error = await Assert.ThrowsAsync<IOException>(() => Store.SaveAsync(Samples.State(term, 2), [], [], CancellationToken.None));
        Assert.Equal(nameof(ITrustStore.SaveAsync), error.Message);
        _disk.BeforeCommit = _ => Task.CompletedTask;

        _disk.AfterCommit = _ => throw new IOException();
        await Assert.ThrowsAsync<IOException>(() => Store.SaveAsync(Samples.State(term, 2), [], [], CancellationToken.None));
        _disk.AfterCommit = _ => Task.CompletedTask;

        Assert.Equal(2, (await BeginAsync()).State!.Revision);
    }
}
