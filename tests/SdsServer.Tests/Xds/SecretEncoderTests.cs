using Google.Protobuf;
using SdsServer.Core.Access;
using SdsServer.Core.Secrets;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

public sealed class SecretEncoderTests
{
    private readonly SecretEncoder _encoder = new("sds-1/0.1.0");

    [Fact]
    public void A_state_of_the_world_response_is_what_protobuf_would_have_written()
    {
        BundlePayload bundle = TestSecrets.Bundle(3);
        LeafPayload leaf = TestSecrets.Leaf(4);
        SecretResponse response = new("n-1", "v", [Item("ROOTCA", SecretKind.Bundle, bundle), Item("default", SecretKind.Leaf, leaf)], []);

        DiscoveryResponse read = DiscoveryResponse.Parser.ParseFrom(Bytes(_encoder.Sotw(response)));

        Assert.Equal(("n-1", "v", SecretType.Url, "sds-1/0.1.0"), (read.Nonce, read.VersionInfo, read.TypeUrl, read.ControlPlane.Identifier));
        Assert.All(read.Resources, any => Assert.Equal(SecretType.Url, any.TypeUrl));
        Secret[] secrets = [.. read.Resources.Select(any => any.Unpack<Secret>())];
        Assert.Equal(["ROOTCA", "default"], secrets.Select(secret => secret.Name));
        Assert.Equal(new Secret { Name = "ROOTCA", ValidationContext = new() { TrustedCa = Inline(bundle.Pem) } }, secrets[0]);
        Assert.Equal(
            new Secret
            {
                Name = "default",
                TlsCertificate = new() { CertificateChain = Inline(leaf.ChainPem), PrivateKey = Inline(leaf.KeyPem) },
            },
            secrets[1]);
    }

    [Fact]
    public void A_delta_response_wraps_the_same_secret_and_has_neither_ttl_nor_aliases()
    {
        LeafPayload leaf = TestSecrets.Leaf(4);
        SecretResponse response = new("n-1", "v", [Item("default", SecretKind.Leaf, leaf), Item("roots/a", SecretKind.Bundle, null)], ["nobody"]);

        DeltaDiscoveryResponse read = DeltaDiscoveryResponse.Parser.ParseFrom(Bytes(_encoder.Delta(response)));

        Assert.Equal(("n-1", "v", SecretType.Url, "sds-1/0.1.0"), (read.Nonce, read.SystemVersionInfo, read.TypeUrl, read.ControlPlane.Identifier));
        Assert.Equal(["nobody", "roots/a"], read.RemovedResources);
        Resource resource = Assert.Single(read.Resources);
        Assert.Equal(("default", leaf.Version), (resource.Name, resource.Version));
        Assert.Equal("default", resource.Resource_.Unpack<Secret>().Name);
        Assert.Null(resource.Ttl);
        Assert.Empty(resource.Aliases);
        Assert.Null(resource.ResourceName);
    }

    [Fact]
    public void A_large_bundle_keeps_its_length()
    {
        BundlePayload bundle = new(1, new byte[300_000]);
        SecretResponse response = new("n", "v", [Item("ROOTCA", SecretKind.Bundle, bundle)], []);

        Assert.Equal(300_000, Assert.Single(DiscoveryResponse.Parser.ParseFrom(Bytes(_encoder.Sotw(response))).Resources)
            .Unpack<Secret>().ValidationContext.TrustedCa.InlineBytes.Length);
        Assert.Equal(300_000, Assert.Single(DeltaDiscoveryResponse.Parser.ParseFrom(Bytes(_encoder.Delta(response))).Resources)
            .Resource_.Unpack<Secret>().ValidationContext.TrustedCa.InlineBytes.Length);
    }

    [Fact]
    public void A_payload_is_encoded_once_for_a_name()
    {
        BundlePayload bundle = TestSecrets.Bundle(1);

        EncodedSecret first = _encoder.Encode("ROOTCA", SecretKind.Bundle, bundle);

        Assert.Same(first, _encoder.Encode("ROOTCA", SecretKind.Bundle, bundle));
        Assert.NotSame(first, _encoder.Encode("roots/a", SecretKind.Bundle, bundle));
        Assert.NotSame(first, _encoder.Encode("ROOTCA", SecretKind.Bundle, TestSecrets.Bundle(1)));
    }

