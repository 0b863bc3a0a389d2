using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Hosting;
using SdsServer.Testing;

namespace SdsServer.Tests.Hosting;

public sealed class RotationWebhookTests
{
    private static readonly AskWebhook Ask = new(7, "r1", Gate.G2, 3, "set signer root-b for wave 3", "epoch 4, floor 4");

    [Fact]
    public async Task Asks_with_what_the_step_is_about()
    {
        await using LocalWeb web = await LocalWeb.StartAsync();
        web.Answer = () => (200, """{"verdict": "allow", "reason": "error rate 0 %"}""");
        using RotationWebhook webhook = new(new Uri(web.Address, "/gate"), "example.org", TimeProvider.System);

        Assert.Equal(new WebhookAnswered(7, WebhookVerdict.Allow, "error rate 0 %"), await webhook.AskAsync(Ask, default));

        Assert.Equal(
            """POST /gate {"trustDomain":"example.org","rotation":"r1","gate":"G2","wave":3,"step":"set signer root-b for wave 3","evidence":"epoch 4, floor 4"}""",
            Assert.Single(web.Requests));
    }

    [Theory]
    [InlineData(200, """{"verdict": "deny", "reason": "5xx"}""", WebhookVerdict.Deny, "5xx")]
    [InlineData(200, """{"verdict": "deny"}""", WebhookVerdict.Deny, "it gave no reason")]
    [InlineData(200, """{"verdict": "wait", "reason": "red\u001b[31m\nalert"}""", WebhookVerdict.Wait, "red [31m alert")]
    [InlineData(200, """{"verdict": "ALLOW"}""", WebhookVerdict.Wait, "its answer has no verdict of allow, wait and deny")]
    [InlineData(200, """{"verdict": true}""", WebhookVerdict.Wait, "its answer has no verdict of allow, wait and deny")]
    [InlineData(200, """["allow"]""", WebhookVerdict.Wait, "its answer has no verdict of allow, wait and deny")]
    [InlineData(200, "allow", WebhookVerdict.Wait, "its answer is no JSON")]
    [InlineData(201, """{"verdict": "allow"}""", WebhookVerdict.Wait, "it answered with status 201")]
    [InlineData(302, """{"verdict": "allow"}""", WebhookVerdict.Wait, "it answered with status 302")]
    [InlineData(503, """{"verdict": "deny"}""", WebhookVerdict.Wait, "it answered with status 503")]
    public async Task Only_a_clear_answer_is_a_yes_or_a_no(int status, string body, WebhookVerdict verdict, string reason)
    {
        await using LocalWeb web = await LocalWeb.StartAsync();
        web.Answer = () => (status, body);
        using RotationWebhook webhook = new(web.Address, "example.org", TimeProvider.System);

        Assert.Equal(new WebhookAnswered(7, verdict, reason), await webhook.AskAsync(Ask, default));
        Assert.Single(web.Requests);
    }

    [Theory]
    [InlineData("utf8")]
    [InlineData("latin-1")]
    [InlineData("utf-16")]
    [InlineData("\"")]
    public async Task Json_is_read_whatever_charset_is_said(string charset)
    {
        await using LocalWeb web = await LocalWeb.StartAsync();
        web.ContentType = $"application/json; charset={charset}";
        web.Answer = () => (200, """{"verdict": "allow", "reason": "größer"}""");
        using RotationWebhook webhook = new(web.Address, "example.org", TimeProvider.System);

        Assert.Equal(new WebhookAnswered(7, WebhookVerdict.Allow, "größer"), await webhook.AskAsync(Ask, default));
    }

    [Theory]
    [InlineData("""{"verdict": "allow", "reason": "\ud83d"}""")]
    [InlineData("""{"verdict": "\ud83d", "reason": "fine"}""")]
    [InlineData("""{"reas\ud83d": "", "verdict": "allow"}""")]
    [InlineData("""{"verdict": "allow", "reason": "größer"}""")]
    public async Task An_answer_with_half_a_character_is_waited_for(string body)
    {
        await using LocalWeb web = await LocalWeb.StartAsync();
        web.Encoding = System.Text.Encoding.Latin1;
        web.Answer = () => (200, body);
        using RotationWebhook webhook = new(web.Address, "example.org", TimeProvider.System);

        WebhookAnswered answered = await webhook.AskAsync(Ask, default);

        Assert.Equal((7, WebhookVerdict.Wait), (answered.Ask, answered.Verdict));
        Assert.StartsWith("its answer cannot be read: ", answered.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_reason_ends_with_a_whole_character()
    {
        await using LocalWeb web = await LocalWeb.StartAsync();
        web.Answer = () => (200, $$"""{"verdict": "deny", "reason": "{{new string('x', 299)}}🔥🔥"}""");
        using RotationWebhook webhook = new(web.Address, "example.org", TimeProvider.System);

        Assert.Equal(new string('x', 299) + "🔥", (await webhook.AskAsync(Ask, default)).Reason);
    }

    [Fact]
    public async Task An_answer_that_does_not_come_or_is_too_long_is_waited_for()
    {
        await using LocalWeb web = await LocalWeb.StartAsync();
        ManualTime time = new(DateTimeOffset.UnixEpoch);
        using RotationWebhook webhook = new(web.Address, "example.org", time);
        web.Answer = () => null;
        Task<WebhookAnswered> asked = webhook.AskAsync(Ask, default);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(new WebhookAnswered(7, WebhookVerdict.Wait, "it did not answer within 10 s"), await asked);

        web.Answer = () => (200, $$"""{"verdict": "allow", "reason": "{{new string('x', 100_000)}}"}""");
        WebhookAnswered endless = await webhook.AskAsync(Ask, default);
        Assert.Equal(WebhookVerdict.Wait, endless.Verdict);

        await web.DisposeAsync();
        WebhookAnswered gone = await webhook.AskAsync(Ask, default);
        Assert.Equal(WebhookVerdict.Wait, gone.Verdict);
        Assert.StartsWith("it could not be asked", gone.Reason, StringComparison.Ordinal);
    }
}
