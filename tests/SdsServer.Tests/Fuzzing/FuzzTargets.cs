using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Microsoft.Extensions.Configuration;
using SdsServer.Core.Access;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Core.Secrets;
using SdsServer.Grpc;
using SdsServer.Hosting;
using SdsServer.Identity.Jwt;
using SdsServer.Identity.Registrations;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Testing.Pki;
using SdsServer.Tests.Identity.X509;
using SdsServer.Xds;

namespace SdsServer.Tests.Fuzzing;

/// <summary>Everything of ours that reads what others wrote, but HTTP/2 and gRPC frames, which are in the tests of the gRPC layer.</summary>
internal static partial class FuzzTargets
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly XdsLimits s_limits = new();
    private static readonly SecretNames s_names = new("example.org", [new("leaf/", SecretKind.Leaf), new("bundle/", SecretKind.Bundle)]);

    public static IReadOnlyList<FuzzTarget> All { get; } = Make();

    private static FuzzTarget[] Make()
    {
        using ScratchAuthority authority = new("fuzz");
        (string chain, string key) = authority.Issue("spiffe://example.org/ns/default/sa/web", "web.example.org");
        byte[] chainPem = Encoding.ASCII.GetBytes(chain), rootPem = Encoding.ASCII.GetBytes(authority.RootPem), keyPem = Encoding.ASCII.GetBytes(key);
        byte[][] ders = [Der(chainPem), Der(rootPem)];
        using PrivateKey own = PrivateKey.Generate(KeyAlgorithm.EcdsaP256);
        byte[] request = CertificateSigningRequest.Create(own, SpiffeId.Parse("spiffe://example.org/ns/default/sa/web"), ["web.example.org"]);
        byte[][] ids = Texts("spiffe://example.org", "spiffe://example.org/ns/default/sa/web", "spiffe://a-b.c_d.e/A/b.c/d-e/_", "spiffe://EXAMPLE.org/x", "spiffe://example.org/a//b", "spiffe://example.org/.");
        byte[][] discoveries =
        [
            new DiscoveryRequest { Node = Proxy(), ResourceNames = { "default", "ROOTCA" }, TypeUrl = SecretType.Url, VersionInfo = "b1-00" }.ToByteArray(),
            new DiscoveryRequest { ResourceNames = { "leaf/a" }, TypeUrl = SecretType.Url, ResponseNonce = "1-1", ErrorDetail = new() { Code = 13, Message = "bad" } }.ToByteArray(),
        ];
        byte[][] deltas =
        [
            new DeltaDiscoveryRequest { Node = Proxy(), ResourceNamesSubscribe = { "default" }, TypeUrl = SecretType.Url, InitialResourceVersions = { ["ROOTCA"] = "b1-00" } }.ToByteArray(),
            new DeltaDiscoveryRequest { ResourceNamesUnsubscribe = { "default", "ROOTCA" }, ResponseNonce = "1-1" }.ToByteArray(),
        ];
        return
        [
            new("certificate", ders, ReadCertificate),
            new("certificates in PEM", [chainPem, rootPem], static input => Certificate.ParsePem(input), typeof(FormatException)),
            new("client's chain", Chains, ReadChain),
            new("certificate signing request", [request], ReadRequest),
            new("revocation list", [RevocationList(), .. ders], static input => CertificateRevocationList.Parse(input), typeof(FormatException)),
            new("file of revocation lists", [RevocationList(), [.. "# ours\n"u8, .. Encoding.ASCII.GetBytes(PemEncoding.WriteString("X509 CRL", RevocationList()))], rootPem], static input => CertificateRevocationList.ParseFile(input), typeof(FormatException)),
            new("private key in PEM", [keyPem], static input => PrivateKey.FromPem(input).Dispose(), typeof(FormatException)),
            new("private key in DER", [Der(keyPem)], ReadKey, typeof(FormatException)),
            new("trust bundle", [[.. rootPem, .. "\n# epoch 3 salt 00ff\n"u8]], ReadBundle, typeof(FormatException)),
            new("SPIFFE ID", ids, ReadSpiffeId),
            new("SPIFFE ID template", Texts("/ns/{namespace}/sa/{service-account}", "spiffe://example.org/a/{b}"), static input => _ = SpiffeIdTemplate.TryParse(Text(input), out _, out _)),
            new("selector", Texts("k8s:ns:default", "unix:uid:1000", "x509:spiffe:spiffe://example.org/a", "jwt:issuer:https://a.example"), static input => _ = Selector.TryParse(Text(input), out _, out _)),
            new("JWT", Texts("eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJhIiwiYXVkIjpbImIiXSwiZXhwIjoxfQ.AAAA"), static input => CompactJws.Parse(Text(input)), typeof(JwtRefusedException)),
            new("JWT key set", Texts(KeySet()), static input => JsonWebKeySet.Parse(Text(input)), typeof(FormatException)),
            new("registrations", Texts(Registrations), ReadRegistrations, typeof(InvalidDataException)),
            new("configuration", Texts(Configuration), ReadConfiguration, typeof(ConfigurationErrorsException)),
            new("state-of-the-world request", discoveries, ReadDiscovery, typeof(RpcException)),
            new("delta request", deltas, ReadDelta, typeof(RpcException)),
        ];
    }

    // To a chain an input is a list of these, leaf first; the first byte says which roots are trusted.
    private static readonly Certificate[] s_certificates = [.. Meshed().Select(static forged => Certificate.Parse(forged.Der()))];

    private static byte[][] Chains => [[1, 12, 10], [3, 13, 11, 10, 8], [2, 0, 1, 2, 3, 4, 5, 6, 7], [3, 12, 8, 9]];

    private const string Registrations = """
        [ { "id": "web", "selectors": ["k8s:ns:default", "k8s:sa:web"], "spiffeId": "spiffe://example.org/ns/default/sa/web", "dnsNames": ["web.example.org"], "leafLifetime": "01:00:00",
            "keyAlgorithm": "EcdsaP256", "secretNames": ["default"], "labels": { "team": "a" }, "peers": ["spiffe://example.org/db"] } ]
        """;

    private const string Configuration = """
        { "SdsServer": { "TrustDomain": "example.org", "DataDirectory": "/tmp/none", "Xds": { "Socket": "/tmp/none/s.sock", "SocketMode": "0660" },
            "Aliases": { "default": "leaf" }, "UnixPeers": [ { "Uid": 1000, "SpiffeId": "spiffe://example.org/ns/default/sa/web" } ],
            "Leaf": { "Lifetime": "01:00:00" }, "Fleet": { "ReconnectWindow": "00:00:30" }, "Rotation": { "Waves": "1, 50%" } } }
        """;

    private static void ReadCertificate(byte[] input)
    {
        if (Certificate.TryParse(input, out Certificate? certificate, out _) && !certificate.ToPem().AsSpan().SequenceEqual(Certificate.Parse(input).ToPem()))
        {
            throw new InvalidOperationException("the same bytes are read in two ways");
        }
    }

    // What is taken is a path of signatures from the leaf to a trusted root; and whatever is sent, it is little work.
    private static void ReadChain(byte[] input)
    {
        Certificate[] trusted = [.. s_certificates[8..10].Where((_, index) => input.Length > 0 && (input[0] >> index & 1) == 1)];
        ChainVerification verified = ChainVerifier.Verify([.. input.Skip(1).Take(11).Select(static at => s_certificates[at % s_certificates.Length])], trusted, ChainPurpose.Client, s_now);
        bool holds = !verified.IsTrusted || (trusted.Contains(verified.Path[^1]) && verified.Path.Zip(verified.Path.Skip(1)).All(static link => link.First.IsSignedBy(link.Second)));
        if (!holds || verified.Tried > ChainVerifier.MaxTried)
        {
            throw new InvalidOperationException($"{verified}, after {verified.Tried}");
        }
    }

    // Eight that are each other's issuers, two roots, authorities below both, one cross-signed, and leaves.
    private static Forged[] Meshed()
    {
        Forged one = Lasting(Forged.Authority("CN=one")), other = Lasting(Forged.Authority("CN=other root"));
        Forged below = Lasting(Forged.Authority("CN=below")) with { Issuer = one };
        Forged[] all = [.. Forged.Tangle(8), one, other, below, below with { Issuer = other, Serial = [7] }, below.Leaf("spiffe://example.org/a"), one.Leaf("spiffe://example.org/b")];
        return [.. all.Select(Lasting)];

        static Forged Lasting(Forged forged) => forged with { NotBefore = s_now.AddDays(-1), NotAfter = s_now.AddDays(1) };
    }

    // What is taken as a request is signed by the key it names: else somebody gets a certificate for a key that is not his.
    private static void ReadRequest(byte[] input)
    {
        if (CertificateSigningRequest.TryParse(input, out _, out _))
        {
            _ = System.Security.Cryptography.X509Certificates.CertificateRequest.LoadSigningRequest(input, HashAlgorithmName.SHA256, out int read);
            if (read != input.Length)
            {
                throw new InvalidOperationException($"{input.Length - read} bytes after the request");
            }
        }
    }

    private static void ReadKey(byte[] input)
    {
        try
        {
            PrivateKey.FromPkcs8(input).Dispose();
        }
        catch (FormatException refused) when (refused.ToString().Contains(Convert.ToBase64String(input, 0, Math.Min(30, input.Length)), StringComparison.Ordinal) && input.Length > 12)
        {
            throw new InvalidOperationException("the error shows the key");
        }
    }

    private static void ReadBundle(byte[] input)
    {
        (TrustBundle bundle, BundleStamp stamp) = TrustBundle.Parse(input);
        if (!bundle.ToPem(stamp).AsSpan().SequenceEqual(input))
        {
            throw new InvalidOperationException("a bundle that would be written in other bytes was taken");
        }
    }

    // An oracle of its own: SPIFFE-ID sections 2.1 to 2.3.
    private static void ReadSpiffeId(byte[] input)
    {
        string text = Text(input);
        bool taken = SpiffeId.TryParse(text, out SpiffeId? id, out _);
        bool good = SpiffeIdText().IsMatch(text) && text.Length <= 2048 && text.Split('/')[2].Length <= 255 && !text.Split('/').Skip(3).Any(static part => part is "." or "..");
        if (taken != good || (taken && id!.ToString() != text))
        {
            throw new InvalidOperationException($"'{text}' is {(taken ? "taken" : "refused")}");
        }
    }

    private static void ReadRegistrations(byte[] input) => RegistrationDocument.Parse(
        Text(input), static registration => RegistrationRules.Check(registration, TrustDomain.Parse("example.org"), new LeafPolicy()));

    private static void ReadConfiguration(byte[] input)
    {
        IConfigurationRoot configuration;
        try
        {
            using MemoryStream json = new(input);
            configuration = new ConfigurationBuilder().AddJsonStream(json).Build();
        }
        catch (Exception broken) when (broken is FormatException or JsonException or InvalidDataException or InvalidOperationException)
        {
            // The framework's own parser says so.
            return;
        }

        _ = ServerSettings.Read(configuration.GetSection("SdsServer"));
    }

    private static void ReadDiscovery(byte[] input)
    {
        DiscoveryRequest request;
        try
        {
            request = DiscoveryRequest.Parser.WithDiscardUnknownFields(true).ParseFrom(input);
        }
        catch (InvalidProtocolBufferException)
        {
            return;
        }

        SotwSession session = new(Client(request.Node), s_names, s_limits, "1", NextSubscription());
        session.Handle(request, s_now);
        session.Handle(request, s_now);
    }

    private static void ReadDelta(byte[] input)
    {
        DeltaDiscoveryRequest request;
        try
        {
            request = DeltaDiscoveryRequest.Parser.WithDiscardUnknownFields(true).ParseFrom(input);
        }
        catch (InvalidProtocolBufferException)
        {
            return;
        }

        DeltaSession session = new(Client(request.Node), s_names, s_limits, "1", NextSubscription());
        session.Handle(request, s_now);
        session.Handle(request, s_now);
    }

    private static Func<long> NextSubscription()
    {
        long last = 0;
        return () => ++last;
    }

    private static StreamClient Client(Node? node) =>
        new(1, new InstanceKey("spiffe://example.org/a", node?.Id ?? "", "user:1"), new Workload("spiffe://example.org/a", [], BundleOnly: false), NodeIdentity.From(node, s_limits));

    private static Node Proxy() => new() { Id = "proxy-1", Cluster = "web", UserAgentName = "envoy", UserAgentVersion = "1.40.0" };

    private static byte[][] Texts(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];

    private static string Text(byte[] input) => Encoding.UTF8.GetString(input);

    private static byte[] Der(byte[] pem)
    {
        string text = Encoding.ASCII.GetString(pem);
        return Convert.FromBase64String(text[PemEncoding.Find(text).Base64Data]);
    }

    private static byte[] RevocationList()
    {
        using SigningAuthority root = SigningAuthority.CreateRoot(new AuthorityProfile(TrustDomain.Parse("example.org")), s_now);
        return Der(CertificateRevocationList.Create(root, [new("0a1b", s_now)], 1, s_now, s_now.AddDays(1)).ToPem());
    }

    private static string KeySet()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        ECParameters point = key.ExportParameters(includePrivateParameters: false);
        static string Url(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
        return $$"""{"keys":[{"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":"a","x":"{{Url(point.Q.X!)}}","y":"{{Url(point.Q.Y!)}}"}]}""";
    }

    [GeneratedRegex("^spiffe://[a-z0-9._-]+(/[a-zA-Z0-9._-]+)*\\z", RegexOptions.CultureInvariant)]
    private static partial Regex SpiffeIdText();
}
