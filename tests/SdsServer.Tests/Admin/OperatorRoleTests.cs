using System.Reflection;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using SdsServer.Admin;
using SdsServer.Admin.Operators;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;
using SdsServer.Protos.Envoy.Status.V3;
using SdsServer.Testing;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Identity.X509;
using SdsServer.Tests.Enrolment;
using SdsServer.Xds;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Tests.Admin;

/// <summary>The admin API over TCP: each role on each call, over real mTLS, and who comes no further than the handshake.</summary>
public sealed class OperatorRoleTests
{
    private readonly Forged _authority = Forged.Authority("CN=Operators CA");

    public static TheoryData<string> Roles => ["viewer", "operator", "admin", "nobody"];

    [Fact]
    public void Every_call_of_the_api_has_a_least_role_and_nothing_else_has()
    {
        string[] calls = [.. Calls().Select(PathOf)];

        Assert.Equal(calls.Order(StringComparer.Ordinal), LeastRoles.Paths.Order(StringComparer.Ordinal));
        Assert.True(calls.Length > 30);
        Assert.DoesNotContain(calls, call => LeastRoles.Of(call) is null or OperatorRole.None);
    }

    [Fact]
    public void What_only_looks_is_a_viewers_and_what_changes_something_is_not()
    {
        foreach (MethodDescriptor call in Calls().Where(call => call.Service.File.Package == "sdsserver.admin.v1"))
        {
            bool looks = new[] { "List", "Get", "Watch", "Verify", "Export" }.Any(verb => call.Name.StartsWith(verb, StringComparison.Ordinal));
            Assert.Equal(looks, LeastRoles.Of(PathOf(call)) == OperatorRole.Viewer);
        }
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_role_may_do_what_is_its_own_and_nothing_more(string role)
    {
        await using MtlsHost host = await StartAsync();
        using GrpcChannel channel = host.ConnectAdmin(Certificate(role).Make());
        OperatorRole held = Enum.TryParse(role, ignoreCase: true, out OperatorRole known) ? known : OperatorRole.None;
        List<string> denied = [];
        foreach (MethodDescriptor call in Calls())
        {
            OperatorRole least = LeastRoles.Of(PathOf(call))!.Value;
            RpcException? error = await CallAsync(channel, call);

            Assert.True((error?.StatusCode == StatusCode.PermissionDenied) == held < least, $"{role} called {PathOf(call)}: {error}");
            if (held < least && least > OperatorRole.Viewer)
            {
                denied.Add(call.Name);
            }
        }

        // What would have changed something is in the log, with the caller's name.
        string[] logged = [.. (await host.Store.ReadLogAsync(MtlsHost.TrustDomain, 0, 1000, default)).Where(line => line.Outcome == "Denied").Select(line => $"{line.Actor} {line.Kind}")];
        Assert.Equal(denied.Select(name => $"x509:spiffe://corp.example/ops/{role} {(name == "SetAuthorityRole" ? "SetRole" : name)}").Order(), logged.Order());
    }

    // The log has one writer, which the ledger of leaves needs too.
    [Fact]
    public async Task Who_may_nothing_and_tries_all_the_time_does_not_fill_the_log()
    {
        await using MtlsHost host = await StartAsync();
        using GrpcChannel nobody = host.ConnectAdmin(Certificate("nobody").Make());
        MethodDescriptor retire = Calls().Single(call => call.Name == "RetireInstance");
        for (int call = 0; call < 130; call++)
        {
            Assert.Equal(StatusCode.PermissionDenied, (await CallAsync(nobody, retire))?.StatusCode);
        }

        Assert.InRange((await host.Store.ReadLogAsync(MtlsHost.TrustDomain, 0, 1000, default)).Count(line => line.Outcome == "Denied"), 100, 125);
    }

    [Fact]
    public async Task An_operator_may_not_ask_for_what_an_admin_must()
    {
        await using MtlsHost host = await StartAsync();
        using GrpcChannel @operator = host.ConnectAdmin(Certificate("operator").Make());
        GrpcMethod<StartRotationRequest, StartRotationResponse> start = new(RotationService.Descriptor, "StartRotation");
        GrpcMethod<AdvanceRotationRequest, Rotation> advance = new(RotationService.Descriptor, "AdvanceRotation");

        foreach (StartRotationRequest request in new StartRotationRequest[]
        {
            new() { Kind = RotationKind.Emergency },
            new() { Policy = new RotationPolicy { DropGate = new GatePolicy { Kind = GateKind.Time } } },
            new() { Policy = new RotationPolicy { WaveGate = new GatePolicy { Kind = GateKind.Time } } },
            new() { Policy = new RotationPolicy { TrustGate = new GatePolicy { Kind = GateKind.Time } } },
            new() { Policy = new RotationPolicy { ForceAtDeadlines = true } },
        })
        {
            await ErrorDetails.FailsAsync(@operator.UnaryAsync(start, request, Options), StatusCode.PermissionDenied, "NOT_ALLOWED");
        }

        await ErrorDetails.FailsAsync(
            @operator.UnaryAsync(advance, new AdvanceRotationRequest { Override = new GateOverride() }, Options), StatusCode.PermissionDenied, "NOT_ALLOWED");
        await ErrorDetails.FailsAsync(@operator.UnaryAsync(start, new StartRotationRequest(), Options), StatusCode.InvalidArgument, "INVALID_REQUEST");
    }

    [Fact]
    public async Task Who_has_several_roles_has_the_highest_and_names_are_compared_whole()
    {
        await using MtlsHost host = await StartAsync(roles =>
        {
            roles.Add(new OperatorRuleOptions { SpiffeIdPrefix = "spiffe://corp.example/ops/", Role = "viewer" });
            roles.Add(new OperatorRuleOptions { Subject = "CN=alice,O=Corp", Role = "admin" });
        });
        GrpcMethod<DeleteTokenRequest, DeleteTokenResponse> delete = new(TokenService.Descriptor, "DeleteToken");
        GrpcMethod<ListTokensRequest, ListTokensResponse> list = new(TokenService.Descriptor, "ListTokens");

        Assert.Equal(StatusCode.NotFound, await DeleteAsync(Certificate("admin")));
        Assert.Equal(StatusCode.NotFound, await DeleteAsync(_authority.Leaf() with { Subject = "CN=alice,O=Corp" }));
        Assert.Equal(StatusCode.PermissionDenied, await DeleteAsync(_authority.Leaf() with { Subject = "CN=alice,O=Other" }));
        Assert.Equal(StatusCode.PermissionDenied, await DeleteAsync(_authority.Leaf() with { Subject = "CN=alice" }));
        Assert.Equal(StatusCode.PermissionDenied, await DeleteAsync(_authority.Leaf("spiffe://corp.example/ops/admin/more")));
        Assert.Equal(StatusCode.PermissionDenied, await DeleteAsync(_authority.Leaf("spiffe://corp.example/ops/admin", "spiffe://corp.example/ops/x")));
        using GrpcChannel someone = host.ConnectAdmin(_authority.Leaf("spiffe://corp.example/ops/someone").Make());
        await someone.UnaryAsync(list, new ListTokensRequest { Parent = MtlsHost.Domain }, Options);
        using GrpcChannel beside = host.ConnectAdmin(_authority.Leaf("spiffe://corp.example/opsx").Make());
        await ErrorDetails.FailsAsync(beside.UnaryAsync(list, new ListTokensRequest { Parent = MtlsHost.Domain }, Options), StatusCode.PermissionDenied, "NOT_ALLOWED");

        async Task<StatusCode> DeleteAsync(Forged certificate)
        {
            using GrpcChannel channel = host.ConnectAdmin(certificate.Make());
            return (await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync(delete, new DeleteTokenRequest { Name = $"{MtlsHost.Domain}/tokens/none" }, Options))).StatusCode;
        }
    }

