using System.Diagnostics;
using System.Globalization;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

/// <summary>The openssl program must agree with us, also on what it refuses. Where it is not on PATH the tests say so and pass.</summary>
public sealed class OpenSslTests(Xunit.Abstractions.ITestOutputHelper output) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sdsserver-pki-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(KeyAlgorithm.EcdsaP256)]
    [InlineData(KeyAlgorithm.EcdsaP384)]
    [InlineData(KeyAlgorithm.Rsa2048)]
    public async Task Chains_keys_requests_and_lists_of_ours_are_good(KeyAlgorithm algorithm)
    {
        using SigningAuthority root = Make.Root(algorithm), middle = Make.Below(root), stranger = Make.Root(algorithm);
        (IssuedLeaf leaf, PrivateKey key) = Make.Leaf(middle, algorithm);
        string rootFile = Write("root.pem", root.Root.ToPem()), chain = Write("chain.pem", leaf.ChainPem.Span);
        string time = $"-attime {Make.Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}";
        foreach (string purpose in new[] { "sslserver", "sslclient" })
        {
            await Expect(0, "OK", $"verify -x509_strict -purpose {purpose} {time} -CAfile {rootFile} -untrusted {chain} {chain}");
        }

        await Expect(0, "OK", $"verify {time} -partial_chain -CAfile {Write("middle.pem", middle.Certificate.ToPem())} {chain}");
        await Expect(2, "unable to get local issuer", $"verify {time} -CAfile {Write("stranger.pem", stranger.Root.ToPem())} -untrusted {chain} {chain}");
        await Expect(2, "expired", $"verify -attime {leaf.NotAfter.AddSeconds(1).ToUnixTimeSeconds()} -CAfile {rootFile} -untrusted {chain} {chain}");
        string text = await Expect(0, "URI:spiffe://example.org/ns/default/sa/web", $"x509 -noout -text -in {chain}");
        Assert.Contains("TLS Web Server Authentication, TLS Web Client Authentication", text, StringComparison.Ordinal);
        Assert.Contains("X509v3 Subject Alternative Name: critical", text, StringComparison.Ordinal);
        await Expect(0, leaf.Serial, $"x509 -noout -serial -in {chain}", ignoreCase: true);

        string keyFile = Write("key.pem", key.Pem());
        string publicKey = await Expect(0, "BEGIN PUBLIC KEY", $"pkey -in {keyFile} -pubout");
        Assert.Equal(publicKey, await Expect(0, "BEGIN PUBLIC KEY", $"x509 -noout -pubkey -in {chain}"));
        await Expect(0, "verify OK", $"req -inform DER -verify -noout -in {Write("csr.der", CertificateSigningRequest.Create(key, Make.Web, ["web"]))}");

        CertificateRevocationList rootList = CertificateRevocationList.Create(root, [], 1, Make.Now, Make.Now.AddDays(1));
        string clean = Write("clean.pem", [.. rootList.ToPem(), .. CertificateRevocationList.Create(middle, [], 1, Make.Now, Make.Now.AddDays(1)).ToPem()]);
        string revoking = Write("revoking.pem", [.. rootList.ToPem(), .. CertificateRevocationList.Create(middle, [new(leaf.Serial, Make.Now)], 2, Make.Now, Make.Now.AddDays(1)).ToPem()]);
        await Expect(0, "OK", $"verify {time} -crl_check_all -CRLfile {clean} -CAfile {rootFile} -untrusted {chain} {chain}");
        await Expect(2, "revoked", $"verify {time} -crl_check_all -CRLfile {revoking} -CAfile {rootFile} -untrusted {chain} {chain}");
        await Expect(0, "verify OK", $"crl -noout -verify -CAfile {rootFile} -in {clean}");
    }

    [Fact]
    public async Task Openssl_and_we_refuse_the_same_chains()
    {
        Forge root = Forge.Root() with { PathLength = 0 };
        Forge middle = root.Intermediate(), noCa = Forge.Root().Intermediate() with { IsAuthority = false };
        foreach ((string name, Forge[] chain, Forge anchor) in new (string, Forge[], Forge)[]
        {
            ("path length", [middle.Leaf(), middle], root),
            ("no CA", [noCa.Leaf(), noCa], noCa.Issuer!),
            ("expired", [root.Leaf() with { NotAfter = Make.Now.AddMinutes(-1) }], root),
            ("client only", [root.Leaf() with { ExtendedKeyUsage = [Oids.ClientAuth] }], root),
            ("constraints", [(root with { PathLength = null }).Leaf()], root with { More = [NameConstraintsTests.Uri("example.com")] }),
        })
        {
            Certificate[] sent = [.. chain.Select(forge => forge.Certificate())];
            Certificate trusted = anchor.Certificate();
            Assert.False(ChainVerifier.Verify(sent, [trusted], ChainPurpose.Server, Make.Now).IsTrusted, name);
            string leaf = Write("leaf.pem", sent[0].ToPem()), others = Write("others.pem", [.. sent.SelectMany(one => one.ToPem())]);
            await Expect(2, "error", $"verify -purpose sslserver -attime {Make.Now.ToUnixTimeSeconds()} -CAfile {Write("anchor.pem", trusted.ToPem())} -untrusted {others} {leaf}");
        }
    }

    [Theory]
    [InlineData("-newkey ed25519", "Ed25519")]
    [InlineData("-newkey rsa:1024", "RSA-1024")]
    [InlineData("-newkey ec -pkeyopt ec_paramgen_curve:secp521r1", "P-521")]
    [InlineData("-newkey ec -pkeyopt ec_paramgen_curve:secp256k1", "EC curve 1.3.132.0.10")]
    public async Task Foreign_keys_of_openssl_are_named_and_refused(string kind, string name)
    {
        string pem = await Expect(0, "BEGIN CERTIFICATE", $"req -x509 -nodes -subj /CN=x -days 99 {kind} -keyout {_folder}/k.pem");
        if (pem.Length == 0)
        {
            return;
        }

        Certificate certificate = Certificate.ParsePem(System.Text.Encoding.ASCII.GetBytes(pem))[0];
        Assert.Equal((name, null), (certificate.PublicKey.Description, certificate.PublicKey.Algorithm));
        Assert.Throws<FormatException>(() => PrivateKey.FromPem(File.ReadAllBytes($"{_folder}/k.pem")));
        await Expect(0, "", $"req -new -nodes -subj /CN=x {kind} -keyout {_folder}/k.pem -outform DER -out {_folder}/csr");
        Assert.False(CertificateSigningRequest.TryParse(File.ReadAllBytes($"{_folder}/csr"), out _, out string? reason));
        Assert.Contains(name, reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Old_hashes_are_refused()
    {
        string pem = await Expect(0, "BEGIN CERTIFICATE", $"req -x509 -nodes -sha1 -subj /CN=x -days 99 -newkey rsa:2048 -keyout {_folder}/k.pem");
        if (pem.Length == 0)
        {
            return;
        }

        Certificate certificate = Certificate.ParsePem(System.Text.Encoding.ASCII.GetBytes(pem))[0];
        Assert.False(certificate.HasKnownSignatureAlgorithm);
        Assert.False(certificate.IsSelfSigned);
        await Expect(0, "", $"req -new -sha1 -subj /CN=x -key {_folder}/k.pem -outform DER -out {_folder}/csr");
        Assert.False(CertificateSigningRequest.TryParse(File.ReadAllBytes($"{_folder}/csr"), out _, out string? reason));
        Assert.Contains("possession", reason, StringComparison.Ordinal);
    }

    private string Write(string name, ReadOnlySpan<byte> bytes)
    {
        string path = Path.Combine(_folder.FullName, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private async Task<string> Expect(int exitCode, string part, string arguments, bool ignoreCase = false)
    {
        using Process process = new() { StartInfo = new ProcessStartInfo("openssl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true } };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            output.WriteLine("skipped: no openssl on PATH");
            return "";
        }

        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
        Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
        string said = await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        string all = said + await errors;
        Assert.True(process.ExitCode == exitCode, $"openssl {arguments}: exit {process.ExitCode}\n{all}");
        Assert.Contains(part, all, ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
        return said;
    }
}
