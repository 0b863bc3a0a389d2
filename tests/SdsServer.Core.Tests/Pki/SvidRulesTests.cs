using System.Security.Cryptography.X509Certificates;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

public sealed class SvidRulesTests
{
    private static readonly Forge s_root = Forge.Root();

    [Fact]
    public void A_leaf_of_ours_stands_for_its_workload()
    {
        Assert.True(SvidRules.TryRead(s_root.Leaf().Certificate(), Make.Domain, out SpiffeId? id, out string? _));
        Assert.Equal("spiffe://example.org/web", id.ToString());
    }

    public static TheoryData<string> Wrong => [.. s_wrong.Keys];

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Anything_else_stands_for_nobody(string how)
    {
        Assert.False(SvidRules.TryRead(s_wrong[how](s_root.Leaf()).Certificate(), Make.Domain, out SpiffeId? _, out string? reason));
        Assert.NotEmpty(reason);
    }

    private static readonly Dictionary<string, Func<Forge, Forge>> s_wrong = new()
    {
        ["CA:TRUE"] = leaf => leaf with { IsAuthority = true },
        ["no key usage"] = leaf => leaf with { KeyUsage = null },
        ["no digitalSignature"] = leaf => leaf with { KeyUsage = X509KeyUsageFlags.KeyAgreement },
        ["keyCertSign"] = leaf => leaf with { KeyUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign },
        ["cRLSign"] = leaf => leaf with { KeyUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.CrlSign },
        ["no URI"] = leaf => leaf with { Uris = [], DnsNames = ["web"] },
        ["two URIs"] = leaf => leaf with { Uris = ["spiffe://example.org/web", "spiffe://example.org/admin"] },
        ["another trust domain"] = leaf => leaf with { Uris = ["spiffe://other.org/web"] },
        ["no path"] = leaf => leaf with { Uris = ["spiffe://example.org"] },
        ["no SPIFFE ID"] = leaf => leaf with { Uris = ["https://example.org/web"] },
        ["upper case"] = leaf => leaf with { Uris = ["spiffe://EXAMPLE.org/web"] },
    };
}
