using System.Collections.Immutable;
using System.Text.Json.Nodes;
using SdsServer.Core.Access;
using SdsServer.Grpc;
using SdsServer.Identity.Jwt;
using SdsServer.Identity.Reviews;
using SdsServer.Testing;
using SdsServer.Tests.Identity.Jwt;
using SdsServer.Tests.Xds;

namespace SdsServer.Tests.Identity.Reviews;

/// <summary>What is asked, how often, and what an answer is worth. The clock is the test's, and so is the API server.</summary>
public sealed class TokenReviewerTests : IDisposable
{
    private const string Other = "somebody else than the token says";

    private static readonly Dictionary<string, (Func<string> Token, JwtRefusal Refusal)> s_unsent = new()
    {
        ["no algorithm that there is"] = (() => TestIssuer.Token(header: header => header["alg"] = "none"), JwtRefusal.AlgorithmNotAllowed),
        ["HMAC"] = (() => TestIssuer.Token(header: header => header["alg"] = "HS256"), JwtRefusal.AlgorithmNotAllowed),
        ["another issuer"] = (() => TestIssuer.Token(claims => claims["iss"] = TestIssuer.OtherName), JwtRefusal.UnknownIssuer),
        ["no audience"] = (() => TestIssuer.Token(claims => claims.Remove("aud")), JwtRefusal.NoAudience),
        ["another audience"] = (() => TestIssuer.Token(claims => claims["aud"] = "another"), JwtRefusal.WrongAudience),
        ["expired"] = (() => TestIssuer.Token(claims => claims["exp"] = TestIssuer.Now.AddSeconds(-60).ToUnixTimeSeconds()), JwtRefusal.Expired),
        ["no end"] = (() => TestIssuer.Token(claims => claims.Remove("exp")), JwtRefusal.NoExpiry),
        ["not yet valid"] = (() => TestIssuer.Token(claims => claims["nbf"] = TestIssuer.Now.AddSeconds(61).ToUnixTimeSeconds()), JwtRefusal.NotYetValid),
        ["lives too long"] = (() => TestIssuer.Token(claims => claims["exp"] = TestIssuer.Now.AddHours(25).ToUnixTimeSeconds()), JwtRefusal.LivesTooLong),
    };

    private static readonly Dictionary<string, (Action<JsonObject> Change, JwtRefusal Refusal)> s_answers = new()
    {
        ["not authenticated"] = (status => status["authenticated"] = false, JwtRefusal.NotAuthenticated),
        ["authenticated is left out"] = (status => status.Remove("authenticated"), JwtRefusal.NotAuthenticated),
        ["authenticated is a text"] = (status => status["authenticated"] = "true", JwtRefusal.NotAuthenticated),
        ["no audiences, as of an API server that knows none"] = (status => status.Remove("audiences"), JwtRefusal.WrongAudience),
        ["empty audiences"] = (status => status["audiences"] = new JsonArray(), JwtRefusal.WrongAudience),
        ["another audience"] = (status => status["audiences"] = new JsonArray("https://kubernetes.default.svc", "SDS"), JwtRefusal.WrongAudience),
        ["audiences is a text"] = (status => status["audiences"] = TestIssuer.Audience, JwtRefusal.WrongAudience),
        ["no user"] = (status => status.Remove("user"), JwtRefusal.NotServiceAccount),
        ["user is a text"] = (status => status["user"] = "system:serviceaccount:shop:cart", JwtRefusal.NotServiceAccount),
        ["a person"] = (status => status["user"]!["username"] = "admin", JwtRefusal.NotServiceAccount),
        ["a node"] = (status => status["user"]!["username"] = "system:node:a", JwtRefusal.NotServiceAccount),
        ["no account"] = (status => status["user"]!["username"] = "system:serviceaccount:shop", JwtRefusal.NotServiceAccount),
        ["an empty account"] = (status => status["user"]!["username"] = "system:serviceaccount:shop:", JwtRefusal.NotServiceAccount),
        ["an empty namespace"] = (status => status["user"]!["username"] = "system:serviceaccount::cart", JwtRefusal.NotServiceAccount),
        ["one part too many"] = (status => status["user"]!["username"] = "system:serviceaccount:shop:cart:x", JwtRefusal.NotServiceAccount),
        ["in upper case"] = (status => status["user"]!["username"] = "System:ServiceAccount:shop:cart", JwtRefusal.NotServiceAccount),
        [Other] = (status => status["user"]!["username"] = "system:serviceaccount:shop:admin", JwtRefusal.NotServiceAccount),
    };

