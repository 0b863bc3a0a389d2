using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SdsServer.Identity;
using SdsServer.Identity.Jwt;
using SdsServer.Testing;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Xds;
using static SdsServer.Tests.Identity.Jwt.TestIssuer;

namespace SdsServer.Tests.Identity.Jwt;

/// <summary>Each row is one attack and the check that stops it.</summary>
public sealed class JwtAttackTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("sdsserver-jwt");
    private readonly CapturedLog _log = new();

    private static readonly Dictionary<string, (Func<string> Token, JwtRefusal Refusal)> Attacks = new()
    {
        ["alg none without a signature"] = (() => Signed(Header("none").ToJsonString(), Claims().ToJsonString(), _ => []), JwtRefusal.AlgorithmNotAllowed),
        ["alg None in another case"] = (() => Signed(Header("nOnE").ToJsonString(), Claims().ToJsonString(), _ => []), JwtRefusal.AlgorithmNotAllowed),
        ["HS256 with the public key as its secret"] = (() => Signed(Header("HS256").ToJsonString(), Claims().ToJsonString(), Hmac(RsaPublicPem)), JwtRefusal.AlgorithmNotAllowed),
        ["HS256 with the key set as its secret"] = (() => Signed(Header("HS256").ToJsonString(), Claims().ToJsonString(), Hmac(Keys)), JwtRefusal.AlgorithmNotAllowed),
        ["an algorithm that the settings leave out"] = (() => Token(algorithm: "ES512", key: "p521"), JwtRefusal.AlgorithmNotAllowed),
        ["no alg"] = (() => Token(header: header => header.Remove("alg")), JwtRefusal.BadHeader),
        ["alg is a number"] = (() => Token(header: header => header["alg"] = 5), JwtRefusal.BadHeader),
        ["PS256 with a key for RS256"] = (() => Token(algorithm: "PS256"), JwtRefusal.AlgorithmDoesNotFitKey),
        ["ES256 with an RSA key"] = (() => Token(header: header => header["kid"] = "any-rsa", algorithm: "ES256", key: "p256"), JwtRefusal.AlgorithmDoesNotFitKey),
        ["RS256 with an EC key"] = (() => Token(header: header => header["kid"] = "p256"), JwtRefusal.AlgorithmDoesNotFitKey),
        ["ES256 on the wrong curve"] = (() => Token(algorithm: "ES256", key: "p384"), JwtRefusal.AlgorithmDoesNotFitKey),
        ["signed by a stranger"] = (() => Signed(Header().ToJsonString(), Claims().ToJsonString(), Strangers), JwtRefusal.BadSignature),
        ["the payload of another token"] = (() => Swap(Token(), Token(claims => Kubernetes(claims)["namespace"] = "web"), part: 1), JwtRefusal.BadSignature),
        ["the header of another token"] = (() => Swap(Token(), Token(header: header => header["typ"] = "at+jwt"), part: 0), JwtRefusal.BadSignature),
        ["no signature"] = (() => Signed(Header().ToJsonString(), Claims().ToJsonString(), _ => []), JwtRefusal.BadSignature),
        ["an ECDSA signature of zeros"] = (() => Signed(Header("ES256", "p256").ToJsonString(), Claims().ToJsonString(), _ => new byte[64]), JwtRefusal.BadSignature),
        ["an ECDSA signature in DER"] = (() => Signed(Header("ES256", "p256").ToJsonString(), Claims().ToJsonString(), Der), JwtRefusal.BadSignature),
        ["brings its own key (jwk)"] = (() => Signed(With(Header(), "jwk", StrangersKey()), Claims().ToJsonString(), Strangers), JwtRefusal.BadSignature),
        ["brings its own key, under an id of its own"] = (() => Signed(With(Header(key: "mine"), "jwk", StrangersKey()), Claims().ToJsonString(), Strangers), JwtRefusal.UnknownKey),
        ["points at keys (jku)"] = (() => Signed(With(Header(), "jku", "https://attacker.example/keys"), Claims().ToJsonString(), Strangers), JwtRefusal.BadSignature),
        ["points at a certificate (x5u)"] = (() => Signed(With(Header(), "x5u", "https://attacker.example/cert"), Claims().ToJsonString(), Strangers), JwtRefusal.BadSignature),
        ["brings a certificate (x5c)"] = (() => Signed(With(Header(), "x5c", new JsonArray("MIIB")), Claims().ToJsonString(), Strangers), JwtRefusal.BadSignature),
        ["crit"] = (() => Token(header: header => (header["crit"], header["b64"]) = (new JsonArray("b64"), true)), JwtRefusal.CriticalHeader),
        ["crit is empty"] = (() => Token(header: header => header["crit"] = new JsonArray()), JwtRefusal.CriticalHeader),
        ["unknown kid"] = (() => Token(header: header => header["kid"] = "another"), JwtRefusal.UnknownKey),
        ["a kid in another case"] = (() => Token(header: header => header["kid"] = "RSA"), JwtRefusal.UnknownKey),
        ["no kid where there are several keys"] = (() => Token(key: null), JwtRefusal.UnknownKey),
        ["kid is empty"] = (() => Token(header: header => header["kid"] = ""), JwtRefusal.BadHeader),
        ["kid is a number"] = (() => Token(header: header => header["kid"] = 1), JwtRefusal.BadHeader),
        ["RSA with 1024 bits"] = (() => Token(key: "weak"), JwtRefusal.UnusableKey),
        ["wrong audience"] = (() => Token(claims => claims["aud"] = "another"), JwtRefusal.WrongAudience),
        ["an audience that begins like ours"] = (() => Token(claims => claims["aud"] = new JsonArray("sds2", "SDS", "sd", "")), JwtRefusal.WrongAudience),
        ["audience is no text"] = (() => Token(claims => claims["aud"] = new JsonObject { ["sds"] = "sds" }), JwtRefusal.WrongAudience),
        ["audience is an empty list"] = (() => Token(claims => claims["aud"] = new JsonArray()), JwtRefusal.WrongAudience),
        ["no aud"] = (() => Token(claims => claims.Remove("aud")), JwtRefusal.NoAudience),
        ["wrong issuer"] = (() => Token(claims => claims["iss"] = "https://attacker.example"), JwtRefusal.UnknownIssuer),
        ["our issuer with a slash"] = (() => Token(claims => claims["iss"] = Name + "/"), JwtRefusal.UnknownIssuer),
        ["our issuer in another case"] = (() => Token(claims => claims["iss"] = "https://Issuer.example"), JwtRefusal.UnknownIssuer),
        ["issuer with a Cyrillic e"] = (() => Token(claims => claims["iss"] = "https://issu\u0435r.example"), JwtRefusal.UnknownIssuer),
        ["no iss"] = (() => Token(claims => claims.Remove("iss")), JwtRefusal.UnknownIssuer),
        ["states one issuer, signed by another"] = (() => Signed(Header().ToJsonString(), Claims().ToJsonString(), Strangers), JwtRefusal.BadSignature),
        ["expired, by the skew"] = (() => Token(claims => claims["exp"] = Now.AddSeconds(-60).ToUnixTimeSeconds()), JwtRefusal.Expired),
        ["not yet valid"] = (() => Token(claims => claims["nbf"] = Now.AddSeconds(61).ToUnixTimeSeconds()), JwtRefusal.NotYetValid),
        ["issued in the future"] = (() => Token(claims => claims["iat"] = Now.AddSeconds(61).ToUnixTimeSeconds()), JwtRefusal.IssuedInFuture),
        ["no exp"] = (() => Token(claims => claims.Remove("exp")), JwtRefusal.NoExpiry),
        ["exp is a text"] = (() => Token(claims => claims["exp"] = "9999999999"), JwtRefusal.BadTime),
        ["exp is null"] = (() => Token(claims => claims["exp"] = null), JwtRefusal.BadTime),
        ["exp is beyond all numbers"] = (() => Payload(Claims().ToJsonString().Replace($"{Now.ToUnixTimeSeconds() + 3600}", "1e999", StringComparison.Ordinal)), JwtRefusal.BadTime),
        ["exp is beyond all dates"] = (() => Token(claims => claims["exp"] = 1e17), JwtRefusal.BadTime),
        ["nbf is negative"] = (() => Token(claims => claims["nbf"] = -1), JwtRefusal.BadTime),
        ["lives too long"] = (() => Token(claims => claims["exp"] = Now.AddHours(25).ToUnixTimeSeconds()), JwtRefusal.LivesTooLong),
        ["lives too long and does not say since when"] = (() => Token(claims =>
        {
            claims["exp"] = Now.AddHours(25).ToUnixTimeSeconds();
            claims.Remove("iat");
            claims.Remove("nbf");
        }), JwtRefusal.LivesTooLong),
        ["base64 with padding"] = (() => Token() + "==", JwtRefusal.BadEncoding),
        ["base64 with stray bits"] = (() => StrayBit(Token()), JwtRefusal.BadEncoding),
        ["base64 with a blank"] = (() => Token().Insert(5, " "), JwtRefusal.BadEncoding),
        ["base64 with a line break"] = (() => Token() + "\n", JwtRefusal.BadEncoding),
        ["base64 of the other alphabet"] = (() => $"{Base64("{\"alg\":\"RS256\"}")}.+/+/.AAAA", JwtRefusal.BadEncoding),
        ["only dots"] = (() => "..", JwtRefusal.BadJson),
        ["four parts"] = (() => Token() + ".AAAA", JwtRefusal.NotCompact),
        ["duplicate member"] = (() => Payload(Claims().ToJsonString()[..^1] + ",\"aud\":\"sds\"}"), JwtRefusal.BadJson),
        ["duplicate member, one of them escaped"] = (() => Payload(Claims().ToJsonString()[..^1] + ",\"\\u0061ud\":\"sds\"}"), JwtRefusal.BadJson),
        ["duplicate member further in"] = (() => Payload(Claims().ToJsonString().Replace("\"namespace\"", "\"namespace\":\"web\",\"namespace\"", StringComparison.Ordinal)), JwtRefusal.BadJson),
        ["duplicate alg"] = (() => Signed("{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"rsa\"}", Claims().ToJsonString(), data => Sign(data, "RS256", "rsa")), JwtRefusal.BadJson),
        ["a bomb of arrays"] = (() => Payload($"{{\"a\":{new string('[', 5000)}{new string(']', 5000)}}}"), JwtRefusal.BadJson),
        ["payload is a list"] = (() => Payload("[]"), JwtRefusal.BadJson),
        ["something after the payload"] = (() => Payload(Claims().ToJsonString() + "{}"), JwtRefusal.BadJson),
        ["a comment in the payload"] = (() => Payload("/**/" + Claims().ToJsonString()), JwtRefusal.BadJson),
        ["payload is no UTF-8"] = (() => $"{Base64(Header().ToJsonString())}.{System.Buffers.Text.Base64Url.EncodeToString([.. "{\"iss\":\""u8, 0xC0, 0xAF, .. "\"}"u8])}.AAAA", JwtRefusal.BadJson),
        ["17 KB"] = (() => Token(claims => claims["pad"] = new string('x', 13_000)), JwtRefusal.TooLarge),
        ["namespace is not one of ours"] = (() => Token(claims => Kubernetes(claims)["namespace"] = "kube-system"), JwtRefusal.RequiredClaim),
        ["namespace with a Cyrillic letter"] = (() => Token(claims => Kubernetes(claims)["namespace"] = "sh\u043Ep"), JwtRefusal.RequiredClaim),
        ["namespace in another case"] = (() => Token(claims => Kubernetes(claims)["namespace"] = "Shop"), JwtRefusal.RequiredClaim),
        ["namespace is a list with a good one"] = (() => Token(claims => Kubernetes(claims)["namespace"] = new JsonArray("shop")), JwtRefusal.RequiredClaim),
        ["no namespace"] = (() => Token(claims => Kubernetes(claims).Remove("namespace")), JwtRefusal.RequiredClaim),
        ["a flat claim with the name's dots"] = (() => Token(claims => (claims["kubernetes.io.namespace"], claims["kubernetes.io"]) = ("shop", null)), JwtRefusal.RequiredClaim),
        ["no name"] = (() => Token(claims => Kubernetes(claims)["serviceaccount"] = new JsonArray("name", "cart")), JwtRefusal.ClaimMissing),
        ["name is a number"] = (() => Account(7), JwtRefusal.ClaimMissing),
        ["name is half a surrogate pair"] = (() => Payload(Claims().ToJsonString().Replace("\"cart\"", "\"\\ud800\"", StringComparison.Ordinal)), JwtRefusal.ClaimMissing),
        ["name is empty"] = (() => Account(""), JwtRefusal.ClaimUnfit),
        ["name is one dot"] = (() => Account("."), JwtRefusal.ClaimUnfit),
        ["name is two dots"] = (() => Account(".."), JwtRefusal.ClaimUnfit),
        ["name goes up and over"] = (() => Account("../../ns/web/sa/admin"), JwtRefusal.ClaimUnfit),
        ["name with a slash"] = (() => Account("cart/admin"), JwtRefusal.ClaimUnfit),
        ["name with an encoded slash"] = (() => Account("cart%2fadmin"), JwtRefusal.ClaimUnfit),
        ["name with a backslash"] = (() => Account("cart\\admin"), JwtRefusal.ClaimUnfit),
        ["name with a slash that is none"] = (() => Account("cart\u2215admin"), JwtRefusal.ClaimUnfit),
        ["name with a wide letter"] = (() => Account("c\uFF41rt"), JwtRefusal.ClaimUnfit),
        ["name with a Cyrillic letter"] = (() => Account("c\u0430rt"), JwtRefusal.ClaimUnfit),
        ["name with a joiner"] = (() => Account("ca\u200Drt"), JwtRefusal.ClaimUnfit),
        ["name with a NUL"] = (() => Account("cart\0"), JwtRefusal.ClaimUnfit),
        ["name with a line break"] = (() => Account("cart\nforged: log line"), JwtRefusal.ClaimUnfit),
        ["name with a colon"] = (() => Account("system:serviceaccount"), JwtRefusal.ClaimUnfit),
        ["name with a claim in braces"] = (() => Account("{/sub}"), JwtRefusal.ClaimUnfit),
        ["name longer than an ID"] = (() => Account(new string('a', 2100)), JwtRefusal.ClaimUnfit),
    };

    public static TheoryData<string> Names => [.. Attacks.Keys];

    public void Dispose()
    {
        _directory.Dispose();
        _log.Dispose();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Is_refused_by_its_own_check(string attack)
    {
        (Func<string> make, JwtRefusal refusal) = Attacks[attack];
        string token = make();

        Evidence? evidence = await AuthenticateAsync(token);

        Assert.Null(evidence);
        (_, _, string line) = Assert.Single(_log.Lines, entry => entry.Id == 6001);
        Assert.Contains($"({refusal})", line, StringComparison.Ordinal);
        Assert.DoesNotContain(line, char.IsControl);
        Assert.All(token.Split('.').Where(part => part.Length > 12), part => Assert.DoesNotContain(part.Trim(), line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("RS256", "rsa")]
    [InlineData("RS384", "any-rsa")]
    [InlineData("RS512", "any-rsa")]
    [InlineData("PS256", "any-rsa")]
    [InlineData("PS384", "any-rsa")]
    [InlineData("PS512", "any-rsa")]
    [InlineData("ES256", "p256")]
    [InlineData("ES384", "p384")]
    public async Task A_good_token_names_its_workload(string algorithm, string key)
    {
        Evidence? evidence = await AuthenticateAsync(Token(algorithm: algorithm, key: key));

        Assert.Equal("spiffe://example.org/ns/shop/sa/cart", evidence!.Workload!.SpiffeId);
        Assert.Equal(Now.AddSeconds(3660), evidence.ValidUntil);
        Assert.DoesNotContain(_log.Lines, entry => entry.Id == 6001);
    }

    [Theory]
    [InlineData(59)]
    [InlineData(0)]
    public async Task Clocks_may_differ_by_the_skew(int seconds)
    {
        Assert.NotNull(await AuthenticateAsync(Token(claims => claims["exp"] = Now.AddSeconds(-seconds).ToUnixTimeSeconds())));
        Assert.NotNull(await AuthenticateAsync(Token(claims => claims["nbf"] = Now.AddSeconds(seconds).ToUnixTimeSeconds())));
        Assert.NotNull(await AuthenticateAsync(Token(claims => claims["iat"] = Now.AddSeconds(seconds).ToUnixTimeSeconds())));
    }

    [Fact]
    public async Task An_audience_may_be_a_text_or_one_of_several()
    {
        Assert.NotNull(await AuthenticateAsync(Token(claims => claims["aud"] = "sds")));
        Assert.NotNull(await AuthenticateAsync(Token(claims => claims["aud"] = new JsonArray("another", "sds"))));
    }

    [Fact]
    public void The_verifier_holds_a_token_to_the_issuer_it_was_given_for()
    {
        CompactJws token = CompactJws.Parse(Token(claims => claims["iss"] = OtherName));

        JwtRefusedException refused = Assert.Throws<JwtRefusedException>(() => JwtVerifier.Verify(token, Checked(Options()), JsonWebKeySet.Parse(Keys), Now));

        Assert.Equal(JwtRefusal.UnknownIssuer, refused.Refusal);
    }

    [Fact]
    public async Task Each_kind_of_refusal_is_logged_once_in_ten_seconds_and_counted()
    {
        ManualTime time = new(Now) { IsMonotonic = true };
        JwtAuthenticator jwts = await AuthenticatorAsync(time);
        for (int attempt = 0; attempt < 5; attempt++)
        {
            await jwts.AuthenticateAsync("a.b.c", "ip:192.0.2.1", "192.0.2.1", default);
        }

        await jwts.AuthenticateAsync(Token(claims => claims["aud"] = "x"), "ip:192.0.2.1", "192.0.2.1", default);
        time.Advance(TimeSpan.FromSeconds(11));
        await jwts.AuthenticateAsync("a.b.c", "ip:192.0.2.1", "192.0.2.1", default);

        string[] lines = [.. _log.Lines.Where(entry => entry.Id == 6001).Select(entry => entry.Text)];
        Assert.Equal(3, lines.Length);
        Assert.Contains("; 4 more", lines[2], StringComparison.Ordinal);
    }

    private async Task<Evidence?> AuthenticateAsync(string token) =>
        await (await AuthenticatorAsync(new ManualTime(Now))).AuthenticateAsync(token, "ip:192.0.2.1", "192.0.2.1", default);

    private async Task<JwtAuthenticator> AuthenticatorAsync(TimeProvider time)
    {
        (string keys, string others) = (_directory.PathOf("keys.json"), _directory.PathOf("others.json"));
        await File.WriteAllTextAsync(keys, Keys);
        await File.WriteAllTextAsync(others, OtherKeys);
        JwtIssuerOptions options = Options(keys);
        options.Algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"];
        JwtIssuerOptions other = Options(others);
        other.Issuer = OtherName;
        JwtAuthenticator jwts = new([Checked(options), Checked(other)], time, _log);
        await jwts.StartAsync(default);
        return jwts;
    }

    private static Func<byte[], byte[]> Hmac(string secret) => data => HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), data);

    private static string With(JsonObject header, string name, JsonNode value)
    {
        header[name] = value;
        return header.ToJsonString();
    }

    private static string Payload(string payload) => Signed(Header().ToJsonString(), payload, data => Sign(data, "RS256", "rsa"));

    private static string Account(JsonNode name) => Token(claims => Kubernetes(claims)["serviceaccount"]!.AsObject()["name"] = name);

    private static string Swap(string token, string other, int part)
    {
        string[] parts = token.Split('.');
        parts[part] = other.Split('.')[part];
        return string.Join('.', parts);
    }

    // 256 bytes leave four bits over in the last letter: the next letter of the alphabet decodes to the same bytes.
    private static string StrayBit(string token)
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        return token[..^1] + alphabet[alphabet.IndexOf(token[^1], StringComparison.Ordinal) + 1];
    }
}
