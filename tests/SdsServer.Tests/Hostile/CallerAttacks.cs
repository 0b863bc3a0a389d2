using System.Globalization;
using SdsServer.Protos.Envoy.Discovery.V3;

namespace SdsServer.Tests.Hostile;

/// <summary>Every hostile manner, by name.</summary>
internal static class CallerAttacks
{
    // In two seconds, with a budget of four leaves.
    private const int Many = 12;

    public static IReadOnlyDictionary<string, CallerAttack> All { get; } = new Dictionary<string, CallerAttack>
    {
        ["lies: takes bundles that it never applies"] = new(
            async attacker => (await attacker.JoinAsync()).OnBundle = (stream, response) =>
            {
                attacker.Act();
                return [WireStream.Ack(stream, response)];
            },
            CallerAttack.Nothing),

        ["lies: accepts before it has received"] = new(
            async attacker => (await attacker.JoinAsync()).OnBundle = attacker.Ignore,
            async attacker =>
            {
                // Nonces count up, so the next ones are easily guessed; and members share their bundle's bytes, so others know the version.
                // A guess that comes while that bundle is on its way would be its ACK: then it lies for itself, as those do that apply nothing.
                WireStream bundle = attacker.First.Bundle!;
                DiscoveryResponse[] got = bundle.Got;
                string version = attacker.Victim.BundleVersion;
                if (got[^1].VersionInfo != version)
                {
                    return;
                }

                attacker.Act();
                string seen = got[0].Nonce;
                for (int next = got.Length + 1; next < got.Length + 8; next++)
                {
                    await bundle.SendAsync(Accept(bundle, string.Create(CultureInfo.InvariantCulture, $"{seen[..seen.LastIndexOf('-')]}-{next}"), version));
                }
            })
        { StandsInTheWay = true, NeedsVersion = true },

        ["lies: accepts with a stale nonce"] = new(
            async attacker => (await attacker.JoinAsync()).OnBundle = (stream, response) =>
            {
                attacker.Act();
                return [Accept(stream, stream.Got[0].Nonce, response.VersionInfo)];
            },
            CallerAttack.Nothing)
        { StandsInTheWay = true },

        ["lies: accepts with another version"] = new(
            async attacker => (await attacker.JoinAsync()).OnBundle = (stream, response) =>
            {
                attacker.Act();
                return [Accept(stream, response.Nonce, stream.Got[0].VersionInfo)];
            },
            CallerAttack.Nothing)
        { StandsInTheWay = true, NeedsVersion = true },

        ["lies: reports bundles that it never got when it comes back"] = new(
            async attacker => (await attacker.JoinAsync()).OnBundle = attacker.Ignore,
            async attacker => await ComeBackAsync(attacker, attacker.First.Leaf!.Got[^1].VersionInfo)) { StandsInTheWay = true },

        ["lies: reports the leaf of another workload"] = new(
            async attacker => (await attacker.JoinAsync()).OnBundle = attacker.Ignore,
            async attacker => await ComeBackAsync(attacker, $"l{attacker.Victim.Leaves[^1].Serial}")) { StandsInTheWay = true },

        ["lies: reports a leaf that nobody was issued"] = new(
            async attacker => (await attacker.JoinAsync()).OnBundle = attacker.Ignore,
            async attacker => await ComeBackAsync(attacker, $"l{Guid.NewGuid():N}")) { StandsInTheWay = true },

        ["silent: from the start"] = new(
            attacker =>
            {
                WireProxy process = attacker.Add();
                (process.OnBundle, process.OnLeaf) = (attacker.Ignore, attacker.Ignore);
                process.Start();
                return Task.CompletedTask;
            },
            CallerAttack.Nothing),

        ["silent: once it has a leaf"] = new(
            async attacker =>
            {
                WireProxy process = await attacker.JoinAsync();
                (process.OnBundle, process.OnLeaf) = (attacker.Ignore, attacker.Ignore);
            },
            CallerAttack.Nothing)
        { StandsInTheWay = true },

        ["silent: about its new leaf"] = new(
            async attacker => (await attacker.JoinAsync()).OnLeaf = attacker.Ignore,
            CallerAttack.Nothing),

        ["refuses everything for ever"] = new(
            async attacker =>
            {
                WireProxy process = await attacker.JoinAsync();
                (process.OnBundle, process.OnLeaf) = (attacker.Nack, attacker.Nack);
            },
            CallerAttack.Nothing)
        { StandsInTheWay = true },

        ["refuses its leaf as one new process after the other"] = new(
            CallerAttack.Nothing,
            async attacker =>
            {
                WireProxy process = attacker.Add();
                process.OnLeaf = attacker.Nack;
                process.Start();
                await process.Bundle!.Came.WaitAsync(MeshHost.Patience);
                await ShedAsync(attacker, 3);
            }),

        ["invents node ids, many on each connection"] = new(
            CallerAttack.Nothing,
            async attacker =>
            {
                WireProxy process = attacker.Add();
                for (int node = 0; node < Many; node++)
                {
                    attacker.Act();
                    process.Invent();
                }

                await ShedAsync(attacker, 3);
            }),

        ["opens many processes"] = new(
            attacker =>
            {
                for (int process = 0; process < Many * 20; process++)
                {
                    attacker.Act();
                    attacker.Add().Start();
                }

                return Task.CompletedTask;
            },
            CallerAttack.Nothing),

        ["comes as new processes without end"] = new(
            CallerAttack.Nothing,
            async attacker =>
            {
                for (int process = 0; process < Many; process++)
                {
                    attacker.Act();
                    attacker.Add().Start();
                }

                await ShedAsync(attacker, Many * 2);
            }),

        ["opens its streams and drops them all the time"] = new(
            CallerAttack.Nothing,
            async attacker =>
            {
                for (int process = 0; process < Many; process++)
                {
                    attacker.Act();
                    WireProxy next = attacker.Add("node-0");
                    next.OpenBundle();
                    await next.Bundle!.Came.WaitAsync(MeshHost.Patience);
                    await attacker.EndAsync(next);
                }
            }),

        ["drops the stream of its leaf whenever one comes"] = new(
            async attacker =>
            {
                for (int process = 0; process < Many; process++)
                {
                    WireProxy next = await attacker.JoinAsync();
                    next.OnLeaf = attacker.Ignore;
                }
            },
            async attacker =>
            {
                foreach (WireProxy process in attacker.Processes)
                {
                    await process.CloseLeafAsync();
                    process.OpenLeaf();
                }
            }),
    };

    private static DiscoveryRequest Accept(WireStream stream, string nonce, string version) =>
        new() { ResourceNames = { stream.Name }, ResponseNonce = nonce, VersionInfo = version };

    // On a connection of its own, as the same node, with what it says to hold; it answers no bundle.
    private static async Task ComeBackAsync(Attacker attacker, string leaf)
    {
        attacker.Act();
        WireProxy process = attacker.Add(attacker.First.Node);
        process.OnBundle = attacker.Ignore;
        process.OpenBundle(attacker.Victim.BundleVersion);
        process.OpenLeaf(leaf);
        await process.Bundle!.Came.WaitAsync(MeshHost.Patience);
        while (attacker.Processes.Count > 3)
        {
            await attacker.EndAsync(attacker.Processes[1]);
        }
    }

    private static async Task ShedAsync(Attacker attacker, int keep)
    {
        while (attacker.Processes.Count > keep)
        {
            await attacker.EndAsync(attacker.Processes[0]);
        }
    }
}
