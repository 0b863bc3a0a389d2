using System.Globalization;
using System.Text;
using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

/// <summary>Content that looks like secrets, and the names it goes under: <c>roots/…</c> are bundles, <c>leaves/…</c> leaves.</summary>
internal static class TestSecrets
{
    /// <summary>Stands in every private key made here; must never be seen outside a response.</summary>
    public const string KeyText = "MIGHAgEAMBMGByqGSM49PRIVATEKEYTEXT";

    public static SecretNames Names { get; } = new("example.org", [
        KeyValuePair.Create("roots/", SecretKind.Bundle), KeyValuePair.Create("leaves/", SecretKind.Leaf)]);

    public static Workload Workload { get; } = new("spiffe://example.org/web", [], false);

    public static StreamClient Client { get; } =
        new(7, new(Workload.SpiffeId, "node-1", "ip:192.0.2.1"), Workload, new NodeIdentity("node-1", "web", "envoy", "1.40.0"));

    public static BundlePayload Bundle(long epoch) => new(epoch, Encoding.UTF8.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"-----BEGIN CERTIFICATE-----\nMIIBroot{epoch}\n-----END CERTIFICATE-----\n# epoch {epoch}\n")));

    public static LeafPayload Leaf(int number) => new(
        number.ToString("x32", CultureInfo.InvariantCulture),
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"-----BEGIN CERTIFICATE-----\nMIIBleaf{number}\n-----END CERTIFICATE-----\n")),
        Encoding.UTF8.GetBytes($"-----BEGIN PRIVATE KEY-----\n{KeyText}\n-----END PRIVATE KEY-----\n"));
}
