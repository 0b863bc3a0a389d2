using System.Security.Cryptography.X509Certificates;
using SdsServer.Core.Access;
using SdsServer.Grpc;
using SdsServer.Testing;
using SdsServer.Tests.Identity.X509;

namespace SdsServer.Tests.Enrolment;

/// <summary>Floods of enrolments, and an honest one beside them.</summary>
public sealed class EnrolmentRateTests
{
    private const string Any = "spiffe://example.org/ns/shop/*";

    [Fact]
    public async Task An_honest_enrolment_passes_beside_a_flood_from_another_address()
    {
        ManualTime time = new(TimeProvider.System.GetUtcNow()) { IsMonotonic = true };
        await using MtlsHost host = await MtlsHost.StartAsync((options, _) => (options.Enrolment.PerSecondPerAddress, options.Enrolment.BurstPerAddress, options.Enrolment.Burst) = (1, 5, 2), time);
        string token = await host.TokenAsync(Any, uses: 2);

        StatusCode[] answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(async _ =>
            (await Assert.ThrowsAsync<RpcException>(() => new EnrolClient(host).EnrolAsync(TokenText.Create("guessed").Text))).StatusCode));

        Assert.Equal((5, 25), (answers.Count(code => code == StatusCode.Unauthenticated), answers.Count(code => code == StatusCode.ResourceExhausted)));
        Assert.Contains(host.Log.Lines, line => line.Id == 6203 && line.Text.Contains("(TooFast)", StringComparison.Ordinal));

        // Guesses have used up nothing of what is for all.
        await new EnrolClient(host, unix: true).EnrolAsync(token, "spiffe://example.org/ns/shop/honest");
        Assert.Contains("try again in a few seconds", await EnrolClient.FailsAsync(new EnrolClient(host).EnrolAsync(token, MtlsHost.Web), StatusCode.ResourceExhausted), StringComparison.Ordinal);

        time.Advance(TimeSpan.FromSeconds(1));
        await new EnrolClient(host).EnrolAsync(token, MtlsHost.Web);
    }

    [Fact]
    public async Task Renewals_have_the_rate_of_their_address_whatever_comes_of_them()
    {
        ManualTime time = new(TimeProvider.System.GetUtcNow()) { IsMonotonic = true };
        await using MtlsHost host = await MtlsHost.StartAsync((options, _) => (options.Enrolment.PerSecondPerAddress, options.Enrolment.BurstPerAddress) = (1, 4), time);
        EnrolClient client = new(host);
        using X509Certificate2 shown = client.Show(await client.EnrolAsync(await host.TokenAsync(MtlsHost.Web, uses: 1)));
        await EnrolClient.FailsAsync(client.RenewAsync(null), StatusCode.Unauthenticated);
        await EnrolClient.FailsAsync(client.RenewAsync(shown, spiffeId: "spiffe://example.org/ns/shop/admin"), StatusCode.PermissionDenied);
        await client.RenewAsync(shown);

        string told = await EnrolClient.FailsAsync(client.RenewAsync(shown), StatusCode.ResourceExhausted);

        Assert.Contains("from your address: try again in a few seconds", told, StringComparison.Ordinal);
        time.Advance(TimeSpan.FromSeconds(1));
        await client.RenewAsync(shown);
    }

    [Fact]
    public async Task A_request_that_is_larger_than_any_honest_one_is_not_taken_in()
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        string told = await EnrolClient.FailsAsync(new EnrolClient(host).EnrolAsync(TokenText.Create("guessed").Text, new byte[64 * 1024]), StatusCode.ResourceExhausted);
        Assert.Contains("over the limit of 65536", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_has_a_token_without_limit_cannot_fill_the_disk_at_once()
    {
        ManualTime time = new(TimeProvider.System.GetUtcNow()) { IsMonotonic = true };
        await using MtlsHost host = await MtlsHost.StartAsync((options, _) => (options.Enrolment.PerSecond, options.Enrolment.Burst) = (1, 3), time);
        string token = await host.TokenAsync(Any, uses: 0);

        string[] told = [.. (await Task.WhenAll(Enumerable.Range(0, 20).Select(number =>
            Record.ExceptionAsync(() => new EnrolClient(host, unix: number % 2 == 0).EnrolAsync(token, $"spiffe://example.org/ns/shop/svc-{number}"))))).OfType<RpcException>().Select(error => error.Status.Detail)];

        Assert.Equal(17, told.Length);
        Assert.All(told, detail => Assert.Contains("in all", detail, StringComparison.Ordinal));
        Assert.Equal(3, (await host.Store.ReadEnrolmentsAsync(MtlsHost.TrustDomain, default)).Certificates.Count);
        time.Advance(TimeSpan.FromSeconds(1));
        await new EnrolClient(host).EnrolAsync(token, MtlsHost.Web);
    }
}
