using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Hosting;
using SdsServer.Testing;

namespace SdsServer.Tests.Hosting;

public sealed class EnvoyAdminsTests
{
    private const string Certs = """{"certificates":[{"ca_cert":[{"serial_number":"77"}],"cert_chain":[{"path":"<inline>","serial_number":"0A11ff","days_until_expiration":"0"}]}]}""";

    [Theory]
    [InlineData(200, Certs, "0a11ff", true)]
    [InlineData(200, Certs, "a11ff", true)]
    [InlineData(200, Certs, "0a11fe", false)]
    [InlineData(200, Certs, "77", false)] // A CA that it trusts is no leaf that it presents.
    [InlineData(404, Certs, "0a11ff", false)]
    [InlineData(302, Certs, "0a11ff", false)]
    [InlineData(200, "<html>", "0a11ff", false)]
    [InlineData(200, """["0a11ff"]""", "0a11ff", false)]
    [InlineData(200, """{"certificates":[{"cert_chain":[7, {"serial_number":7}]}, 7]}""", "7", false)]
    public async Task Finds_a_leaf_by_its_serial_number(int status, string body, string serial, bool found)
    {
        await using LocalWeb web = await LocalWeb.StartAsync();
        web.Answer = () => (status, body);
        using EnvoyAdmins admins = new(TimeProvider.System);

        ProxyProbed probed = await admins.LookAsync(new ProbeProxy("i1", web.Address, serial), default);

        Assert.Equal(("i1", serial, found, found), (probed.InstanceId, probed.Serial, probed.Found, probed.Detail.Length == 0));
        Assert.Equal("GET /certs", Assert.Single(web.Requests));
    }

    [Theory]
    [InlineData("utf8", Certs, "")]
    [InlineData("latin-1", Certs, "")]
    [InlineData("utf-8", """{"certificates":[{"cert_chain":[{"serial_number":"\ud83d"}]}]}""", "answers with something that cannot be read")]
    public async Task An_odd_answer_shows_what_it_shows(string charset, string body, string why)
    {
        await using LocalWeb web = await LocalWeb.StartAsync();
        web.ContentType = $"application/json; charset={charset}";
        web.Answer = () => (200, body);
        using EnvoyAdmins admins = new(TimeProvider.System);

        ProxyProbed probed = await admins.LookAsync(new ProbeProxy("i1", web.Address, "0a11ff"), default);

        Assert.Equal(why.Length == 0, probed.Found);
        Assert.EndsWith(why, probed.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_answer_or_says_too_much_shows_nothing_and_is_not_repeated()
    {
        await using LocalWeb web = await LocalWeb.StartAsync();
        ManualTime time = new(DateTimeOffset.UnixEpoch);
        using EnvoyAdmins admins = new(time);
        web.Answer = () => null;
        Task<ProxyProbed> asked = admins.LookAsync(new ProbeProxy("i1", web.Address, "0a"), default);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Contains("did not answer within 5 s", (await asked).Detail, StringComparison.Ordinal);

        web.Answer = () => (200, "\"" + new string('s', 5 * 1024 * 1024) + "\"");
        ProxyProbed endless = await admins.LookAsync(new ProbeProxy("i1", web.Address, "0a"), default);
        Assert.Contains("more than 4 MiB", endless.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("sss", endless.Detail, StringComparison.Ordinal);
    }
}
