using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

/// <summary>The rows of what real Envoys were seen to do, and one row for each rule.</summary>
public sealed class ChainVerifierTests
{
    private static readonly Forge Root = Forge.Root();

    public static TheoryData<string> Failures => [.. FailureCases.Keys];

    private static readonly Dictionary<string, (ChainFailure Failure, Func<(Forge[] Chain, Forge[] Anchors)> Make)> FailureCases = new()
    {
        ["foreign root"] = (ChainFailure.UnknownIssuer, () => ([Root.Leaf()], [Forge.Root()])),
        ["no root"] = (ChainFailure.UnknownIssuer, () => ([Root.Leaf()], [])),
        ["missing intermediate"] = (ChainFailure.UnknownIssuer, () => ([Root.Intermediate().Leaf()], [Root])),
        ["right name and key id, wrong key"] = (ChainFailure.BadSignature, () =>
            ([(Root with { KeyIdentifier = new byte[20] }).Leaf()], [Root with { Key = ECDsa.Create(ECCurve.NamedCurves.nistP256), KeyIdentifier = new byte[20] }])),
        ["expired leaf"] = (ChainFailure.Expired, () => ([Root.Leaf() with { NotAfter = ForgeNow }], [Root])),
        ["not yet valid leaf"] = (ChainFailure.NotYetValid, () => ([Root.Leaf() with { NotBefore = ForgeNow.AddSeconds(1) }], [Root])),
        ["expired root"] = (ChainFailure.Expired, () => (Under(Root with { NotAfter = ForgeNow }), [Root with { NotAfter = ForgeNow }])),
        ["not yet valid root"] = (ChainFailure.NotYetValid, () => ([Root.Leaf()], [Root with { NotBefore = ForgeNow.AddSeconds(1) }])),
        ["expired intermediate"] = (ChainFailure.Expired, () => Through(Root.Intermediate() with { NotAfter = ForgeNow })),
        ["intermediate is no CA"] = (ChainFailure.NotAuthority, () => Through(Root.Intermediate() with { IsAuthority = false })),
        ["intermediate without basic constraints"] = (ChainFailure.NotAuthority, () => Through(Root.Intermediate() with { IsAuthority = null })),
        ["root without keyCertSign"] = (ChainFailure.NotAuthority, () => ([Root.Leaf()], [Root with { KeyUsage = X509KeyUsageFlags.CrlSign }])),
        ["root is no CA"] = (ChainFailure.NotAuthority, () => ([Root.Leaf()], [Root with { IsAuthority = false }])),
        ["path length"] = (ChainFailure.PathLength, () =>
        {
            Forge zero = Root.Intermediate() with { PathLength = 0 };
            Forge below = zero.Intermediate();
            return ([below.Leaf(), below, zero], [Root]);
        }),
        ["path length of the root"] = (ChainFailure.PathLength, () =>
        {
            Forge root = Forge.Root() with { PathLength = 0 };
            Forge below = root.Intermediate();
            return ([below.Leaf(), below], [root]);
        }),
        ["key usage of the leaf"] = (ChainFailure.KeyUsage, () => ([Root.Leaf() with { KeyUsage = X509KeyUsageFlags.KeyAgreement }], [Root])),
        ["usage of the leaf"] = (ChainFailure.ExtendedKeyUsage, () => ([Root.Leaf() with { ExtendedKeyUsage = [Oids.ClientAuth] }], [Root])),
        ["any usage is not enough"] = (ChainFailure.ExtendedKeyUsage, () => ([Root.Leaf() with { ExtendedKeyUsage = ["2.5.29.37.0"] }], [Root])),
        ["usage of the root"] = (ChainFailure.ExtendedKeyUsage, () => ([Root.Leaf()], [Root with { ExtendedKeyUsage = [Oids.ClientAuth] }])),
        ["name constraints"] = (ChainFailure.NameConstraints, () => ([Root.Leaf()], [Root with { More = [NameConstraintsTests.Uri("example.com")] }])),
        ["unknown critical extension"] = (ChainFailure.CriticalExtension, () => ([Root.Leaf() with { More = [new X509Extension("1.2.3.4", [5, 0], true)] }], [Root])),
        ["P-521 leaf"] = (ChainFailure.Algorithm, () => ([Root.Leaf() with { Key = ECDsa.Create(ECCurve.NamedCurves.nistP521) }], [Root])),
        ["P-521 root"] = (ChainFailure.Algorithm, () => Forge.Root() with { Key = ECDsa.Create(ECCurve.NamedCurves.nistP521) } is { } odd ? ([odd.Leaf()], [odd]) : default),
        ["RSA-1024 leaf"] = (ChainFailure.Algorithm, () => ([Root.Leaf() with { Key = RSA.Create(1024) }], [Root])),
        ["expired cross-sign, old only"] = (ChainFailure.Expired, () => CrossSigned(ForgeNow) is var (leaf, x, old, _) ? ([leaf, x], [old]) : default),
        ["leaf of a new root without the cross-sign"] = (ChainFailure.UnknownIssuer, () => CrossSigned(null) is var (leaf, _, old, _) ? ([leaf], [old]) : default),
        ["same name without key ids"] = (ChainFailure.Ambiguous, () =>
        {
            Forge one = Forge.Root("CN=same") with { HasKeyIdentifiers = false }, two = Forge.Root("CN=same") with { HasKeyIdentifiers = false };
            return ([one.Leaf()], [one, two]);
        }),
        ["same name and key, one expired"] = (ChainFailure.Ambiguous, () => ([Root.Leaf()], [Root, Root with { NotAfter = ForgeNow, Serial = [1] }])),
        ["serial of another in the authority key id"] = (ChainFailure.UnknownIssuer, () => ByIssuerAndSerial("CN=keyless", [9])),
        ["issuer of another in the authority key id"] = (ChainFailure.UnknownIssuer, () => ByIssuerAndSerial("CN=other", [1])),
        ["ten that name each other as issuer"] = (ChainFailure.TooManyPaths, () => (OfOneName(10), [])),
        ["ten that name each other as issuer, one of them under a root"] = (ChainFailure.TooManyPaths, () =>
            ([.. OfOneName(1), Root.Intermediate() with { Subject = "CN=same" }, .. OfOneName(8)], [Root])),
        ["a forged authority's certificate, before its dates"] = (ChainFailure.BadSignature, () =>
            (Root with { Key = ECDsa.Create(ECCurve.NamedCurves.nistP256), KeyIdentifier = new byte[20] }).Intermediate() with { NotAfter = ForgeNow } is var forged
                ? ([forged.Leaf() with { NotAfter = ForgeNow }, forged], [Root with { KeyIdentifier = new byte[20] }]) : default),
        ["empty"] = (ChainFailure.Empty, () => ([], [Root])),
        ["too long"] = (ChainFailure.TooLong, () => ([.. Enumerable.Repeat(Root.Leaf(), 11)], [Root])),
    };

