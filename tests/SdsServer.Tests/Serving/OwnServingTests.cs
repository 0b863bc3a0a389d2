using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Hosting;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Identity.X509;

namespace SdsServer.Tests.Serving;

/// <summary>The certificate that the server issues itself, on real TLS connections, through rotations and restarts.</summary>
public sealed class OwnServingTests
{
    [Fact]
    public async Task It_is_a_leaf_of_the_mesh_for_servers_alone_with_the_servers_names()
    {
        await using MtlsHost host = await StartAsync();
        Anchor root = Assert.Single((await AnchorsAsync(host)).Anchors);

        using X509Certificate2 shown = await ShakeHandsAsync(host.XdsPort, await PemAsync(host));

        Assert.True(shown.MatchesHostname("localhost"));
        Assert.True(shown.MatchesHostname("127.0.0.1"));
        string names = shown.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().Format(multiLine: false);
        Assert.Contains("spiffe://example.org/sds-server", names, StringComparison.Ordinal);
        Assert.Equal(["1.3.6.1.5.5.7.3.1"], shown.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<System.Security.Cryptography.Oid>().Select(use => use.Value));
        Assert.InRange(shown.NotAfter.ToUniversalTime(), DateTime.UnixEpoch, TimeProvider.System.GetUtcNow().AddHours(24).UtcDateTime);
        OwnServing serving = (await TrustAsync(host)).Serving;
        Assert.Equal((root.RootId, "", false, 0), (serving.RootId, serving.NextRootId, serving.Waits, serving.MissingCount));
        Assert.Equal(shown.NotAfter.ToUniversalTime(), serving.NotAfter.ToDateTime());
    }

    [Fact]
    public async Task It_moves_with_the_rotation_and_no_link_is_lost_by_proxies_that_say_what_their_anchors_are()
    {
        await using MtlsHost host = await StartAsync();
        string next = await NewRootAsync(host);
        GetAnchorsResponse both = await AnchorsAsync(host);
        Assert.Equal(2, both.Anchors.Count);
        await using AnchoredProxy proxy = await AnchoredProxy.StartAsync(host, "web", both.Pem, Stating(both));

        await RotateAsync(host, next);
        await UntilAsync(host, "the rotation to end", trust => trust.Phase == Phase.Steady && trust.Bundle.Count == 1 && trust.Signer == next);

        Assert.Equal(next, (await TrustAsync(host)).Serving.Authority);
        await UntilShownAsync(host, both.Anchors[1]);
        Assert.False(proxy.Ended.IsCompleted);
        using X509Certificate2 shown = await ShakeHandsAsync(host.XdsPort, Only(both, 1));
        await Assert.ThrowsAsync<AuthenticationException>(() => ShakeHandsAsync(host.XdsPort, Only(both, 0)));
    }

    [Fact]
    public async Task Who_knows_only_the_old_root_connects_until_it_is_passed_over_by_name()
    {
        await using MtlsHost host = await StartAsync();
        string old = await PemAsync(host);
        await using AnchoredProxy proxy = await AnchoredProxy.StartAsync(host, "old-anchors", old);
        string next = await NewRootAsync(host);

        Rotation rotation = await RotateAsync(host, next);
        await UntilAsync(host, "the certificate to wait", trust => trust.Serving.Waits);
        Blocker blocker = Assert.Single((await BlockedAsync(host, rotation)).Blockers);
        Assert.Equal((BlockerReason.MissingAnchor, "old-anchors", true), (blocker.Reason, blocker.NodeId, blocker.Overridable));
        Assert.Equal("old-anchors", Assert.Single((await TrustAsync(host)).Serving.Missing).NodeId);
        using (await ShakeHandsAsync(host.XdsPort, old))
        {
        }

        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => AdvanceAsync(host, rotation));
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        await AdvanceAsync(host, rotation, blocker.Subject);
        await UntilShownAsync(host, (await AnchorsAsync(host)).Anchors[^1]);

