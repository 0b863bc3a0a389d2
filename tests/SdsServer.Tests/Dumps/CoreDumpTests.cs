using System.Buffers.Text;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Admin;
using SdsServer.Core.Pki;
using SdsServer.Enrolment;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;
using SdsServer.Protos.Enrolment.V1;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using SdsServer.Storage;
using SdsServer.Storage.Sqlite;
using SdsServer.Testing;
using SdsServer.Testing.Pki;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Hosting;
using SdsServer.Xds;
using Xunit.Abstractions;
using EnrolmentService = SdsServer.Enrolment.EnrolmentService;
using Metadata = SdsServer.Grpc.Metadata;
using TokenService = SdsServer.Admin.TokenService;

namespace SdsServer.Tests.Dumps;

/// <summary>
/// The memory of the real server after it has done its work: what it holds of secrets, and where. Whoever takes a dump can do anything to the process; but dumps are
/// copied, attached to tickets and kept.
/// </summary>
public sealed class CoreDumpTests(ITestOutputHelper output) : IDisposable
{
    private const string Web = "spiffe://example.org/ns/shop/sa/web";
    private const string Bearer = "Bearer ";
    private const string Control = "an identity as .NET text";
    private const string OnItsWay = "a leaf's key as bytes";
    private const string InOpenSsl = " as OpenSSL keeps it";
    private const string InKestrel = " as it came in";
    private const int SecretLength = 43;
    private const int Scalar = 36;
    private const int ScalarLength = 32;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);
    private static readonly GrpcMethod<DeltaDiscoveryRequest, DeltaDiscoveryResponse> s_delta = new(SecretDiscoveryService.Descriptor, "DeltaSecrets");

    private readonly TemporaryDirectory _folder = new("sdsserver-dump");
    private readonly ScratchAuthority _authority = new("server CA");
    private readonly ReservedPort _port = ReservedPort.Take();

    private string KeyFile => _folder.PathOf("kek");

    private string Data => _folder.PathOf("data");

    public void Dispose()
    {
        _port.Dispose();
        _authority.Dispose();
        _folder.Dispose();
    }

    [CoreDumpFact]
    public async Task A_full_dump_shows_no_key_and_no_token_but_those_that_the_runtime_keeps()
    {
        string keyText = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        await File.WriteAllTextAsync(KeyFile, keyText);
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (string chain, string servingKey) = _authority.Issue(dns: "localhost");
        await File.WriteAllTextAsync(_folder.PathOf("server.crt"), chain);
        _folder.WritePrivate("server.key", servingKey);

        // Whoever makes a token sees its text, the server too: another process is looked at than the one that has made it.
        string token, joinToken;
        await using (ChildProcess maker = await StartAsync())
        {
            using GrpcChannel admin = GrpcChannel.ForAddress($"unix://{Data}/admin.sock");
            (token, joinToken) = (await TokenAsync(admin, join: false), await TokenAsync(admin, join: true));
        }

        string leafKey;
        ILookup<string, byte[]> found;
        List<(string Name, byte[] Bytes)> wanted;
        await using (ChildProcess server = await StartAsync())
        {
            leafKey = await TakeLeavesAsync(token);
            await EnrolAsync(joinToken);
            string dump = _folder.PathOf("core");
            (int exitCode, string told) = await RealProgram.RunAsync(CoreDumpFactAttribute.Program, ["--full", "-f", dump, $"{server.Id}"], s_limit);
            Assert.True(exitCode == 0, told);
            server.Kill();
            await server.Exited;
            wanted =
            [
                (Control, Encoding.Unicode.GetBytes(Web)),
                .. Texts("the key-encryption key", keyText), ("the key-encryption key", Convert.FromBase64String(keyText)),
                ("a P-256 key in PEM as .NET text", Encoding.Unicode.GetBytes("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg")),
                .. Texts("the serving key", servingKey.Split('\n')[1]),
                ("a leaf's key as .NET text", Encoding.Unicode.GetBytes(leafKey.Split('\n')[1])), (OnItsWay, Encoding.ASCII.GetBytes(leafKey.Split('\n')[1])),
                .. TokenTexts("the token", token), .. TokenTexts("the join token", joinToken),
                .. await StoredKeysAsync(),
            ];
            output.WriteLine($"{new FileInfo(dump).Length >> 20} MiB");
            try
            {
                found = DumpFile.Search(dump, wanted, before: Encoding.Unicode.GetByteCount(Bearer));
            }
            finally
            {
                File.Delete(dump);
            }
        }

        string[] counts = [.. wanted.Select(secret => $"{secret.Name}: {found[secret.Name].Count()}")];
        output.WriteLine(string.Join(Environment.NewLine, counts));

        // The dump is a whole one, and is searched: these must be there.
        Assert.All([Control, OnItsWay, .. wanted.Select(secret => secret.Name).Where(name => name.EndsWith(InOpenSsl, StringComparison.Ordinal))], name => Assert.NotEmpty(found[name]));
        string[] kept = [.. wanted.Select(secret => secret.Name).Where(name => name is not Control and not OnItsWay && !name.EndsWith(InOpenSsl, StringComparison.Ordinal)
            && !name.EndsWith(InKestrel, StringComparison.Ordinal) && found[name].Any(IsOurs))];
        Assert.True(kept.Length == 0, $"there is {string.Join(", ", kept)}; all counts: {string.Join(", ", counts)}");

        // In Kestrel's text of the header the scheme stands before the token.
        static bool IsOurs(byte[] before) => !before.AsSpan().EndsWith(Encoding.Unicode.GetBytes(Bearer));
    }

    private static (string, byte[])[] Texts(string name, string text) => [($"{name} as bytes", Encoding.UTF8.GetBytes(text)), ($"{name} as .NET text", Encoding.Unicode.GetBytes(text))];

    private static (string, byte[])[] TokenTexts(string name, string text) =>
        [($"{name}{InKestrel}", Encoding.UTF8.GetBytes(text)), ($"{name} as .NET text", Encoding.Unicode.GetBytes(text)), ($"{name}'s secret", Base64Url.DecodeFromChars(text.AsSpan(text.Length - SecretLength)))];

    private static async Task<string> TokenAsync(GrpcChannel admin, bool join) => (await admin.UnaryAsync(
        new GrpcMethod<CreateTokenRequest, CreateTokenResponse>(TokenService.Descriptor, "CreateToken"),
        new CreateTokenRequest { Parent = "trustDomains/example.org", SpiffeId = Web, Join = join ? new JoinUses { Uses = 1 } : null },
        new CallOptions(Timeout: s_limit))).Secret;

    private Task<ChildProcess> StartAsync() => RealServer.StartAsync(
        Data, $"KeyEncryptionKeyFile={KeyFile}", $"Xds:Tcp={_port.Endpoint}", $"Xds:CertificateFile={_folder.PathOf("server.crt")}", $"Xds:KeyFile={_folder.PathOf("server.key")}");

    private GrpcChannel Connect()
    {
        X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(_authority.RootPem);
        return GrpcChannel.ForAddress($"https://localhost:{_port.Endpoint.Port}", new GrpcChannelOptions { SingleConnection = true, Tls = new SslClientAuthenticationOptions { CertificateChainPolicy = policy } });
    }

    /// <summary>Takes and accepts a bundle and a leaf on some connections. The last key.</summary>
    private async Task<string> TakeLeavesAsync(string token)
    {
        string key = "";
        for (int proxy = 0; proxy < 8; proxy++)
        {
            using GrpcChannel channel = Connect();
            await using ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call =
                channel.Duplex(s_delta, new CallOptions(new Metadata { { "authorization", Bearer + token } }, s_limit));
            await call.WriteAsync(new DeltaDiscoveryRequest { Node = new Node { Id = $"web-{proxy}", Cluster = "web" }, ResourceNamesSubscribe = { "ROOTCA", "default" } });
            for (int secrets = 0; secrets < 2;)
            {
                DeltaDiscoveryResponse response = await call.ReadAsync() ?? throw new InvalidOperationException("the stream has ended");
                secrets += response.Resources.Count;
                key = response.Resources.Select(resource => resource.Resource_.Unpack<Secret>().TlsCertificate?.PrivateKey.InlineBytes.ToStringUtf8()).LastOrDefault(pem => pem is not null) ?? key;
                await call.WriteAsync(new DeltaDiscoveryRequest { ResponseNonce = response.Nonce });
            }
        }

        return key;
    }

    private async Task EnrolAsync(string joinToken)
    {
        using PrivateKey key = PrivateKey.Generate(Core.Pki.KeyAlgorithm.EcdsaP256);
        using GrpcChannel channel = Connect();
        await channel.UnaryAsync(
            new GrpcMethod<EnrolRequest, EnrolResponse>(EnrolmentService.Descriptor, "Enrol"),
            new EnrolRequest { CertificateRequest = ByteString.CopyFrom(CertificateSigningRequest.Create(key, null)) },
            new CallOptions(new Metadata { { "authorization", Bearer + joinToken } }, s_limit));
    }

    private async Task<List<(string Name, byte[] Bytes)>> StoredKeysAsync()
    {
        SqliteOptions options = new() { DataDirectory = Data, KeyEncryptionKeyFile = KeyFile };
        await using SqliteTrustStore store = await SqliteTrustStore.OpenAsync(options, NullLogger.Instance, default);
        string signer = (await store.BeginTermAsync("example.org", DateTimeOffset.MinValue, default)).State!.Signer;
        string enrolment = (await store.ReadEnrolmentsAsync("example.org", default)).Authorities.Single().Id;
        List<(string, byte[])> keys = [];
        foreach (string id in new[] { signer, enrolment })
        {
            byte[] pkcs8 = await store.ReadKeyAsync("example.org", id, default);
            byte[] scalar = pkcs8[Scalar..(Scalar + ScalarLength)];
            keys.AddRange([($"the key of {id}", pkcs8), ($"the number of {id}", scalar), ($"the number of {id}{InOpenSsl}", [.. scalar.Reverse()])]);
        }

        return keys;
    }
}