    private static DateTimeOffset ForgeNow => Make.Now;

    [Theory]
    [MemberData(nameof(Failures))]
    public void Refused(string name)
    {
        (ChainFailure failure, var make) = FailureCases[name];
        (Forge[] chain, Forge[] anchors) = make();
        ChainVerification result = Verify(chain, anchors, ChainPurpose.Server);
        Assert.Equal((name, failure), (name, result.Failure));
        Assert.False(result.IsTrusted);
        Assert.NotEqual("", result.Reason);
    }

    public static TheoryData<string> Accepted_rows => [.. AcceptedCases.Keys];

    private static readonly Dictionary<string, Func<(Forge[] Chain, Forge[] Anchors)>> AcceptedCases = new()
    {
        ["root"] = () => ([Root.Leaf()], [Root]),
        ["one of two roots"] = () => ([Root.Leaf()], [Forge.Root(), Root]),
        ["intermediate sent"] = () => Through(Root.Intermediate()),
        ["two intermediates in wrong order"] = () =>
        {
            Forge upper = Root.Intermediate(), lower = upper.Intermediate();
            return ([lower.Leaf(), upper, lower], [Root]);
        },
        ["issuer and serial in the authority key id"] = () => ByIssuerAndSerial("CN=keyless", [1]),
        ["a self-issued authority takes no path length"] = () =>
        {
            Forge root = Forge.Root("CN=same") with { PathLength = 0 };
            Forge renewed = Forge.Root("CN=same") with { Issuer = root };
            return ([renewed.Leaf(), renewed], [root]);
        },
        ["path length just enough"] = () =>
        {
            Forge root = Forge.Root() with { PathLength = 1 };
            Forge below = root.Intermediate() with { PathLength = 0 };
            return ([below.Leaf(), below], [root]);
        },
        ["nine intermediates"] = () =>
        {
            Forge[] chain = new Forge[10];
            chain[9] = Root.Intermediate();
            for (int i = 8; i > 0; i--)
            {
                chain[i] = chain[i + 1].Intermediate();
            }

            chain[0] = chain[1].Leaf();
            return (chain, [Root]);
        },
        ["intermediate as only anchor"] = () => Root.Intermediate() is var middle ? ([middle.Leaf()], [middle]) : default,
        ["the leaf itself as anchor"] = () => Root.Leaf() is var leaf ? ([leaf], [leaf]) : default,
        ["root appended"] = () => ([Root.Leaf(), Root], [Root]),
        ["no extended key usage"] = () => ([Root.Leaf() with { ExtendedKeyUsage = null }], [Root]),
        ["no key usage anywhere"] = () => Root with { KeyUsage = null } is var root ? ([root.Leaf() with { KeyUsage = null }], [root]) : default,
        ["same name with key ids"] = () =>
        {
            Forge one = Forge.Root("CN=same"), two = Forge.Root("CN=same");
            return ([one.Leaf()], [two, one]);
        },
        ["expired root beside the good one"] = () => ([Root.Leaf()], [Forge.Root() with { NotAfter = Make.Now.AddMinutes(-1) }, Root]),
        ["constraints that admit"] = () => Root with { More = [NameConstraintsTests.Uri("example.org")] } is var root ? ([root.Leaf()], [root]) : default,
        ["cross-signed, new only"] = () => CrossSigned(null) is var (leaf, x, _, fresh) ? ([leaf, x], [fresh]) : default,
        ["cross-signed, old only"] = () => CrossSigned(null) is var (leaf, x, old, _) ? ([leaf, x], [old]) : default,
        ["cross-signed, both"] = () => CrossSigned(null) is var (leaf, x, old, fresh) ? ([leaf, x], [old, fresh]) : default,
        ["cross-signed, the cross-sign as anchor"] = () => CrossSigned(null) is var (leaf, x, _, _) ? ([leaf, x], [x]) : default,
        ["expired cross-sign, both"] = () => CrossSigned(Make.Now) is var (leaf, x, old, fresh) ? ([leaf, x], [old, fresh]) : default,
    };