        await Assert.ThrowsAsync<AuthenticationException>(() => ShakeHandsAsync(host.XdsPort, old));
        Assert.False(proxy.Ended.IsCompleted, "a connection that stands is not cut");
    }

    [Fact]
    public async Task An_operators_word_opens_the_gate_and_stands_in_the_log()
    {
        await using MtlsHost host = await StartAsync();
        await using AnchoredProxy proxy = await AnchoredProxy.StartAsync(host, "confirmed", await PemAsync(host), Value.ForList(Value.ForString("not a digest")));
        string next = await NewRootAsync(host);
        await RotateAsync(host, next);
        TrustDomain waiting = await UntilAsync(host, "the certificate to wait", trust => trust.Serving.Waits);
        string instance = Assert.Single(waiting.Serving.Missing).Instance;

        RpcException stale = await Assert.ThrowsAsync<RpcException>(() => ConfirmAsync(host, instance, waiting.Epoch - 1));
        Assert.Equal(StatusCode.Aborted, stale.StatusCode);
        await ConfirmAsync(host, instance, waiting.Epoch);
        await UntilAsync(host, "the rotation to end", trust => trust.Phase == Phase.Steady && trust.Signer == next && trust.Serving.Authority == next);

        IReadOnlyList<AuditEntry> log = (await host.Admin.UnaryAsync(
            new GrpcMethod<ListAuditEntriesRequest, ListAuditEntriesResponse>(AuditService.Descriptor, "ListAuditEntries"), new ListAuditEntriesRequest { Parent = MtlsHost.Domain }, new CallOptions(Timeout: MtlsHost.Limit))).AuditEntries;
        Assert.Contains(log, entry => entry.Action == "ConfirmAnchors" && entry.Resource == instance && entry.Outcome == AuditOutcome.Done);
        Assert.Contains(log, entry => entry.Action == "ConfirmAnchors" && entry.Outcome == AuditOutcome.Refused);
        Assert.Contains(log, entry => entry.Action == "ConfirmAnchors" && entry.Reason.Contains($"certificate is under '{next.Split('/')[^1]}'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_is_killed_serves_under_the_same_root_and_still_waits_for_the_same_proxy()
    {
        SimulatedDisk disk = new();
        string old, missing;
        await using (MtlsHost host = await StartAsync(disk: disk))
        {
            old = await PemAsync(host);
            await using AnchoredProxy proxy = await AnchoredProxy.StartAsync(host, "old-anchors", old);
            await RotateAsync(host, await NewRootAsync(host));
            missing = Assert.Single((await UntilAsync(host, "the certificate to wait", trust => trust.Serving.Waits)).Serving.Missing).Instance;
        }

        await using MtlsHost again = await StartAsync(disk: disk);
        using X509Certificate2 shown = await ShakeHandsAsync(again.XdsPort, old);
        TrustDomain trust = await TrustAsync(again);
        Assert.True(trust.Serving.Waits);
        Assert.Equal(missing, Assert.Single(trust.Serving.Missing).Instance);
        Assert.Equal(2, trust.Bundle.Count);
    }

    // It cannot come back: what its handshake showed counts, not what the state says when its first stream comes.
    [Fact]
    public async Task Who_shook_hands_before_the_move_and_asks_after_it_is_known_to_be_left_behind()
    {
        await using MtlsHost host = await StartAsync();
        GrpcChannel before = await AnchoredProxy.ConnectAsync(host, await PemAsync(host));
        string next = await NewRootAsync(host);
        await RotateAsync(host, next);
        await UntilAsync(host, "the rotation to end", trust => trust.Phase == Phase.Steady && trust.Serving.Authority == next);
        Assert.False(await LeavesBehindAsync());

        string root = (await TrustAsync(host)).Serving.RootId;
        await UntilShownAsync(host, (await AnchorsAsync(host)).Anchors.Single(anchor => anchor.RootId == root));
        await using AnchoredProxy knowsIt = await AnchoredProxy.StartAsync(host, "web", await PemAsync(host));
        await NewRootAsync(host);
        Assert.False(await LeavesBehindAsync());

        await using AnchoredProxy late = await AnchoredProxy.StartAsync(host, "late", before);
        await NewRootAsync(host);
        Assert.True(await LeavesBehindAsync());

        Task<bool> LeavesBehindAsync() => host.Loop.ReadAsync(engine => engine.State.Serving!.LeavesBehind, default);
    }

    [Fact]
    public async Task A_stolen_root_is_left_at_once()
    {
        await using MtlsHost host = await StartAsync();
        string stolen = await PemAsync(host);
        await using AnchoredProxy proxy = await AnchoredProxy.StartAsync(host, "old-anchors", stolen);
        TrustDomain before = await TrustAsync(host);
        string next = await NewRootAsync(host);

        await StartRotationAsync(host, new StartRotationRequest
        {
            Parent = MtlsHost.Domain, ExpectedRevision = (await TrustAsync(host)).Revision, RequestId = "stolen", Kind = RotationKind.Emergency,
            CompromisedAuthority = before.Signer, ToAuthority = next, Reason = "stolen",
        });

        Assert.Equal(next, (await TrustAsync(host)).Serving.Authority);
        GetAnchorsResponse anchors = await AnchorsAsync(host);
        await UntilShownAsync(host, Assert.Single(anchors.Anchors));
        await Assert.ThrowsAsync<AuthenticationException>(() => ShakeHandsAsync(host.XdsPort, stolen));
        Assert.DoesNotContain(stolen.Trim(), anchors.Pem, StringComparison.Ordinal);
        Assert.Contains(host.Log.Lines, line => line.Text.Contains("lose their link", StringComparison.Ordinal) && line.Text.Contains("old-anchors", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nobody_is_given_a_leaf_with_the_servers_own_names()
    {
        await using MtlsHost host = await StartAsync();
        string pem = await PemAsync(host);

        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => AnchoredProxy.StartAsync(host, "sds-server", pem));

        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
        Assert.Empty(await host.Loop.ReadAsync(engine => engine.Instances(), default));
    }

    [Fact]
    public async Task Operators_over_TCP_are_served_with_it_too()
    {
        await using MtlsHost host = await StartAsync((options, directory) =>
        {
            options.Admin.Tcp = "127.0.0.1:0";
            options.Admin.TrustMesh = true;
            options.Admin.Roles.Add(new() { SpiffeId = "spiffe://example.org/ops/alice", Role = "viewer" });
        });

        // What follows is refused without an operator's certificate; this side has looked at the server's by then.
        using X509Certificate2 shown = await ShakeHandsAsync(host.AdminPort, await PemAsync(host));
        Assert.True(shown.MatchesHostname("localhost"));
    }

    [Fact]
    public async Task The_anchors_file_follows_the_bundle_and_is_replaced_in_one_step()
    {
        using TemporaryDirectory directory = new("anchors");
        string path = directory.PathOf("anchors.pem");
        await using MtlsHost host = await StartAsync((options, _) => options.Xds.AnchorsFile = path);
        Assert.Equal(await PemAsync(host), await File.ReadAllTextAsync(path));
        using FileStream reader = File.OpenRead(path);

        await NewRootAsync(host);
        string both = await PemAsync(host);
        await Condition.AwaitAsync("the file to follow", MtlsHost.Limit, async token => await File.ReadAllTextAsync(path, token) == both);

        // Whoever had it open has the old one, whole.
        using StreamReader text = new(reader);
        Assert.Equal(1, (await text.ReadToEndAsync()).Split("BEGIN CERTIFICATE").Length - 1);
        Assert.Equal(2, both.Split("BEGIN CERTIFICATE").Length - 1);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead, File.GetUnixFileMode(path));
        Assert.Equal([path], Directory.GetFiles(directory.Path));
    }

    private static Task<MtlsHost> StartAsync(Action<ServerOptions, TemporaryDirectory>? change = null, SimulatedDisk? disk = null) => MtlsHost.StartAsync(
        (options, directory) =>
        {
            (options.Xds.CertificateFile, options.Xds.KeyFile) = (null, null);
            options.Xds.ServingNames.AddRange(["localhost", "127.0.0.1"]);
            change?.Invoke(options, directory);
        },
        disk: disk);

    private static Task<TResponse> CallAsync<TRequest, TResponse>(MtlsHost host, Google.Protobuf.Reflection.ServiceDescriptor service, string method, TRequest request)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>, new()
        where TResponse : class, Google.Protobuf.IMessage<TResponse>, new() =>
        host.Admin.UnaryAsync(new GrpcMethod<TRequest, TResponse>(service, method), request, new CallOptions(Timeout: MtlsHost.Limit));

    private static Task<TrustDomain> TrustAsync(MtlsHost host) =>
        CallAsync<GetTrustDomainRequest, TrustDomain>(host, TrustDomainService.Descriptor, "GetTrustDomain", new GetTrustDomainRequest { Name = MtlsHost.Domain });

    private static Task<GetAnchorsResponse> AnchorsAsync(MtlsHost host) =>
        CallAsync<GetAnchorsRequest, GetAnchorsResponse>(host, TrustDomainService.Descriptor, "GetAnchors", new GetAnchorsRequest { Name = MtlsHost.Domain });

    private static async Task<string> PemAsync(MtlsHost host) => (await AnchorsAsync(host)).Pem;

    private static async Task<string> NewRootAsync(MtlsHost host) => (await CallAsync<CreateAuthorityRequest, Authority>(
        host, AuthorityService.Descriptor, "CreateAuthority", new CreateAuthorityRequest { Parent = MtlsHost.Domain, ExpectedRevision = (await TrustAsync(host)).Revision, BuiltInRoot = new NewAuthority(), Reason = "next" })).Name;

    private static Task<StartRotationResponse> StartRotationAsync(MtlsHost host, StartRotationRequest request) =>
        CallAsync<StartRotationRequest, StartRotationResponse>(host, RotationService.Descriptor, "StartRotation", request);

    private static async Task<Rotation> RotateAsync(MtlsHost host, string to) => (await StartRotationAsync(host, new StartRotationRequest
    {
        Parent = MtlsHost.Domain, ExpectedRevision = (await TrustAsync(host)).Revision, RequestId = "next", Kind = RotationKind.Planned, ToAuthority = to, Reason = "test",
    })).Rotation;

    private static async Task<Refusal> BlockedAsync(MtlsHost host, Rotation rotation)
    {
        Refusal? refusal = null;
        await Condition.AwaitAsync("the gate to name who blocks", MtlsHost.Limit, async _ => (refusal = (await CallAsync<GetRotationRequest, Rotation>(
            host, RotationService.Descriptor, "GetRotation", new GetRotationRequest { Name = rotation.Name })).Gate.Refusal) is { Blockers.Count: 1 });
        return refusal!;
    }

    private static async Task AdvanceAsync(MtlsHost host, Rotation rotation, params string[] over)
    {
        AdvanceRotationRequest request = new() { Name = rotation.Name, ExpectedRevision = (await TrustAsync(host)).Revision, Gate = GateCode.G3DropTrust, Reason = "test" };
        if (over.Length > 0)
        {
            request.Override = new GateOverride { Blockers = { over } };
        }

        await CallAsync<AdvanceRotationRequest, Rotation>(host, RotationService.Descriptor, "AdvanceRotation", request);
    }

    private static Task<Instance> ConfirmAsync(MtlsHost host, string instance, long epoch) => CallAsync<ConfirmAnchorsRequest, Instance>(
        host, FleetService.Descriptor, "ConfirmAnchors", new ConfirmAnchorsRequest { Name = instance, Epoch = epoch, Reason = "looked" });

    private static async Task<TrustDomain> UntilAsync(MtlsHost host, string what, Func<TrustDomain, bool> condition)
    {
        TrustDomain? trust = null;
        await Condition.AwaitAsync(what, MtlsHost.Limit, async _ => condition(trust = await TrustAsync(host)), () => $"{trust}");
        return trust!;
    }

    private static Value Stating(GetAnchorsResponse anchors) => Value.ForList([.. anchors.Anchors.Select(anchor => Value.ForString(anchor.Sha256))]);

    private static string Only(GetAnchorsResponse anchors, int index)
    {
        X509Certificate2Collection all = [];
        all.ImportFromPem(anchors.Pem);
        return all[index].ExportCertificatePem();
    }

    // The engine has decided; the next certificate is signed beside it.
    private static async Task UntilShownAsync(MtlsHost host, Anchor under)
    {
        GetAnchorsResponse anchors = await AnchorsAsync(host);
        X509Certificate2Collection all = [];
        all.ImportFromPem(anchors.Pem);
        string pem = all.Single(root => root.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256).Equals(under.Sha256, StringComparison.OrdinalIgnoreCase)).ExportCertificatePem();
        await Condition.AwaitAsync("the new certificate to be shown", MtlsHost.Limit, async _ =>
        {
            try
            {
                using X509Certificate2 shown = await ShakeHandsAsync(host.XdsPort, pem);
                return true;
            }
            catch (AuthenticationException)
            {
                return false;
            }
        });
    }

    /// <summary>A full handshake by whoever knows the server by these roots and the name localhost.</summary>
    /// <returns>What the server has shown.</returns>
    private static async Task<X509Certificate2> ShakeHandsAsync(int port, string anchorsPem)
    {
        X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(anchorsPem);
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await using SslStream tls = new(client.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = policy, ApplicationProtocols = [SslApplicationProtocol.Http2] });
        return X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.GetRawCertData());
    }
}
