using System.Net;
using SdsServer.EndToEnd.Mesh;
using SdsServer.EndToEnd.Report;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Scenarios;

/// <summary>A session from before a root was dropped is worth nothing after it, whether resumption is off, as shipped, or goes by ticket keys of the server.</summary>
internal static class Resumptions
{
    private const string TicketKeys = "session_ticket_keys";
    private static readonly string[] s_protocols = ["tls1_2", "tls1_3"];
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(ServiceMesh mesh, Journal journal)
    {
        Authority old = await mesh.SignerAsync();
        await using ResumingSidecar shipped = await ResumingSidecar.ShippedAsync(mesh, "svc-b-shipped");
        await using ResumingSidecar first = await ResumingSidecar.WithTicketKeysAsync(mesh, "svc-b-tickets-1");
        await using ResumingSidecar second = await ResumingSidecar.WithTicketKeysAsync(mesh, "svc-b-tickets-2");
        foreach (ResumingSidecar sidecar in (ResumingSidecar[])[shipped, first, second])
        {
            await mesh.AwaitSignedByAsync(old, sidecar.Proxy);
        }

        using TlsCaller caller = new(await HeldLeaf.TakeAsync(mesh, Workloads.One, "svc-a-caller"));
        await AssertTakenAsync(mesh, first.Proxy, 1);
        await AssertTakenAsync(mesh, second.Proxy, 1);
        await journal.PhaseAsync("Steady", Phase.Steady);

        // Resumption works where it is on, at every sidecar of the identity; where it is off there is no session.
        foreach (string protocol in s_protocols)
        {
            await ServedAsync(caller.CallAsync(shipped.Mtls, protocol, keepAs: $"shipped-{protocol}"), resumed: false);
            if (caller.Keeps($"shipped-{protocol}"))
            {
                await ServedAsync(caller.CallAsync(shipped.Mtls, protocol, resume: $"shipped-{protocol}"), resumed: false);
            }

            await ServedAsync(caller.CallAsync(first.Mtls, protocol, keepAs: $"ticket-{protocol}"), resumed: false);
            await ServedAsync(caller.CallAsync(first.Mtls, protocol, resume: $"ticket-{protocol}"), resumed: true);
            await ServedAsync(caller.CallAsync(second.Mtls, protocol, resume: $"ticket-{protocol}"), resumed: true);
        }

        RotationRun run = await RotationRun.StartAsync(mesh, "past-sessions");
        await run.StepAsync(GateCode.G1SetSigner);
        await mesh.AwaitAllSignedByAsync(run.To);
        foreach (ResumingSidecar sidecar in (ResumingSidecar[])[shipped, first, second])
        {
            await mesh.AwaitSignedByAsync(run.To, sidecar.Proxy);
        }

        // Sessions under the bundle that is dropped next, one by a leaf that dies with it, one by a leaf that does not.
        using TlsCaller staying = new(await HeldLeaf.TakeAsync(mesh, Workloads.One, "svc-a-staying"));
        foreach (string protocol in s_protocols)
        {
            await ServedAsync(caller.CallAsync(shipped.Mtls, protocol, keepAs: $"shipped-{protocol}"), resumed: false);
            foreach (TlsCaller one in (TlsCaller[])[caller, staying])
            {
                await ServedAsync(one.CallAsync(first.Mtls, protocol, keepAs: $"ticket-{protocol}"), resumed: false);
                await ServedAsync(one.CallAsync(second.Mtls, protocol, resume: $"ticket-{protocol}"), resumed: true);
            }
        }

        await journal.PhaseAsync("Drained", Phase.Drained);
        await run.StepAsync(GateCode.G3DropTrust);
        await run.EndsAsync(RotationState.Completed);
        await mesh.AwaitTrustAsync(run.To);
        await AssertTakenAsync(mesh, first.Proxy, 2);
        await AssertTakenAsync(mesh, second.Proxy, 2);

        foreach (string protocol in s_protocols)
        {
            await RefusedAsync(caller, shipped.Mtls, protocol, $"shipped-{protocol}");
            await RefusedAsync(caller, first.Mtls, protocol, $"ticket-{protocol}");
            await RefusedAsync(caller, second.Mtls, protocol, $"ticket-{protocol}");

            // A good leaf gets in, by a full handshake, and resumes what it began under the new keys.
            await ServedAsync(staying.CallAsync(first.Mtls, protocol, resume: $"ticket-{protocol}"), resumed: false);
            await ServedAsync(staying.CallAsync(first.Mtls, protocol, keepAs: $"new-{protocol}"), resumed: false);
            await ServedAsync(staying.CallAsync(second.Mtls, protocol, resume: $"new-{protocol}"), resumed: true);
        }

        await journal.PhaseAsync("Steady on new", Phase.Steady);
    }

    // With the old session, and by a handshake with the old leaf alone.
    private static async Task RefusedAsync(TlsCaller caller, IPEndPoint listener, string protocol, string session)
    {
        foreach (string? resume in (string?[])[caller.Keeps(session) ? session : null, null])
        {
            TlsAnswer answer = await caller.CallAsync(listener, protocol, resume: resume);
            Assert.False(answer.Resumed, answer.Text);
            Assert.False(answer.Served, answer.Text);
        }
    }

    private static async Task ServedAsync(Task<TlsAnswer> call, bool resumed)
    {
        TlsAnswer answer = await call;
        Assert.True(answer.Served, answer.Text);
        Assert.True(answer.Resumed == resumed, answer.Text);
    }

    private static Task AssertTakenAsync(ServiceMesh mesh, Proxy proxy, int times) => Condition.AwaitAsync(
        $"{proxy.NodeId} to have taken ticket keys {times} times", Limit, async token =>
        {
            EnvoyStats stats = await proxy.Envoy.Admin.StatsAsync(token);
            Assert.Equal(0, stats.UpdateRejected(TicketKeys));
            return mesh.Options.Protocol is XdsProtocol.Sotw or XdsProtocol.Delta ? stats.UpdateSuccess(TicketKeys) == times : stats.UpdateSuccess(TicketKeys) >= times;
        }, () => proxy.Envoy.Log + mesh.Server.Log);
}