    [Theory]
    [MemberData(nameof(Accepted_rows))]
    public void Accepted(string name)
    {
        (Forge[] chain, Forge[] anchors) = AcceptedCases[name]();
        foreach (ChainPurpose purpose in Enum.GetValues<ChainPurpose>())
        {
            Assert.Equal("", Verify(chain, anchors, purpose).Reason);
        }
    }

    [Fact]
    public void Whatever_is_sent_no_more_issuers_are_tried_than_a_few()
    {
        Assert.Equal(0, Verify([Root.Leaf()], [], ChainPurpose.Client).Tried);
        Assert.Equal(1, Verify([Root.Leaf()], [Root], ChainPurpose.Client).Tried);
        for (int count = 2; count <= 10; count++)
        {
            // Nine of one name have 109,600 orders.
            Assert.InRange(Verify(OfOneName(count), [], ChainPurpose.Client).Tried, 1, ChainVerifier.MaxTried);
        }
    }

    [Fact]
    public void A_usage_for_one_side_is_good_on_that_side_only()
    {
        Forge leaf = Root.Leaf() with { ExtendedKeyUsage = [Oids.ClientAuth] };
        Assert.True(Verify([leaf], [Root], ChainPurpose.Client).IsTrusted);
        Assert.Equal(ChainFailure.ExtendedKeyUsage, Verify([leaf], [Root], ChainPurpose.Server).Failure);
        Assert.Empty(ChainVerifier.AnchorsOf([leaf.Certificate()], [Root.Certificate()], Make.Now));
    }