    [Fact]
    public void Names_a_client_invents_do_not_pile_up()
    {
        BundlePayload bundle = TestSecrets.Bundle(1);
        for (int i = 0; i < 100; i++)
        {
            _encoder.Encode($"roots/{i}", SecretKind.Bundle, bundle);
        }

        Assert.Same(_encoder.Encode("roots/0", SecretKind.Bundle, bundle), _encoder.Encode("roots/0", SecretKind.Bundle, bundle));
        Assert.NotSame(_encoder.Encode("roots/99", SecretKind.Bundle, bundle), _encoder.Encode("roots/99", SecretKind.Bundle, bundle));
    }

    [Fact]
    public void A_payload_never_goes_out_under_a_name_of_the_other_kind()
    {
        InvalidOperationException leafAsBundle = Assert.Throws<InvalidOperationException>(
            () => _encoder.Sotw(new("n", "v", [Item("ROOTCA", SecretKind.Bundle, TestSecrets.Leaf(1))], [])));
        Assert.Throws<InvalidOperationException>(() => _encoder.Delta(new("n", "v", [Item("default", SecretKind.Leaf, TestSecrets.Bundle(1))], [])));
        Assert.DoesNotContain("KEYTEXT", leafAsBundle.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Peers_are_encoded_with_the_bundle_and_shared_by_all_who_have_the_same_ones()
    {
        BundlePayload plain = TestSecrets.Bundle(3);
        BundlePayload bundle = plain.For(new PeerRules(["spiffe://example.org/b", "spiffe://example.org/a/*"]));

        EncodedSecret encoded = _encoder.Encode("ROOTCA", SecretKind.Bundle, bundle);

        Secret expected = new()
        {
            Name = "ROOTCA",
            ValidationContext = new()
            {
                TrustedCa = Inline(plain.Pem),
                MatchTypedSubjectAltNames =
                {
                    new SubjectAltNameMatcher { SanType = SubjectAltNameMatcher.Types.SanType.Uri, Matcher = new() { Prefix = "spiffe://example.org/a/" } },
                    new SubjectAltNameMatcher { SanType = SubjectAltNameMatcher.Types.SanType.Uri, Matcher = new() { Exact = "spiffe://example.org/b" } },
                },
            },
        };
        Assert.Equal(expected, Secret.Parser.ParseFrom(encoded.Secret));
        Assert.Same(encoded, _encoder.Encode("ROOTCA", SecretKind.Bundle, plain.For(new PeerRules(["spiffe://example.org/a/*", "spiffe://example.org/b", "spiffe://example.org/b"]))));
        Assert.NotSame(encoded, _encoder.Encode("ROOTCA", SecretKind.Bundle, plain));
        Assert.Same(plain, bundle.For(PeerRules.None));
        Assert.NotEqual(plain.Version, bundle.Version);
        Assert.NotEqual(bundle.Version, bundle.For(new PeerRules(["spiffe://example.org/b"])).Version);
    }

    [Fact]
    public void Nothing_empty_goes_out()
    {
        string serial = new('0', 32);
        Assert.Throws<InvalidOperationException>(() => _encoder.Encode("ROOTCA", SecretKind.Bundle, new BundlePayload(1, Array.Empty<byte>())));
        Assert.Throws<InvalidOperationException>(
            () => _encoder.Encode("default", SecretKind.Leaf, new LeafPayload(serial, Array.Empty<byte>(), new byte[1])));
        Assert.Throws<InvalidOperationException>(
            () => _encoder.Encode("default", SecretKind.Leaf, new LeafPayload(serial, new byte[1], Array.Empty<byte>())));
    }

    [Fact]
    public void An_encoded_secret_does_not_print_itself() =>
        Assert.DoesNotContain("KEYTEXT", _encoder.Encode("default", SecretKind.Leaf, TestSecrets.Leaf(1)).ToString(), StringComparison.Ordinal);

    private static ResponseItem Item(string name, SecretKind kind, SecretPayload? payload) =>
        new(new Subscription(1, name, kind, null, default), payload, 1, false);

    private static SdsServer.Protos.Envoy.Core.V3.DataSource Inline(ReadOnlyMemory<byte> bytes) => new() { InlineBytes = ByteString.CopyFrom(bytes.Span) };

    private static byte[] Bytes(ReadOnlyMemory<byte>[] pieces) => [.. pieces.SelectMany(piece => piece.ToArray())];
}
