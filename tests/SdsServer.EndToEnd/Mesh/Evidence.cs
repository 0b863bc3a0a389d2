using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using SdsServer.Protos.Admin.V1;
using SdsServer.Testing;
using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>What the Envoys themselves say of their certificates, held against the server's books and against the wire.</summary>
internal static class Evidence
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private static readonly Version AllRootsShown = new(1, 40);

    /// <summary>Waits until these sidecars have a leaf of this authority in force, and those that listen serve it.</summary>
    public static async Task AwaitAllSignedByAsync(this ServiceMesh mesh, Authority authority, params Proxy[] except)
    {
        foreach (Proxy proxy in mesh.Proxies.Except(except))
        {
            await mesh.AwaitSignedByAsync(authority, proxy);
            await proxy.AssertPutToUseAsync();
        }

        foreach (Direction direction in mesh.Directions.Where(direction => !except.Contains(direction.Server)))
        {
            ServedChain served = await ServedChain.ReadAsync(direction.Mtls.Endpoint);
            Assert.Equal(await direction.Server.LeafSerialAsync(), served.SerialNumber);
            Assert.Equal(authority.Ski, IssuerKey(served.Leaf), ignoreCase: true);
        }
    }

    /// <summary>Waits until this sidecar has a leaf of this authority in force.</summary>
    public static Task AwaitSignedByAsync(this ServiceMesh mesh, Authority authority, Proxy proxy) => Condition.AwaitAsync(
        $"{proxy.NodeId} to have a leaf of {authority.Name}", Limit, async token =>
        {
            string? serial = await proxy.LeafSerialAsync(token);
            return (await mesh.Operator.InstancesAsync(proxy.NodeId))
                .SelectMany(instance => instance.OutstandingLeaves)
                .Any(leaf => leaf.Authority == authority.Name && leaf.Acked && leaf.Serial.TrimStart('0').Equals(serial, StringComparison.OrdinalIgnoreCase));
        }, () => mesh.Server.Log);

    /// <summary>Which of these sidecars have a leaf of this authority in force: by their Envoys, and by the server's books on whose leaf it is.</summary>
    public static async Task<IReadOnlySet<string>> HoldersAsync(this ServiceMesh mesh, Authority authority, IEnumerable<Proxy> proxies)
    {
        HashSet<string> holders = [];
        foreach (Proxy proxy in proxies)
        {
            string? serial = await proxy.LeafSerialAsync();
            if ((await mesh.Operator.InstancesAsync(proxy.NodeId)).SelectMany(instance => instance.OutstandingLeaves)
                .Any(leaf => leaf.Authority == authority.Name && leaf.Serial.TrimStart('0').Equals(serial, StringComparison.OrdinalIgnoreCase)))
            {
                holders.Add(proxy.NodeId);
            }
        }

        return holders;
    }

    /// <summary>Waits until every sidecar has the roots of just these authorities in force.</summary>
    public static async Task AwaitTrustAsync(this ServiceMesh mesh, params Authority[] authorities)
    {
        foreach (Proxy proxy in mesh.Proxies)
        {
            await Condition.AwaitAsync(
                $"{proxy.NodeId} to trust just {string.Join(" and ", authorities.Select(authority => authority.Name))}", Limit,
                token => mesh.TrustJustAsync(proxy, authorities, token), () => mesh.Server.Log);
        }
    }

    /// <summary>Whether this sidecar has the root of just this authority in force.</summary>
    public static Task<bool> TrustsJustAsync(this ServiceMesh mesh, Proxy proxy, Authority authority, CancellationToken cancellation = default) =>
        mesh.TrustJustAsync(proxy, [authority], cancellation);

    private static async Task<bool> TrustJustAsync(this ServiceMesh mesh, Proxy proxy, Authority[] authorities, CancellationToken cancellation)
    {
        string[] roots = [.. authorities.Select(RootSerial).Order(StringComparer.Ordinal)];
        string[] trusted =
        [
            .. (await proxy.Envoy.Admin.CertificatesAsync(cancellation)).Trusted
                .Where(root => root.Origin == "<inline>").Select(root => root.SerialNumber).Distinct().Order(StringComparer.Ordinal),
        ];
        return Version.Parse(mesh.Options.Envoy.Version) < AllRootsShown
            ? trusted is [var first] && roots.Contains(first)
            : trusted.SequenceEqual(roots);
    }

    private static string RootSerial(Authority authority)
    {
        X509Certificate2Collection chain = [];
        chain.ImportFromPem(authority.CertificateChain);
        return chain[^1].SerialNumber.TrimStart('0').ToLower(CultureInfo.InvariantCulture);
    }

    private static string IssuerKey(X509Certificate2 leaf) =>
        Convert.ToHexString(leaf.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().Single().KeyIdentifier!.Value.Span);
}