    [Fact]
    public void A_hash_below_sha_256_is_named_as_such()
    {
        byte[] der = Root.Leaf().Der(), sha256 = SignatureAlgorithm.For(KeyAlgorithm.EcdsaP256).Identifier;
        foreach (int at in new[] { der.AsSpan().IndexOf(sha256), der.AsSpan().LastIndexOf(sha256) })
        {
            der[at + sha256.Length - 1] = 1; // ecdsa-with-SHA224
        }

        Assert.Equal(ChainFailure.Algorithm, ChainVerifier.Verify([Certificate.Parse(der)], [One(Root)], ChainPurpose.Server, Make.Now).Failure);
    }

    [Fact]
    public void Anchors_are_all_roots_that_suffice_alone()
    {
        (Forge leaf, Forge x, Forge old, Forge fresh) = CrossSigned(null);
        Certificate[] roots = [old.Certificate(), Forge.Root().Certificate(), fresh.Certificate()];
        Assert.Equal([roots[0], roots[2]], ChainVerifier.AnchorsOf([leaf.Certificate(), x.Certificate()], roots, Make.Now));
        Assert.Equal([roots[2]], ChainVerifier.AnchorsOf([leaf.Certificate()], roots, Make.Now));
        Assert.Empty(ChainVerifier.AnchorsOf([leaf.Certificate()], roots, Make.Now.AddYears(2)));
    }

    private static Forge[] OfOneName(int count) => [.. Enumerable.Range(0, count).Select(_ => Forge.Root("CN=same") with { HasKeyIdentifiers = false })];

    private static ChainVerification Verify(Forge[] chain, Forge[] anchors, ChainPurpose purpose) =>
        ChainVerifier.Verify([.. chain.Select(One)], [.. anchors.Select(One)], purpose, Make.Now);

    // A forge signs anew each time; an anchor that must be the very certificate that was sent has to come out the same.
    private static readonly System.Runtime.CompilerServices.ConditionalWeakTable<Forge, Certificate> Made = [];

    private static Certificate One(Forge forge) => Made.GetValue(forge, static forge => forge.Certificate());

    private static (Forge[] Chain, Forge[] Anchors) ByIssuerAndSerial(string issuer, byte[] serial)
    {
        Forge root = Forge.Root("CN=keyless") with { HasKeyIdentifiers = false, Serial = [1] };
        X509Extension identifier = X509AuthorityKeyIdentifierExtension.CreateFromIssuerNameAndSerialNumber(new X500DistinguishedName(issuer), serial);
        return ([root.Leaf() with { HasKeyIdentifiers = false, More = [identifier] }], [root]);
    }

    private static Forge[] Under(Forge root) => [root.Leaf()];

    private static (Forge[] Chain, Forge[] Anchors) Through(Forge intermediate) => ([intermediate.Leaf(), intermediate], [intermediate.Issuer!]);

    private static (Forge Leaf, Forge X, Forge Old, Forge Fresh) CrossSigned(DateTimeOffset? crossEnds)
    {
        Forge old = Forge.Root(), fresh = Forge.Root();
        Forge x = fresh with { Issuer = old, Serial = CertificateWriter.NewSerial(), NotAfter = crossEnds ?? fresh.NotAfter };
        return (fresh.Leaf(), x, old, fresh);
    }
}