    [Fact]
    public async Task Nobody_without_a_certificate_of_an_operator_comes_past_the_handshake()
    {
        await using MtlsHost host = await StartAsync();
        Forged root = await host.MeshRootAsync();
        EnrolClient client = new(host);
        using X509Certificate2 enrolled = client.Show(await client.EnrolAsync(await host.TokenAsync("spiffe://example.org/ops/admin", uses: 1)));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Dictionary<string, X509Certificate2?> strangers = new()
        {
            ["nothing"] = null,
            ["a certificate of enrolment"] = enrolled,
            ["a leaf of the mesh, which is not trusted here"] = root.Leaf("spiffe://corp.example/ops/admin").Make(),
            ["self-signed"] = new Forged { Uris = ["spiffe://corp.example/ops/admin"] }.Make(),
            ["another authority of the same name"] = Forged.Authority("CN=Operators CA").Leaf("spiffe://corp.example/ops/admin").Make(),
            ["an expired one"] = (Certificate("admin") with { NotBefore = now.AddHours(-2), NotAfter = now.AddSeconds(-1) }).Make(),
            ["one that is not valid yet"] = (Certificate("admin") with { NotBefore = now.AddMinutes(5) }).Make(),
            ["one for servers"] = (Certificate("admin") with { ExtendedKeyUsage = ["1.3.6.1.5.5.7.3.1"] }).Make(),
            ["CA:TRUE"] = (Certificate("admin") with { IsAuthority = true, KeyUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign }).Make(),
            ["the authority itself"] = _authority.Make(),
        };
        foreach ((string who, X509Certificate2? certificate) in strangers)
        {
            using GrpcChannel channel = host.ConnectAdmin(certificate);
            RpcException? error = await CallAsync(channel, Calls().First());
            Assert.True(error?.StatusCode == StatusCode.Unavailable, $"{who}: {error}");
        }

        Assert.Contains(host.Log.Lines, line => line.Id == 6101 && line.Text.Contains("as an operator", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_proxies_port_knows_no_admin_api_whoever_asks()
    {
        await using MtlsHost host = await StartAsync();
        using GrpcChannel channel = host.Connect(Certificate("admin").Make());
        foreach (MethodDescriptor call in Calls())
        {
            Assert.Equal(StatusCode.Unimplemented, (await CallAsync(channel, call))?.StatusCode);
        }
    }

    [Fact]
    public async Task Leaves_of_the_mesh_are_operators_where_that_is_set_and_their_root_is_not_tainted()
    {
        await using MtlsHost host = await StartAsync(roles => roles.Add(new OperatorRuleOptions { SpiffeId = "spiffe://example.org/ops/alice", Role = "admin" }), trustMesh: true);
        Forged root = await host.MeshRootAsync();
        using GrpcChannel alice = host.ConnectAdmin(root.Leaf("spiffe://example.org/ops/alice").Make());
        using GrpcChannel workload = host.ConnectAdmin(root.Leaf(MtlsHost.Web).Make());
        GrpcMethod<WatchTrustDomainRequest, WatchTrustDomainResponse> watch = new(TrustDomainService.Descriptor, "WatchTrustDomain");
        await using ClientCall<WatchTrustDomainRequest, WatchTrustDomainResponse> watching = await alice.ServerStreamingAsync(watch, new WatchTrustDomainRequest { Name = MtlsHost.Domain }, Options);
        Assert.NotNull(await watching.ReadAsync());
        Assert.Equal(StatusCode.PermissionDenied, (await CallAsync(workload, Calls().First()))?.StatusCode);

        StartRotationRequest emergency = new()
        {
            Parent = MtlsHost.Domain, ExpectedRevision = (await host.Loop.ReadAsync(engine => engine.State, default)).Decisions, RequestId = "e1",
            Kind = RotationKind.Emergency, NewAuthority = new NewAuthority(), Reason = "stolen",
        };
        await host.Admin.UnaryAsync(new GrpcMethod<StartRotationRequest, StartRotationResponse>(RotationService.Descriptor, "StartRotation"), emergency, Options);

        await EndsAsync(watching);
        using GrpcChannel again = host.ConnectAdmin(root.Leaf("spiffe://example.org/ops/alice").Make());
        Assert.Equal(StatusCode.Unavailable, (await CallAsync(again, Calls().First()))?.StatusCode);
    }

    [Fact]
    public async Task A_watch_ends_with_the_certificate_it_was_opened_by()
    {
        await using MtlsHost host = await StartAsync();
        using GrpcChannel channel = host.ConnectAdmin((Certificate("viewer") with { NotAfter = TimeProvider.System.GetUtcNow().AddSeconds(4) }).Make());
        GrpcMethod<WatchTrustDomainRequest, WatchTrustDomainResponse> watch = new(TrustDomainService.Descriptor, "WatchTrustDomain");
        await using ClientCall<WatchTrustDomainRequest, WatchTrustDomainResponse> watching = await channel.ServerStreamingAsync(watch, new WatchTrustDomainRequest { Name = MtlsHost.Domain }, Options);
        Assert.NotNull(await watching.ReadAsync());

        await EndsAsync(watching);
    }

    [RealProgramFact("grpcurl")]
    public async Task Grpcurl_is_let_in_by_role()
    {
        await using MtlsHost host = await StartAsync();
        Forged viewer = Certificate("viewer");
        string certificate = await host.PathOfAsync("viewer.crt", viewer.Pem());
        string key = await host.PathOfAsync("viewer.key", viewer.Key.ExportPkcs8PrivateKeyPem());

        (int listed, string tokens) = await RunAsync("-d", $$"""{"parent":"{{MtlsHost.Domain}}"}""", $"localhost:{host.AdminPort}", "sdsserver.admin.v1.TokenService/ListTokens");
        (int made, string denied) = await RunAsync("-d", $$"""{"parent":"{{MtlsHost.Domain}}"}""", $"localhost:{host.AdminPort}", "sdsserver.admin.v1.TokenService/CreateToken");

        Assert.True(listed == 0, tokens);
        Assert.NotEqual(0, made);
        Assert.Contains("PermissionDenied", denied, StringComparison.Ordinal);
        Assert.Contains("x509:spiffe://corp.example/ops/viewer has viewer", denied, StringComparison.Ordinal);

        Task<(int ExitCode, string Output)> RunAsync(params string[] arguments) =>
            RealProgram.RunAsync("grpcurl", ["-insecure", "-cert", certificate, "-key", key, .. arguments], MtlsHost.Limit);
    }

    private static CallOptions Options => new(Timeout: MtlsHost.Limit);

    /// <summary>Every call there is on the operators' listener but reflection and health, which tell nothing.</summary>
    private static IEnumerable<MethodDescriptor> Calls() => typeof(Rotation).Assembly.GetTypes()
        .Where(type => type.Namespace == "SdsServer.Protos.Admin.V1" && type.Name.EndsWith("Reflection", StringComparison.Ordinal))
        .Select(type => (FileDescriptor)type.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!)
        .Append(CsdsReflection.Descriptor)
        .SelectMany(file => file.Services)
        .SelectMany(service => service.Methods);

    private static string PathOf(MethodDescriptor call) => $"/{call.Service.FullName}/{call.Name}";

    /// <summary>Makes a call with an empty request. How it ended; null for well.</summary>
    private static Task<RpcException?> CallAsync(GrpcChannel channel, MethodDescriptor call) =>
        (Task<RpcException?>)typeof(OperatorRoleTests).GetMethod(nameof(CallTypedAsync), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(call.InputType.ClrType, call.OutputType.ClrType).Invoke(null, [channel, call])!;

    private static async Task<RpcException?> CallTypedAsync<TRequest, TResponse>(GrpcChannel channel, MethodDescriptor call)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        try
        {
            await using ClientCall<TRequest, TResponse> started = channel.Start(new GrpcMethod<TRequest, TResponse>(call.Service, call.Name), Options);
            await started.WriteAsync(new TRequest());
            started.Complete();

            // The first answer of a watch suffices: nobody is let in half.
            await started.ReadAsync();
            return null;
        }
        catch (RpcException error)
        {
            return error;
        }
    }

    /// <summary>The connection goes, long before the call's own time is over.</summary>
    private static async Task EndsAsync(ClientCall<WatchTrustDomainRequest, WatchTrustDomainResponse> watching) =>
        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await watching.ReadAsync() is not null)
            {
            }
        })).StatusCode);

    private Forged Certificate(string role) => _authority.Leaf($"spiffe://corp.example/ops/{role}");

    private Task<MtlsHost> StartAsync(Action<List<OperatorRuleOptions>>? change = null, bool trustMesh = false) => MtlsHost.StartAsync((options, directory) =>
    {
        File.WriteAllText(directory.PathOf("operators.crt"), _authority.Pem());
        options.Admin.Tcp = "127.0.0.1:0";
        options.Admin.ClientCaFile = directory.PathOf("operators.crt");
        options.Admin.TrustMesh = trustMesh;
        foreach (string role in new[] { "viewer", "operator", "admin" })
        {
            options.Admin.Roles.Add(new OperatorRuleOptions { SpiffeId = $"spiffe://corp.example/ops/{role}", Role = role });
        }

        change?.Invoke(options.Admin.Roles);
    });
}
