using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;

namespace SdsServer.Tests.Hostile;

/// <summary>The honest proxies, each of an identity of its own, and how late their renewals come.</summary>
internal sealed class Fleet(MeshHost host, WireProxy[] proxies) : IAsyncDisposable
{
    private readonly List<string> _ids = [];
    private readonly Dictionary<string, (string Serial, DateTimeOffset Due)> _due = [];

    /// <summary>From the time when a leaf was due to be renewed to the time when the next was there; the longest.</summary>
    public TimeSpan Latest { get; private set; }

    public int Renewals { get; private set; }

    /// <summary>Every proxy has its first leaf.</summary>
    public async Task JoinAsync()
    {
        await Task.WhenAll(proxies.Select(proxy => proxy.CountedAsync()));
        foreach (WireProxy proxy in proxies)
        {
            await proxy.JoinedAsync();
        }

        _ids.AddRange(await host.ReadAsync(engine => engine.Instances().Select(view => view.Id).ToList()));
        await SettleAsync();
    }

    /// <summary>Every proxy has answered what the server has issued to it, and what was due has been counted.</summary>
    public async Task SettleAsync()
    {
        HashSet<string> prompt = [.. proxies.Where(proxy => !proxy.Holds).Select(proxy => proxy.SpiffeId)];
        await host.UntilAsync("every honest proxy to have taken the newest bundle", () => host.ReadAsync(engine =>
            _ids.TrueForAll(id => engine.Find(id) is { } view && (view.Lo == engine.State.Epoch || !prompt.Contains(view.Key.SpiffeId)))));
        await host.UntilAsync("every honest proxy to have its newest leaf", async () =>
            (await OwnAsync()).All(view => view.Outstanding is [.., { State: LeafState.Acked }] && proxies.Single(proxy => proxy.SpiffeId == view.Key.SpiffeId).Leaves is [.., var newest] && newest.Serial == view.Outstanding[^1].Serial));
        foreach (WireProxy proxy in proxies)
        {
            (string serial, DateTimeOffset at) = proxy.Leaves[^1];
            if (_due.TryGetValue(proxy.SpiffeId, out (string Serial, DateTimeOffset Due) before) && before.Serial != serial)
            {
                // A wave may have come first: then nothing was due.
                Renewals += at >= before.Due ? 1 : 0;
                Latest = at - before.Due > Latest ? at - before.Due : Latest;
            }
        }
    }

    /// <summary>Remembers when each leaf is due to be renewed.</summary>
    public async Task NoteDueAsync()
    {
        foreach (InstanceView view in await OwnAsync())
        {
            _due[view.Key.SpiffeId] = (view.Outstanding[^1].Serial, view.RenewAt!.Value);
        }
    }

    /// <summary>Every proxy is where the rotation has led, as the process it always was.</summary>
    public async Task AssertWholeAsync()
    {
        TrustState state = await host.ReadAsync(engine => engine.State);
        Assert.Equal((null, "root-two"), (state.Plan, state.Signer));
        List<InstanceView> own = await OwnAsync();
        Assert.All(own, view => Assert.Equal((true, true, state.Epoch, "root-two"), (view.Connected, view.Member, view.Lo, view.Outstanding[^1].AuthorityId)));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (WireProxy proxy in proxies)
        {
            await proxy.DisposeAsync();
        }
    }

    private Task<List<InstanceView>> OwnAsync() => host.ReadAsync(engine => _ids.ConvertAll(id => engine.Find(id)!));
}
