using SdsServer.Admin.Operators;
using SdsServer.Core.Pki;
using SdsServer.Testing;

namespace SdsServer.Tests.Identity.X509;

/// <summary>
/// Client certificates that all name each other as issuers, over real TLS. What is looked at is what was counted: how long the work would take depends
/// on the machine.
/// </summary>
public sealed class TangledChainTests
{
    private static readonly string s_refusal = $"in too many ways: more than {ChainVerifier.MaxTried} were tried";

    [RealProgramFact("openssl")]
    public async Task A_proxys_are_followed_for_a_few_steps()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();

        Assert.Contains(s_refusal, await ShowAsync(host, host.XdsPort), StringComparison.Ordinal);
        Assert.Contains(host.Log.Lines, line => line.Id == 6101 && line.Text.Contains(s_refusal, StringComparison.Ordinal));
    }

    [RealProgramFact("openssl")]
    public async Task An_operators_are_followed_for_a_few_steps_in_the_handshake()
    {
        await using MtlsHost host = await MtlsHost.StartAsync((options, directory) =>
        {
            File.WriteAllText(directory.PathOf("operators.crt"), Forged.Authority("CN=Operators CA").Pem());
            options.Admin.Tcp = "127.0.0.1:0";
            options.Admin.ClientCaFile = directory.PathOf("operators.crt");
            options.Admin.Roles.Add(new OperatorRuleOptions { SpiffeId = "spiffe://corp.example/ops/admin", Role = "admin" });
        });

        Assert.DoesNotContain("grpc-status", await ShowAsync(host, host.AdminPort), StringComparison.Ordinal);
        Assert.Contains(host.Log.Lines, line => line.Id == 6101 && line.Text.Contains(s_refusal, StringComparison.Ordinal));
    }

    private static async Task<string> ShowAsync(MtlsHost host, int port)
    {
        Forged[] tangle = Forged.Tangle(10);
        string own = await host.PathOfAsync("client.pem", tangle[0].Pem() + "\n" + tangle[0].Key.ExportPkcs8PrivateKeyPem());
        string others = await host.PathOfAsync("others.pem", string.Join('\n', tangle.Skip(1).Select(forged => forged.Pem())));
        return await OpenSslClient.CallAsync(port, "tls1_3", own, "-cert_chain", others);
    }
}
