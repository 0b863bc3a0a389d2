using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

/// <summary>Guard G0, one row for each rule, each failing that rule alone unless said.</summary>
[Trait("Rule", "E14.9")]
public sealed class RootAdmissionTests
{
    private static readonly Forge InUse = Forge.Root("CN=in use");
    private static readonly TimeSpan Needed = (3 * TimeSpan.FromDays(1)) + TimeSpan.FromDays(2);

    private static readonly Dictionary<string, (string[] Codes, Func<Forge> Root)> Rows = new()
    {
        ["good"] = ([], () => Forge.Root()),
        ["good RSA"] = ([], () => Forge.Root() with { Key = RSA.Create(2048) }),
        ["no CA"] = (["root.not-authority", "root.trial"], () => Forge.Root() with { IsAuthority = false }),
        ["no keyCertSign"] = (["root.key-usage", "root.trial"], () => Forge.Root() with { KeyUsage = X509KeyUsageFlags.CrlSign }),
        ["P-521"] = (["root.key-type", "root.not-self-signed", "root.trial"], () => Forge.Root() with { Key = ECDsa.Create(ECCurve.NamedCurves.nistP521) }),
        ["client usage"] = (["root.extended-key-usage", "root.trial"], () => Forge.Root() with { ExtendedKeyUsage = [Oids.ClientAuth] }),
        ["server usage"] = (["root.extended-key-usage", "root.trial"], () => Forge.Root() with { ExtendedKeyUsage = [Oids.ServerAuth] }),
        ["critical extension"] = (["root.critical-extension", "root.trial"], () => Forge.Root() with { More = [new X509Extension("1.2.3.4", [5, 0], true)] }),
        ["not yet valid"] = (["root.not-yet-valid", "root.trial"], () => Forge.Root() with { NotBefore = Make.Now.AddSeconds(1) }),
        ["expired"] = (["root.expired", "root.lifetime", "root.trial"], () => Forge.Root() with { NotAfter = Make.Now }),
        ["too short"] = (["root.lifetime"], () => Forge.Root() with { NotAfter = Make.Now + Needed }),
        ["just long enough"] = ([], () => Forge.Root() with { NotAfter = Make.Now + Needed + TimeSpan.FromSeconds(1) }),
        ["the root in use"] = (["root.duplicate"], () => InUse),
        ["same name"] = (["root.same-name"], () => Forge.Root("CN=In Use")),
        ["same key"] = (["root.same-key"], () => Forge.Root() with { Key = InUse.Key, KeyIdentifier = new byte[20] }),
        ["same key id"] = (["root.same-key-id"], () => Forge.Root() with { KeyIdentifier = InUse.Certificate().SubjectKeyIdentifier!.Value.ToArray() }),
        ["no key id"] = (["root.no-key-id"], () => Forge.Root() with { HasKeyIdentifiers = false }),
        ["an intermediate"] = (["root.not-self-signed"], () => Forge.Root().Intermediate()),
        ["constraints of another mesh"] = (["root.name-constraints", "root.trial"], () => Forge.Root() with { More = [NameConstraintsTests.Uri("example.com")] }),
        ["constraints without another trust domain in use"] = (["root.name-constraints"], () => Forge.Root() with { More = [NameConstraintsTests.Uri("example.org")] }),
        ["constraints without a DNS name in use"] = (["root.name-constraints"], () => Forge.Root() with { More = [new X509Extension("2.5.29.30", NameConstraintsTests.Dns("example.com"), true)] }),
        ["constraints that admit all"] = ([], () => Forge.Root() with { More = [new X509Extension("2.5.29.30", NameConstraintsTests.Dns("local"), true)] }),
    };

    public static TheoryData<string> Names => [.. Rows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Root(string name)
    {
        Forge forge = Rows[name].Root();
        Certificate root = ReferenceEquals(forge, InUse) ? InUseRoot : forge.Certificate();
        AssertCodes(Rows[name].Codes, new RootCandidate(root, [forge.Leaf().Certificate()]));
    }

    [Fact]
    public void A_provider_must_sign_under_the_very_root()
    {
        Forge root = Forge.Root(), middle = root.Intermediate();
        AssertCodes([], new RootCandidate(root.Certificate(), [middle.Leaf().Certificate(), middle.Certificate()]));
        AssertCodes(["root.trial"], new RootCandidate(root.Certificate(), [middle.Leaf().Certificate()]));
        AssertCodes(["root.trial"], new RootCandidate(root.Certificate(), [Forge.Root().Leaf().Certificate()]));
        AssertCodes(["root.trial"], new RootCandidate(root.Certificate(), []));
        AssertCodes(["root.trial"], new RootCandidate(root.Certificate(), [(root.Leaf() with { ExtendedKeyUsage = [Oids.ServerAuth] }).Certificate()]));
    }

    [Fact]
    public void The_path_length_must_fit_the_providers_chain()
    {
        Forge root = Forge.Root() with { PathLength = 0 }, middle = root.Intermediate();
        AssertCodes(["root.path-length", "root.trial"], new RootCandidate(root.Certificate(), [middle.Leaf().Certificate(), middle.Certificate()]));
        AssertCodes([], new RootCandidate(root.Certificate(), [root.Leaf().Certificate()]));
    }

    [Fact]
    public void Constraints_of_the_providers_intermediate_count_too()
    {
        Forge root = Forge.Root(), middle = root.Intermediate() with { More = [NameConstraintsTests.Uri("example.org")] };
        AssertCodes(["root.name-constraints"], new RootCandidate(root.Certificate(), [middle.Leaf().Certificate(), middle.Certificate()]));
    }

    [Fact]
    public void Revocation_lists_are_for_all_roots_or_for_none()
    {
        Forge root = Forge.Root();
        RootCandidate without = new(root.Certificate(), [root.Leaf().Certificate()]);
        RootCandidate with = without with { RevocationList = BundleLintTests.List(root) };
        TrustBundle listed = new([InUseRoot], [BundleLintTests.List(InUse)]);
        AssertCodes([], without);
        AssertCodes(["root.crl-alone"], with);
        AssertCodes([], with, listed);
        AssertCodes(["root.crl-missing"], without, listed);
        AssertCodes(["root.crl-invalid"], without with { RevocationList = BundleLintTests.List(InUse) }, listed);
        AssertCodes(["root.crl-invalid"], without with { RevocationList = BundleLintTests.List(root, -2, 0) }, listed);
        AssertCodes(["root.crl-invalid"], without with { RevocationList = BundleLintTests.List(root, 1, 2) }, listed);
    }

    [Fact]
    public void A_dropped_root_counts_as_in_use()
    {
        Forge dropped = Forge.Root(), again = Forge.Root() with { Key = dropped.Key, KeyIdentifier = new byte[20] };
        IReadOnlyList<Finding> findings = RootAdmission.Check(
            new(again.Certificate(), [again.Leaf().Certificate()]), Context(new([InUseRoot])) with { OtherRoots = [dropped.Certificate()] }, Make.Now);
        BundleLintTests.AssertCodes(["root.same-key"], findings);
    }

    private static readonly Certificate InUseRoot = InUse.Certificate();

    private static AdmissionContext Context(TrustBundle bundle) =>
        new(bundle, [Make.Domain, TrustDomain.Parse("other.org")], ["web.local"], TimeSpan.FromDays(1), TimeSpan.FromDays(2));

    private static void AssertCodes(string[] codes, RootCandidate candidate, TrustBundle? bundle = null) =>
        BundleLintTests.AssertCodes(codes, RootAdmission.Check(candidate, Context(bundle ?? new([InUseRoot])), Make.Now));
}
