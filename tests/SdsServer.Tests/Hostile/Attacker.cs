using System.Globalization;
using SdsServer.Core.Fleet;
using SdsServer.Protos.Envoy.Discovery.V3;

namespace SdsServer.Tests.Hostile;

/// <summary>The hostile workload's processes. All of them are of one identity.</summary>
internal sealed class Attacker(MeshHost host, WireProxy victim, bool isDelta) : IAsyncDisposable
{
    public const string Who = "hostile";

    private readonly List<WireProxy> _processes = [];
    private int _nodes;
    private int _acts;

    /// <summary>Whose leaf and bundle it knows the versions of.</summary>
    public WireProxy Victim => victim;

    /// <summary>What it has done; an attack that never happened shows nothing.</summary>
    public int Acts => Volatile.Read(ref _acts);

    public IReadOnlyList<WireProxy> Processes => _processes;

    /// <summary>The only one, or the first.</summary>
    public WireProxy First => _processes[0];

    public void Act() => Interlocked.Increment(ref _acts);

    /// <param name="node">What it says its node id is; null: one that nobody had.</param>
    public WireProxy Add(string? node = null)
    {
        WireProxy process = new(host, Who, node ?? string.Create(CultureInfo.InvariantCulture, $"node-{++_nodes}"), isDelta);
        _processes.Add(process);
        return process;
    }

    /// <summary>A process that has its leaf, and counts.</summary>
    public async Task<WireProxy> JoinAsync()
    {
        WireProxy process = Add().Start();
        await process.JoinedAsync();
        return process;
    }

    public async Task EndAsync(WireProxy process)
    {
        _processes.Remove(process);
        await process.DisposeAsync();
    }

    /// <summary>Refuses it.</summary>
    public IEnumerable<DiscoveryRequest> Nack(WireStream stream, DiscoveryResponse response)
    {
        Act();
        return [new DiscoveryRequest { ResourceNames = { stream.Name }, ResponseNonce = response.Nonce, ErrorDetail = new() { Code = 13, Message = "no" } }];
    }

    /// <summary>Says nothing.</summary>
    public IEnumerable<DiscoveryRequest> Ignore(WireStream stream, DiscoveryResponse response)
    {
        Act();
        return [];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (WireProxy process in _processes)
        {
            await process.DisposeAsync();
        }
    }
}
