using SdsServer.Identity.Jwt;
using SdsServer.Testing;
using SdsServer.Tests.Xds;

namespace SdsServer.Tests.Identity.Jwt;

public sealed class IssuerKeysTests : IDisposable
{
    private readonly ManualTime _time = new(TestIssuer.Now) { IsMonotonic = true };
    private readonly CapturedLog _log = new();
    private int _readings;
    private Func<string> _answer = () => TestIssuer.OneKey("old");

    public void Dispose() => _log.Dispose();

    [Fact]
    public async Task An_unknown_key_makes_them_be_read_but_not_more_often_than_set()
    {
        IssuerKeys keys = Keys();
        await keys.WithAsync("old", default);
        _answer = () => TestIssuer.OneKey("new");

        Assert.False((await keys.WithAsync("new", default)).Knows("new"));
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.True((await keys.WithAsync("new", default)).Knows("new"));
        for (int invented = 0; invented < 100; invented++)
        {
            await keys.WithAsync($"invented{invented}", default);
        }

        Assert.Equal(2, _readings);
    }

    [Fact]
    public async Task An_outage_keeps_the_last_good_keys_for_their_age_and_is_logged_once()
    {
        IssuerKeys keys = Keys();
        await keys.WithAsync("old", default);
        _answer = () => throw new IOException("down");
        for (int minute = 0; minute < 59; minute++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            Assert.True((await keys.WithAsync("unknown", default)).Knows("old"));
        }

        _time.Advance(TimeSpan.FromMinutes(1));
        JwtRefusedException refused = await Assert.ThrowsAsync<JwtRefusedException>(async () => await keys.WithAsync("old", default));
        _answer = () => TestIssuer.OneKey("old");
        _time.Advance(TimeSpan.FromMinutes(1));
        await keys.WithAsync("old", default);

        Assert.Equal(JwtRefusal.NoKeys, refused.Refusal);
        Assert.Single(_log.Lines, line => line.Id == 6003);
        Assert.Equal(2, _log.Lines.Count(line => line.Id == 6002));
    }

    [Fact]
    public async Task Keys_that_were_taken_back_are_gone_after_the_next_reading()
    {
        IssuerKeys keys = Keys();
        using CancellationTokenSource stop = new();
        Task running = keys.RunAsync(stop.Token);
        await Condition.AwaitAsync("the first reading", XdsTestServer.Patience, _ => Task.FromResult(_readings == 1 && _time.Waiting == 1));
        _answer = () => TestIssuer.OneKey("new");
        _time.Advance(TimeSpan.FromMinutes(5));
        await Condition.AwaitAsync("the second reading", XdsTestServer.Patience, _ => Task.FromResult(_readings == 2 && _time.Waiting == 1));

        Assert.False((await keys.WithAsync("new", default)).Knows("old"));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_set_that_cannot_be_used_does_not_replace_a_good_one()
    {
        IssuerKeys keys = Keys();
        await keys.WithAsync("old", default);
        _answer = () => "{\"keys\":[]}";
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.True((await keys.WithAsync("unknown", default)).Knows("old"));
    }

    [Fact]
    public async Task Whoever_waits_for_one_reading_shares_it()
    {
        TaskCompletionSource<string> slow = new();
        IssuerKeys keys = new(Issuer(), _ => { Interlocked.Increment(ref _readings); return slow.Task; }, _time, _log);
        Task<JsonWebKeySet>[] waiting = [.. Enumerable.Range(0, 20).Select(caller => keys.WithAsync($"key{caller}", default).AsTask())];
        slow.SetResult(TestIssuer.OneKey("old"));

        await Task.WhenAll(waiting);

        Assert.Equal(1, _readings);
    }

    [Fact]
    public async Task A_slow_reading_is_not_begun_again_however_long_it_takes()
    {
        TaskCompletionSource<string> slow = new();
        IssuerKeys keys = new(Issuer(), _ => { Interlocked.Increment(ref _readings); return slow.Task; }, _time, _log);
        Task<JsonWebKeySet> first = keys.WithAsync("old", default).AsTask();
        await Condition.AwaitAsync("the reading", XdsTestServer.Patience, _ => Task.FromResult(_readings == 1));
        _time.Advance(TimeSpan.FromMinutes(1));
        Task<JsonWebKeySet> second = keys.WithAsync("new", default).AsTask();
        slow.SetResult(TestIssuer.OneKey("old"));

        await Task.WhenAll(first, second);

        Assert.Equal(1, _readings);
    }

    [Fact]
    public async Task A_file_is_read_again_when_it_changed()
    {
        using Testing.Processes.TemporaryDirectory directory = new("sdsserver-jwks");
        string file = directory.PathOf("keys.json");
        await File.WriteAllTextAsync(file, TestIssuer.OneKey("old"));
        JwtAuthenticator jwts = new([TestIssuer.Checked(TestIssuer.Options(file))], _time, _log);
        await jwts.StartAsync(default);
        Assert.Null(await jwts.AuthenticateAsync(TestIssuer.Token(key: "new"), "ip:192.0.2.1", "192.0.2.1", default));
        await File.WriteAllTextAsync(file, TestIssuer.OneKey("new"));

        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.NotNull(await jwts.AuthenticateAsync(TestIssuer.Token(key: "new"), "ip:192.0.2.1", "192.0.2.1", default));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    [InlineData("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"AAAA\"}]}")]
    public async Task A_server_does_not_start_on_a_file_without_keys(string? content)
    {
        using Testing.Processes.TemporaryDirectory directory = new("sdsserver-jwks");
        string file = directory.PathOf("keys.json");
        if (content is not null)
        {
            await File.WriteAllTextAsync(file, content);
        }

        JwtAuthenticator jwts = new([TestIssuer.Checked(TestIssuer.Options(file))], _time, _log);

        InvalidDataException wrong = await Assert.ThrowsAsync<InvalidDataException>(() => jwts.StartAsync(default));
        Assert.Contains(file, wrong.Message, StringComparison.Ordinal);
    }

    private static JwtIssuer Issuer()
    {
        JwtIssuerOptions options = TestIssuer.Options("");
        options.MaxKeyAge = TimeSpan.FromHours(1);
        return TestIssuer.Checked(options);
    }

    private IssuerKeys Keys() => new(Issuer(), _ =>
    {
        Interlocked.Increment(ref _readings);
        return Task.FromResult(_answer());
    }, _time, _log);
}
