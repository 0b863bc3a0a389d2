using SdsServer.Core.Fleet;

namespace SdsServer.Tests.Hosting;

/// <summary>Rows of the ledger as the tests of this folder need them.</summary>
internal static class LedgerRows
{
    public static LedgerRow Of(string serial, DateTimeOffset notAfter, string instance = "i1") => new()
    {
        Serial = serial,
        InstanceId = instance,
        Key = new InstanceKey("spiffe://example.org/web", "web", "ip:10.0.0.1"),
        BundleSlots = 1,
        LeafSlots = 1,
        AuthorityId = "a",
        Anchors = ["A"],
        NotBefore = notAfter.AddHours(-24),
        NotAfter = notAfter,
    };
}
