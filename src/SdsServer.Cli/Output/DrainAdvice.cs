using SdsServer.Cli.Admin;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Output;

/// <summary>What is left to do when a stolen root is gone: secrets close no connection, so what was opened under it lives on.</summary>
internal static class DrainAdvice
{
    private const int Shown = 20;

    /// <summary>Nothing but at the end of an emergency.</summary>
    public static async Task AddToAsync(Session session, Screen screen, Rotation rotation)
    {
        // With a root still to be dropped, as where two are stolen, the list would be short.
        if (rotation is not { Kind: RotationKind.Emergency, Goal: Goal.Forward } or { State: RotationState.Active, Gate.Code: GateCode.G3DropTrust } || rotation.State is not (RotationState.Active or RotationState.Completed)
            || rotation.Steps.LastOrDefault(step => step.Phase == Phase.Removing)?.Time is not { } removed)
        {
            return;
        }

        ListInstancesResponse all = await session.Admin.ListAsync(AdminMethods.ListInstances, new ListInstancesRequest { Parent = await session.Admin.ParentAsync(), Filter = new InstanceFilter() }, 0);

        // Who was passed over, or is away, may run on with what it opened, and nobody else names it.
        List<Instance> old = [.. all.Instances.Where(proxy => proxy.FirstSeenTime is null || proxy.FirstSeenTime.ToDateTimeOffset() <= removed.ToDateTimeOffset()).OrderBy(proxy => !proxy.Connected)];
        string stolen = ResourceName.Id(rotation.FromAuthority);
        screen.Line();
        if (old.Count == 0)
        {
            screen.Line($"no process is known any more that ran while {stolen} was trusted: nothing has to be drained", Tone.Good);
            return;
        }

        screen.Line($"{old.Count} proxies have run since before {stolen} was dropped, and may hold connections opened under it: none of them is closed by itself", Tone.Bad);
        foreach (Instance proxy in old.Take(Shown))
        {
            screen.Line($"  {proxy.SpiffeId} (node {proxy.NodeId}, proxy {ResourceName.Id(proxy.Name)}){(proxy.Connected ? "" : ", not connected")}");
        }

        if (old.Count > Shown)
        {
            screen.Line($"  and {old.Count - Shown} more: 'sdsctl proxy list --limit 0'");
        }

        screen.Line("  to do: restart each, or POST /drain_listeners?graceful to its admin; also have it drop its TLS session tickets", Tone.Caution);
        if (old.Exists(proxy => !proxy.Connected))
        {
            screen.Line("  not connected: it may run on all the same; look on its host, and where it is gone say so with 'sdsctl proxy retire ID'", Tone.Caution);
        }
    }
}
