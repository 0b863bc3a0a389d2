using Google.Protobuf;
using SdsServer.Benchmarks.Envoys;
using SdsServer.Benchmarks.Http2;
using SdsServer.Benchmarks.Servers;
using SdsServer.Protos.Envoy.Discovery.V3;

namespace SdsServer.Benchmarks.Load;

/// <summary>Proves that the generator sends what it claims to send, with the generated messages as judge and the real server as peer.</summary>
internal static class SelfCheck
{
    public static async Task<int> RunAsync(Options options)
    {
        int failures = 0;
        foreach ((string name, Func<Task<bool>> check) in Checks(options))
        {
            bool passed = await check();
            failures += passed ? 0 : 1;
            Console.WriteLine($"{(passed ? "ok  " : "FAIL")} {name}");
        }

        return failures == 0 ? 0 : 1;
    }

    private static IEnumerable<(string Name, Func<Task<bool>> Check)> Checks(Options options)
    {
        RecordedEnvoy sotw = RecordedEnvoy.Load(XdsDialect.Sotw, options.Envoy), delta = RecordedEnvoy.Load(XdsDialect.Delta, options.Envoy);
        yield return ($"a patched request differs in its node id alone ({sotw.Source})", () => Task.FromResult(IsPatched(sotw)));
        yield return ($"a patched delta request differs in its node id alone ({delta.Source})", () => Task.FromResult(IsDeltaPatched(delta)));
        yield return ("an answer names version, nonce, secret and type", () => Task.FromResult(Accepts()));
        yield return ("messages survive every way they may be cut", () => Task.FromResult(Reassembles()));
        yield return ("a sender keeps within both windows", () => Task.FromResult(KeepsWindows()));
        foreach (RecordedEnvoy envoy in (RecordedEnvoy[])[sotw, delta])
        {
            yield return ($"the server serves 20 Envoys over TCP, {envoy.Dialect.Name}", () => ServesAsync(envoy, server => server.Address, 1));
            yield return ($"the server serves 20 Envoys over a Unix socket, 10 to a connection, {envoy.Dialect.Name}", () => ServesAsync(envoy, server => server.Socket, 10));
        }
    }

    private static bool IsPatched(RecordedEnvoy envoy)
    {
        DiscoveryRequest one = DiscoveryRequest.Parser.ParseFrom(envoy.FirstRequest("default", "a"));
        DiscoveryRequest two = DiscoveryRequest.Parser.ParseFrom(envoy.FirstRequest("default", new string('b', 200)));
        bool ids = one.Node.Id == "a" && two.Node.Id == new string('b', 200) && one.ResourceNames is ["default"];
        two.Node.Id = "a";
        return ids && one.Equals(two);
    }

    private static bool IsDeltaPatched(RecordedEnvoy envoy)
    {
        DeltaDiscoveryRequest one = DeltaDiscoveryRequest.Parser.ParseFrom(envoy.FirstRequest("ROOTCA", "a"));
        DeltaDiscoveryRequest two = DeltaDiscoveryRequest.Parser.ParseFrom(envoy.FirstRequest("ROOTCA", "bb"));
        bool ids = one.Node.Id == "a" && two.Node.Id == "bb" && one.ResourceNamesSubscribe is ["ROOTCA"];
        two.Node.Id = "a";
        return ids && one.Equals(two);
    }

    private static bool Accepts()
    {
        DiscoveryResponse response = new() { VersionInfo = "v7", Nonce = "n9", TypeUrl = "t", Canary = true };
        response.Resources.Add(new Google.Protobuf.WellKnownTypes.Any { TypeUrl = "x", Value = ByteString.CopyFrom(new byte[5000]) });
        DiscoveryRequest answer = DiscoveryRequest.Parser.ParseFrom(XdsDialect.Sotw.Accept(response.ToByteArray(), "default"u8.ToArray()));
        DeltaDiscoveryRequest delta = DeltaDiscoveryRequest.Parser.ParseFrom(
            XdsDialect.Delta.Accept(new DeltaDiscoveryResponse { SystemVersionInfo = "v7", Nonce = "n9" }.ToByteArray(), []));
        return answer is { VersionInfo: "v7", ResponseNonce: "n9", ErrorDetail: null } && answer.ResourceNames is ["default"]
            && answer.TypeUrl.EndsWith(".Secret", StringComparison.Ordinal) && delta is { ResponseNonce: "n9", ErrorDetail: null };
    }

    private static bool Reassembles()
    {
        byte[] wire = [0, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9];
        for (int first = 0; first <= wire.Length; first++)
        {
            for (int second = first; second <= wire.Length; second++)
            {
                List<string> messages = [];
                Http2Stream stream = new(1, 0, message =>
                {
                    messages.Add(Convert.ToHexString(message));
                    return null;
                });
                stream.Receive(wire.AsSpan(..first));
                stream.Receive(wire.AsSpan(first..second));
                stream.Receive(wire.AsSpan(second..));
                if (messages is not ["010203", "", "09"])
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static bool KeepsWindows()
    {
        FrameBuffer output = new();
        Http2Stream stream = new(1, 20_000, _ => null);
        stream.Enqueue(new byte[40_000]);
        bool byStream = stream.Flush(output, 100_000) == 20_000;
        stream.SendWindow += 100_000;
        bool byConnection = stream.Flush(output, 5_000) == 5_000 && stream.HasWaiting;
        return byStream && byConnection && stream.Flush(output, 100_000) == 15_005 && !stream.HasWaiting;
    }

    private static async Task<bool> ServesAsync(RecordedEnvoy envoy, Func<SdsServerProcess, System.Net.EndPoint> address, int perConnection)
    {
        await using SdsServerProcess server = await SdsServerProcess.StartAsync();
        using Swarm swarm = await Swarm.ConnectAsync(new SwarmOptions(address(server), envoy)
        {
            Envoys = 20,
            Secrets = ["default", "ROOTCA"],
            EnvoysPerConnection = perConnection,
        });
        return swarm.Received == 40 && swarm.Streams.All(stream => stream.Ended is null);
    }
}
