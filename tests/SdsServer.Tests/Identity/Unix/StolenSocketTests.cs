using SdsServer.Core.Access;
using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Identity;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Testing;
using SdsServer.Tests.Identity.X509;
using SdsServer.Tests.Xds;

namespace SdsServer.Tests.Identity.Unix;

/// <summary>Whoever reaches the Unix socket, or a connection to it, and should not.</summary>
public sealed class StolenSocketTests
{
    private const int Registered = 65534;
    private const int Stranger = 65533;
    private const string LocalId = "spiffe://example.org/local";

    [OtherUserFact]
    public async Task A_user_that_is_not_registered_gets_nothing_whoever_it_says_to_be()
    {
        await using MtlsHost host = await StartAsync("0666");
        foreach (Transport transport in (Transport[])[Transport.Sotw, Transport.Delta])
        {
            await using SocketHolder stranger = await SocketHolder.StartAsync(host.XdsSocket, Stranger, Stranger);
            await using XdsStream stream = Open(stranger.Connect(), transport, nodeId: MtlsHost.Web);
            await stream.SubscribeAsync("ROOTCA", "default");
            Status status = await stream.StatusAsync();
            Assert.Equal(StatusCode.Unauthenticated, status.Code);
            Assert.StartsWith($"no workload identity: user {Stranger} is neither registered", status.Detail, StringComparison.Ordinal);
            Assert.Empty(await InstancesAsync(host));

            await using SocketHolder registered = await SocketHolder.StartAsync(host.XdsSocket, Registered, Registered);
            await using XdsStream own = Open(registered.Connect(), transport, nodeId: "proxy");
            await own.SubscribeAsync("ROOTCA");
            await own.ReadAndAckAsync();
            InstanceView only = Assert.Single(await InstancesAsync(host));
            Assert.Equal(new InstanceKey(MtlsHost.Web, "proxy", registered.Peer), only.Key);
            await registered.EndConnectorAsync();
            await ForgottenAsync(host);
        }
    }

    [OtherUserFact]
    public async Task The_mode_of_the_socket_keeps_others_out()
    {
        foreach (string mode in (string[])["0600", "0660"])
        {
            await using MtlsHost host = await StartAsync(mode);

            Assert.Contains("PermissionError", await SocketHolder.FailsAsync(host.XdsSocket, Stranger), StringComparison.Ordinal);
            Assert.Contains("PermissionError", await SocketHolder.FailsAsync(host.XdsSocket, Registered), StringComparison.Ordinal);
        }
    }

    [OtherUserFact]
    public async Task A_connection_that_is_handed_on_stays_that_of_the_process_that_made_it()
    {
        await using MtlsHost host = await StartAsync("0660");
        await using SocketHolder holder = await SocketHolder.StartAsync(host.XdsSocket, UnixUser, Stranger);
        await using XdsStream stream = Open(holder.Connect(), Transport.Delta, nodeId: "proxy");

        // The kernel tells who has connected, and nobody can tell who holds the descriptor now.
        await stream.SubscribeAsync("ROOTCA");
        await stream.ReadAndAckAsync();
        await stream.SubscribeAsync("default");
        Assert.Equal(LocalId, AttestedProxy.IdIn((await stream.ReadAndAckAsync()).Secrets["default"]));

        Assert.Equal(new InstanceKey(LocalId, "proxy", holder.Peer), Assert.Single(await InstancesAsync(host)).Key);
    }

    [OtherUserFact]
    public async Task When_the_process_that_made_it_has_ended_nothing_more_is_sent_and_its_leaves_count_no_more()
    {
        await using MtlsHost host = await StartAsync("0660");
        await using SocketHolder holder = await SocketHolder.StartAsync(host.XdsSocket, UnixUser, Stranger);
        using GrpcChannel channel = holder.Connect();
        await using XdsStream stream = XdsStream.On(channel, Transport.Delta, [], new Node { Id = "proxy", Cluster = "any" });
        await stream.SubscribeAsync("ROOTCA");
        await stream.ReadAndAckAsync();
        await stream.SubscribeAsync("default");
        Received leaf = await stream.ReadAndAckAsync();

        await holder.EndConnectorAsync();

        await ForgottenAsync(host);
        string serial = SecretVersion.LeafSerial(leaf.Versions["default"])!;
        await Condition.AwaitAsync(
            "its leaf to count no more", MtlsHost.Limit, _ => Task.FromResult(host.Disk.Ledger(MtlsHost.TrustDomain).Single(row => row.Serial == serial).State == LeafState.Superseded));
        await stream.EndsInSilenceAsync();

        // Its user is all that is known of a new stream on it; the leaf that it holds continues nothing.
        await using XdsStream next = XdsStream.On(channel, Transport.Delta, [], new Node { Id = "proxy", Cluster = "any" });
        await next.ResumeAsync("default", leaf.Versions["default"]);
        await next.SubscribeAsync("ROOTCA");
        await next.ReadAndAckAsync();
        InstanceView later = Assert.Single(await InstancesAsync(host));
        Assert.Equal(new InstanceKey(LocalId, "proxy", $"user:{UnixUser}"), later.Key);
        Assert.DoesNotContain(later.Outstanding, row => row.Serial == serial);
    }

    [OtherUserFact]
    public async Task A_registration_of_a_program_counts_no_more_on_a_connection_whose_process_has_ended()
    {
        await using MtlsHost host = await StartAsync("0660", isListed: false);
        await using SocketHolder holder = await SocketHolder.StartAsync(host.XdsSocket, UnixUser, Stranger);
        await host.Registrations.SetFileAsync(
            [new Registration { Id = "program", Selectors = [$"unix:uid:{UnixUser}", $"unix:path:{holder.Executable}"], SpiffeId = LocalId }], default);
        using GrpcChannel channel = holder.Connect();
        await using XdsStream stream = XdsStream.On(channel, Transport.Delta, [], new Node { Id = "proxy", Cluster = "any" });
        await stream.SubscribeAsync("ROOTCA");
        await stream.ReadAndAckAsync();

        await holder.EndConnectorAsync();

        await ForgottenAsync(host);
        await using XdsStream next = XdsStream.On(channel, Transport.Delta, [], new Node { Id = "proxy", Cluster = "any" });
        await next.SubscribeAsync("ROOTCA");
        Assert.Equal(StatusCode.Unauthenticated, (await next.StatusAsync()).Code);
    }

    private static int UnixUser => Registrations.UnixUser.Id;

    /// <param name="isListed">Users are workloads by the configuration.</param>
    private static Task<MtlsHost> StartAsync(string mode, bool isListed = true) => MtlsHost.StartAsync((options, directory) =>
    {
        directory.OpenToOthers();
        options.Xds.SocketMode = mode;
        if (isListed)
        {
            options.UnixPeers.AddRange([new UnixPeerOptions { Uid = Registered, SpiffeId = MtlsHost.Web }, new UnixPeerOptions { Uid = UnixUser, SpiffeId = LocalId }]);
        }
    });

    private static XdsStream Open(GrpcChannel channel, Transport transport, string nodeId) =>
        XdsStream.On(channel, transport, [], new Node { Id = nodeId, Cluster = "any" }, own: channel);

    private static Task<InstanceView[]> InstancesAsync(MtlsHost host) => host.Loop.ReadAsync(engine => engine.Instances().ToArray(), default);

    private static Task ForgottenAsync(MtlsHost host) => Condition.AwaitAsync("the process to be known to have ended", MtlsHost.Limit, async _ => await InstancesAsync(host) is []);
}
