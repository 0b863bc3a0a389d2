using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using SdsServer.Core.Authorities;
using SdsServer.Core.Issuance;
using SdsServer.Core.Pki;
using SdsServer.Hosting;
using SdsServer.Testing;
using SdsServer.Tests.Admin;

namespace SdsServer.Tests.Serving;

/// <summary>The life of the certificate, on a clock that is moved by hand.</summary>
public sealed class OwnServingCertificateTests
{
    private static readonly DateTimeOffset Start = new(2031, 5, 4, 3, 2, 1, TimeSpan.Zero);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task It_is_replaced_at_half_of_its_life_with_a_new_key()
    {
        ManualTime time = new(Start) { IsMonotonic = true };
        await using AdminHost host = await AdminHost.StartAsync(Own, time: time);
        using CancellationTokenSource stop = new();
        using Keyring keyring = new(host.Store, "example.org");
        OwnServingCertificate certificate = await StartAsync(host, keyring, time);
        Task running = certificate.RunAsync(stop.Token);
        X509Certificate2 first = certificate.Current.Context.TargetCertificate;
        Assert.Equal(Start.AddHours(24), certificate.NotAfter);
        Assert.True(first.HasPrivateKey);

        await PassAsync(time, TimeSpan.FromHours(11.9));
        Assert.Same(first, certificate.Current.Context.TargetCertificate);
        time.Advance(TimeSpan.FromHours(0.2));
        await Condition.AwaitAsync("another certificate", Limit, _ =>
        {
            // It may have looked just before, and set its next timer after this clock was moved.
            time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(certificate.Current.Context.TargetCertificate != first);
        });
        X509Certificate2 second = certificate.Current.Context.TargetCertificate;
        Assert.NotEqual(first.GetPublicKeyString(), second.GetPublicKeyString());
        Assert.True(certificate.NotAfter > Start.AddHours(36));
        await stop.CancelAsync();
        await running.WaitAsync(Limit);
    }

    [Fact]
    public async Task Where_it_cannot_be_replaced_the_one_before_serves_on_and_the_log_says_so_once()
    {
        ManualTime time = new(Start) { IsMonotonic = true };
        CapturedLog log = new();
        await using AdminHost host = await AdminHost.StartAsync(Own, time: time);
        using CancellationTokenSource stop = new();
        using Keyring keyring = new(host.Store, "example.org");
        OwnServingCertificate certificate = await StartAsync(host, keyring, time, log);
        X509Certificate2 first = certificate.Current.Context.TargetCertificate;
        Core.Rotation.TrustState state = await host.StateAsync();
        await host.Store.DeleteKeyAsync("example.org", state.Term, state.Signer, default);
        keyring.Forget(state.Signer);
        time.Advance(TimeSpan.FromHours(12.1));
        Task running = certificate.RunAsync(stop.Token);
        await Condition.AwaitAsync("the warning", Limit, _ => Task.FromResult(log.Lines.Any(line => line.Text.Contains("cannot be replaced", StringComparison.Ordinal))));
        await PassAsync(time, TimeSpan.FromMinutes(1));

        Assert.Same(first, certificate.Current.Context.TargetCertificate);
        Assert.Single(log.Lines, line => line.Text.Contains("cannot be replaced", StringComparison.Ordinal));
        await stop.CancelAsync();
        await running.WaitAsync(Limit);
    }

    private static void Own(ServerOptions options)
    {
        options.Xds.Tcp = "127.0.0.1:0";
        options.Xds.ServingNames.Add("localhost");
    }

    // Timers that come due run inside; what they wake runs beside.
    private static async Task PassAsync(ManualTime time, TimeSpan span)
    {
        for (int step = 0; step < 20; step++)
        {
            time.Advance(span / 20);
            await Task.Yield();
        }
    }

    private static Task<OwnServingCertificate> StartAsync(AdminHost host, Keyring keyring, TimeProvider time, ILogger? logger = null) => OwnServingCertificate.StartAsync(
        new ServingSigner(keyring, LeafPolicy.Default, ServingNames.Read(TrustDomain.Parse("example.org"), ["localhost"]), KeyAlgorithm.EcdsaP256),
        host.Loop, 0.5, time, logger ?? new CapturedLog(), default);
}