    private readonly ApiServer _api = new();

    public static TheoryData<string> Unsent => [.. s_unsent.Keys];

    public static TheoryData<string> Answers => [.. s_answers.Keys];

    public void Dispose() => _api.Dispose();

    [Theory]
    [MemberData(nameof(Unsent))]
    public async Task What_is_no_token_for_this_server_by_its_own_words_is_never_sent(string token)
    {
        (Func<string> make, JwtRefusal refusal) = s_unsent[token];

        Assert.Equal(refusal, (await Assert.ThrowsAsync<JwtRefusedException>(() => _api.AuthenticateAsync(make()))).Refusal);

        Assert.Empty(_api.Asked);
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task An_answer_that_proves_nothing_is_a_refusal_and_is_not_remembered(string answer)
    {
        (Action<JsonObject> change, JwtRefusal refusal) = s_answers[answer];
        _api.Answer = () =>
        {
            JsonObject status = ApiServer.Good();
            change(status);
            return status;
        };

        // The token says of itself what the answer says, so that no other check stands in for the one that is tried.
        string stated = answer == Other ? "system:serviceaccount:shop:cart" : _api.Answer()["user"] is JsonObject user && user["username"] is { } name ? name.GetValue<string>() : "";
        string token = TestIssuer.Token(claims => claims["sub"] = stated);
        Assert.Equal(refusal, (await Assert.ThrowsAsync<JwtRefusedException>(() => _api.AuthenticateAsync(token))).Refusal);
        _api.Answer = ApiServer.Good;
        await Record.ExceptionAsync(() => _api.AuthenticateAsync(token));

        Assert.Equal(2, _api.Asked.Count);
    }

    [Fact]
    public async Task A_reviewed_token_shows_what_a_verified_one_of_the_same_account_shows()
    {
        ReviewedToken reviewed = await _api.AuthenticateAsync(TestIssuer.Token());
        VerifiedJwt byReview = new(reviewed.Claims, reviewed.Expires);
        VerifiedJwt byKey = JwtVerifier.Verify(CompactJws.Parse(TestIssuer.Token()), TestIssuer.Checked(TestIssuer.Options()), JsonWebKeySet.Parse(TestIssuer.Keys), TestIssuer.Now);

        ImmutableArray<Selector> selectors = _api.Issuer.SelectorsOf(byReview);
        Assert.Equal(["jwt:iss:https://issuer.example", "jwt:sub:system:serviceaccount:shop:cart", "k8s:ns:shop", "k8s:sa:cart"], selectors.Select(selector => selector.ToString()));
        Assert.Equal<Selector>(_api.Issuer.SelectorsOf(byKey), selectors);
        Assert.Equal(_api.Issuer.Identify(byKey), _api.Issuer.Identify(byReview));
        Assert.Equal(byKey.ExpiresAt, byReview.ExpiresAt);
        foreach ((string claim, string value) in new[] { ("/kubernetes.io/serviceaccount/uid", "u1"), ("/kubernetes.io/pod/name", "cart-1"), ("/kubernetes.io/pod/uid", "p1"), ("/kubernetes.io/node/name", "node-a"), ("/kubernetes.io/node/uid", "n1") })
        {
            Assert.Equal(value, ClaimPointer.Parse(claim)!.Find(reviewed.Claims));
        }
    }

    [Fact]
    public async Task Which_pod_it_is_must_be_said_once()
    {
        _api.Answer = () =>
        {
            JsonObject status = ApiServer.Good();
            status["user"]!["extra"]!["authentication.kubernetes.io/pod-name"] = new JsonArray("cart-1", "cart-2");
            status["user"]!["extra"]!["authentication.kubernetes.io/node-name"] = "node-a";
            return status;
        };

        ReviewedToken reviewed = await _api.AuthenticateAsync(TestIssuer.Token());

        Assert.Null(ClaimPointer.Parse("/kubernetes.io/pod/name")!.Find(reviewed.Claims));
        Assert.Null(ClaimPointer.Parse("/kubernetes.io/node/name")!.Find(reviewed.Claims));
    }

    [Fact]
    public async Task One_question_for_all_who_show_a_token_and_then_none_until_it_is_old()
    {
        TaskCompletionSource gate = new();
        _api.Gate = gate.Task;
        string token = TestIssuer.Token();
        Task<ReviewedToken>[] all = [.. Enumerable.Range(0, 20).Select(number => _api.AuthenticateAsync(token, $"192.0.2.{number}"))];
        gate.SetResult();
        Assert.Single((await Task.WhenAll(all)).Distinct());
        _api.Time.Advance(TimeSpan.FromSeconds(119));
        await _api.AuthenticateAsync(token);
        Assert.Single(_api.Asked);

        _api.Time.Advance(TimeSpan.FromSeconds(1));
        await _api.AuthenticateAsync(token);
        await _api.AuthenticateAsync(TestIssuer.Token(claims => claims["jti"] = "another"));

        Assert.Equal([token, token], _api.Asked[..2]);
        Assert.Equal(3, _api.Asked.Count);
    }

    [Fact]
    public async Task Nobody_is_remembered_beyond_the_tokens_own_end()
    {
        string token = TestIssuer.Token(claims => claims["exp"] = TestIssuer.Now.AddSeconds(30).ToUnixTimeSeconds());
        await _api.AuthenticateAsync(token);

        // Within the skew: the API server's clock decides.
        _api.Time.Advance(TimeSpan.FromSeconds(30));
        await _api.AuthenticateAsync(token);

        Assert.Equal(2, _api.Asked.Count);
        _api.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(JwtRefusal.Expired, (await Assert.ThrowsAsync<JwtRefusedException>(() => _api.AuthenticateAsync(token))).Refusal);
        Assert.Equal(2, _api.Asked.Count);
    }

    [Fact]
    public async Task A_flood_of_forged_tokens_is_not_passed_on_and_others_come_in_beside_it()
    {
        _api.Answer = () => new JsonObject { ["authenticated"] = false };
        int refused = 0, tooMany = 0;
        for (int number = 0; number < 500; number++)
        {
            Exception? error = await Record.ExceptionAsync(() => _api.AuthenticateAsync(Numbered(number), "198.51.100.66"));
            refused += error is JwtRefusedException ? 1 : 0;
            tooMany += error is RpcException { StatusCode: StatusCode.ResourceExhausted } ? 1 : 0;
        }

        Assert.Equal((100, 400, 100), (refused, tooMany, _api.Asked.Count));
        Assert.Single(_api.Log.Lines, line => line.Id == 6007);
        _api.Answer = ApiServer.Good;
        await _api.AuthenticateAsync(TestIssuer.Token(), "192.0.2.1");

        // It gets five more in a second.
        _api.Time.Advance(TimeSpan.FromSeconds(1));
        _api.Answer = () => new JsonObject { ["authenticated"] = false };
        Assert.Equal(5, (await Task.WhenAll(Enumerable.Range(500, 20).Select(number => Record.ExceptionAsync(() => _api.AuthenticateAsync(Numbered(number), "198.51.100.66")))))
            .Count(error => error is JwtRefusedException));
    }

    [Fact]
    public async Task Good_tokens_cost_an_address_nothing_and_all_together_have_a_rate()
    {
        int good = 0;
        for (int number = 0; number < 300; number++)
        {
            good += await Record.ExceptionAsync(() => _api.AuthenticateAsync(Numbered(number))) is null ? 1 : 0;
        }

        Assert.Equal((200, 200), (good, _api.Asked.Count));
        _api.Time.Advance(TimeSpan.FromSeconds(1));
        await _api.AuthenticateAsync(Numbered(1_000));
    }

    [Fact]
    public async Task So_many_questions_at_once_and_no_more()
    {
        TaskCompletionSource gate = new();
        _api.Gate = gate.Task;
        Task<ReviewedToken>[] all = [.. Enumerable.Range(0, 30).Select(number => _api.AuthenticateAsync(Numbered(number)))];
        await Condition.AwaitAsync("eight questions", XdsTestServer.Patience, _ => Task.FromResult(_api.Asked.Count == 8));

        gate.SetResult();
        await Task.WhenAll(all);

        Assert.Equal(30, _api.Asked.Count);
    }

    [Fact]
    public async Task Who_waits_in_vain_for_a_slow_API_server_is_told_and_so_many_wait_at_most()
    {
        using ApiServer slow = new(review => review.PerSecond = 1_000);
        TaskCompletionSource gate = new();
        slow.Gate = gate.Task;
        Task<Exception?>[] all = [.. Enumerable.Range(0, 1_000).Select(number => Record.ExceptionAsync(() => slow.AuthenticateAsync(Numbered(number), $"192.0.2.{number % 200}")))];

        RpcException tooMany = await Assert.ThrowsAsync<RpcException>(() => slow.AuthenticateAsync(Numbered(1_000)));
        Assert.Equal(StatusCode.ResourceExhausted, tooMany.StatusCode);
        await Condition.AwaitAsync("all to wait", XdsTestServer.Patience, _ => Task.FromResult(slow.Asked.Count == 8 && slow.Time.Waiting == 1_000 - 8));
        slow.Time.Advance(TimeSpan.FromSeconds(10));
        await Condition.AwaitAsync("those to be told", XdsTestServer.Patience, _ => Task.FromResult(all.Count(one => one.IsCompleted) == 1_000 - 8));
        gate.SetResult();

        Assert.Equal(1_000 - 8, (await Task.WhenAll(all)).Count(error => error is RpcException { StatusCode: StatusCode.Unavailable }));
        Assert.Contains("is the API server slow", Assert.Single(slow.Log.Lines, line => line.Id == 6004).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_API_server_that_cannot_be_asked_lets_nobody_new_in_and_says_so_once()
    {
        string old = TestIssuer.Token();
        await _api.AuthenticateAsync(old);
        _api.Answer = () => throw new IOException("192.0.2.9: it is down");

        foreach (int number in new[] { 1, 2 })
        {
            RpcException error = await Assert.ThrowsAsync<RpcException>(() => _api.AuthenticateAsync(Numbered(number)));
            Assert.Equal(StatusCode.Unavailable, error.StatusCode);
            Assert.Contains("try again", error.Status.Detail, StringComparison.Ordinal);
            Assert.DoesNotContain("192.0.2.9", error.Status.Detail, StringComparison.Ordinal);
        }

        await _api.AuthenticateAsync(old);
        _api.Time.Advance(TimeSpan.FromMinutes(2));
        await Assert.ThrowsAsync<RpcException>(() => _api.AuthenticateAsync(old));
        Assert.Contains("it is down", Assert.Single(_api.Log.Lines, line => line.Id == 6004).Text, StringComparison.Ordinal);
        _api.Answer = ApiServer.Good;
        await _api.AuthenticateAsync(old);
        Assert.Single(_api.Log.Lines, line => line.Id == 6005);
    }

    [Fact]
    public async Task A_token_that_streams_stand_on_is_judged_again_and_one_that_none_does_is_forgotten()
    {
        await using Judging judging = new(_api);
        ReviewedToken token = await _api.AuthenticateAsync(TestIssuer.Token());
        await _api.AuthenticateAsync(Numbered(1));
        IDisposable first = _api.Reviewer.Hold(token), second = _api.Reviewer.Hold(token);

        await judging.AdvanceAsync(TimeSpan.FromMinutes(2));
        Assert.Equal([token.Text, Numbered(1), token.Text], _api.Asked);
        Assert.Equal(1, _api.Reviewer.Known);
        first.Dispose();
        first.Dispose();
        await judging.AdvanceAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(4, _api.Asked.Count);

        second.Dispose();
        await judging.AdvanceAsync(TimeSpan.FromMinutes(2));

        Assert.Equal((4, 0), (_api.Asked.Count, _api.Reviewer.Known));
        Assert.False(token.Withdrawn.IsCancellationRequested);
    }

    [Theory]
    [InlineData(false, "cart", "u1")]
    [InlineData(true, "admin", "u1")]
    [InlineData(true, "cart", "u2")]
    public async Task One_that_is_refused_then_or_taken_for_somebody_else_ends_its_streams(bool authenticated, string account, string uid)
    {
        await using Judging judging = new(_api);
        ReviewedToken token = await _api.AuthenticateAsync(TestIssuer.Token());
        using IDisposable held = _api.Reviewer.Hold(token);
        _api.Answer = () =>
        {
            JsonObject status = ApiServer.Good();
            (status["authenticated"], status["user"]!["username"], status["user"]!["uid"]) = (authenticated, $"system:serviceaccount:shop:{account}", uid);
            return status;
        };
        await judging.AdvanceAsync(TimeSpan.FromSeconds(119));
        Assert.False(token.Withdrawn.IsCancellationRequested);

        await judging.AdvanceAsync(TimeSpan.FromSeconds(1));

        Assert.True(token.Withdrawn.IsCancellationRequested);
        Assert.Contains("system:serviceaccount:shop:cart", Assert.Single(_api.Log.Lines, line => line.Id == 6006).Text, StringComparison.Ordinal);
        Assert.DoesNotContain(_api.Log.Lines, line => line.Text.Contains(token.Text.Split('.')[2], StringComparison.Ordinal));
        _api.Answer = ApiServer.Good;
        Assert.NotSame(token, await _api.AuthenticateAsync(token.Text));
    }

    // Whatever it is that fails: an error of ours, too, must not let a token live for ever.
    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(NotSupportedException))]
    public async Task Through_an_outage_streams_go_on_for_the_grace_and_no_longer(Type failure)
    {
        await using Judging judging = new(_api);
        ReviewedToken token = await _api.AuthenticateAsync(TestIssuer.Token());
        using IDisposable held = _api.Reviewer.Hold(token);
        _api.Answer = () => throw (Exception)Activator.CreateInstance(failure, "down")!;
        await judging.AdvanceAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(2, _api.Asked.Count);

        // Not each second: an API server that comes back has enough to do.
        await judging.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(2, _api.Asked.Count);
        await judging.AdvanceAsync(TimeSpan.FromSeconds(598));
        Assert.False(token.Withdrawn.IsCancellationRequested);

        await judging.AdvanceAsync(TimeSpan.FromSeconds(1));

        Assert.True(token.Withdrawn.IsCancellationRequested);
        Assert.Single(_api.Log.Lines, line => line.Id == 6004);
    }

    [Fact]
    public async Task An_outage_that_ends_in_time_ends_nothing()
    {
        await using Judging judging = new(_api);
        ReviewedToken token = await _api.AuthenticateAsync(TestIssuer.Token());
        using IDisposable held = _api.Reviewer.Hold(token);
        _api.Answer = () => throw new IOException("down");
        await judging.AdvanceAsync(TimeSpan.FromMinutes(11));
        _api.Answer = ApiServer.Good;

        // Later than the grace allows: but it is good, as the API server says again.
        await judging.AdvanceAsync(TimeSpan.FromMinutes(2));

        Assert.False(token.Withdrawn.IsCancellationRequested);
        Assert.Equal([6004, 6005], _api.Log.Lines.Select(line => line.Id));
    }

    [Fact]
    public async Task After_its_end_nobody_is_asked_about_it()
    {
        await using Judging judging = new(_api);
        ReviewedToken token = await _api.AuthenticateAsync(TestIssuer.Token(claims => claims["exp"] = TestIssuer.Now.AddMinutes(3).ToUnixTimeSeconds()));
        using IDisposable held = _api.Reviewer.Hold(token);
        await judging.AdvanceAsync(TimeSpan.FromMinutes(2));
        _api.Answer = () => new JsonObject { ["authenticated"] = false };

        await judging.AdvanceAsync(TimeSpan.FromMinutes(2));

        Assert.Equal((2, false), (_api.Asked.Count, token.Withdrawn.IsCancellationRequested));
    }

    private static string Numbered(int number) => TestIssuer.Signed(
        TestIssuer.Header().ToJsonString(), NumberedClaims(number), _ => [(byte)number, (byte)(number >> 8), 0]);

    private static string NumberedClaims(int number)
    {
        JsonObject claims = TestIssuer.Claims();
        claims["jti"] = number;
        return claims.ToJsonString();
    }

    /// <summary>The background work, which has come to rest whenever the clock is moved.</summary>
    private sealed class Judging : IAsyncDisposable
    {
        private readonly ApiServer _api;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;

        public Judging(ApiServer api) => (_api, _running) = (api, api.Reviewer.RunAsync(_stop.Token));

        public async Task AdvanceAsync(TimeSpan span)
        {
            await RestAsync();
            _api.Time.Advance(span);
            await RestAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _stop.Dispose();
        }

        private Task RestAsync() => Condition.AwaitAsync("the reviewer to rest", XdsTestServer.Patience, _ => Task.FromResult(_api.Time.Waiting == 1));
    }
}
