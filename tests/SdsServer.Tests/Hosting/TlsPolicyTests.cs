using SdsServer.Testing;
using SdsServer.Testing.Pki;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Identity.X509;

namespace SdsServer.Tests.Hosting;

/// <summary>What both TLS listeners take, on a machine whose OpenSSL is set to take more.</summary>
public sealed class TlsPolicyTests
{
    private const string Weak = """
        openssl_conf = all
        [all]
        ssl_conf = tls
        [tls]
        system_default = weak
        [weak]
        MinProtocol = TLSv1
        CipherString = ALL@SECLEVEL=0
        """;

    [RealProgramFact("openssl")]
    public async Task Old_protocols_and_ciphers_are_refused_whatever_the_machine_allows()
    {
        using TemporaryDirectory directory = new("sdsserver-tls");
        using ScratchAuthority authority = new("server CA");
        using ReservedPort xds = ReservedPort.Take(), admin = ReservedPort.Take();
        (string chain, string key) = authority.Issue(dns: "localhost");
        Forged operators = Forged.Authority("CN=Operators CA"), alice = operators.Leaf("spiffe://corp.example/ops/alice");
        string shown = directory.WritePrivate("alice.pem", alice.Pem() + "\n" + alice.Key.ExportPkcs8PrivateKeyPem());
        await using ChildProcess server = await RealServer.StartAsync(
            new ChildOptions { Environment = new Dictionary<string, string?> { ["OPENSSL_CONF"] = directory.WritePrivate("weak.cnf", Weak) } },
            directory.PathOf("data"),
            $"Xds:Tcp={xds.Endpoint}", $"Xds:CertificateFile={directory.WritePrivate("server.crt", chain)}", $"Xds:KeyFile={directory.WritePrivate("server.key", key)}",
            $"Admin:Tcp={admin.Endpoint}", $"Admin:ClientCaFile={directory.WritePrivate("operators.crt", operators.Pem())}", "Admin:Roles:0:SpiffeId=spiffe://corp.example/ops/alice", "Admin:Roles:0:Role=viewer");
        foreach (int port in new[] { xds.Number, admin.Number })
        {
            Assert.Contains("New, TLSv1.3, Cipher is TLS_", await OpenSslClient.CallAsync(port, "tls1_3", shown), StringComparison.Ordinal);
            await TakesAsync(port, "ECDHE-ECDSA-AES128-GCM-SHA256");
            await TakesAsync(port, "ECDHE-ECDSA-CHACHA20-POLY1305");

            // Not for want of a cipher.
            Assert.Contains("alert protocol version", await OpenSslClient.CallAsync(port, "tls1_1", shown, "-cipher", "ALL@SECLEVEL=0"), StringComparison.Ordinal);

            // In blocks that are chained, with or without SHA-2.
            Assert.Contains(
                "Cipher is (NONE)",
                await OpenSslClient.CallAsync(port, "tls1_2", shown, "-cipher", "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"),
                StringComparison.Ordinal);
        }

        async Task TakesAsync(int port, string cipher) => Assert.Contains(
            $"New, TLSv1.2, Cipher is {cipher}", await OpenSslClient.CallAsync(port, "tls1_2", shown, "-cipher", cipher), StringComparison.Ordinal);
    }
}
