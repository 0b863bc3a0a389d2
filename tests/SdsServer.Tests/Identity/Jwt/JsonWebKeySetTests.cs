using System.Buffers.Text;
using System.Text.Json.Nodes;
using SdsServer.Identity.Jwt;

namespace SdsServer.Tests.Identity.Jwt;

public sealed class JsonWebKeySetTests
{
    public static TheoryData<string, string> Unfit => new()
    {
        { "private or shared", Changed(key => key["d"] = "AAAA") },
        { "private or shared", Changed(key => key["k"] = "AAAA") },
        { "its use is 'enc'", Changed(key => key["use"] = "enc") },
        { "neither RSA nor EC", Changed(key => key["kty"] = "OKP") },
        { "'n' is no base64url", Changed(key => key["n"] = "AA==") },
        { "has 0 bits", Changed(key => key["n"] = "AAAA") },
        { "has 16385 bits", Changed(key => key["n"] = System.Buffers.Text.Base64Url.EncodeToString([1, .. new byte[2048]])) },
        { "RSA exponent", Changed(key => key["e"] = "AQ") },
        { "RSA exponent", Changed(key => key["e"] = "Ag") },
        { "RSA exponent", Changed(key => key["e"] = "AQAAAAE") },
        { "two keys have the id 'rsa'", TestIssuer.KeySet(TestIssuer.PublicRsa(), TestIssuer.PublicRsa()) },
        { "curve 'secp256k1'", ChangedEc(key => key["crv"] = "secp256k1") },
        { "48 bytes of P-384", ChangedEc(key => key["crv"] = "P-384") },
        { "it is no key", ChangedEc(key => key["x"] = key["y"]!.GetValue<string>()) },
        { "is no object", "{\"keys\":[5]}" },
        { "no array 'keys'", "{\"keys\":{}}" },
        { "duplicate", "{\"keys\":[],\"keys\":[]}" },
        { "there is none", "{\"keys\":[]}" },
        { "no JSON object", "" },
    };

    [Theory]
    [MemberData(nameof(Unfit))]
    public void Says_what_is_wrong_with_keys(string reason, string text) =>
        Assert.Contains(reason, Assert.Throws<FormatException>(() => JsonWebKeySet.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_unfit_key_leaves_the_others()
    {
        JsonWebKeySet keys = JsonWebKeySet.Parse(TestIssuer.Keys);

        Assert.Equal(5, keys.Count);
        Assert.Contains("1024 bits", Assert.Single(keys.Unfit).Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_without_key_id_will_do_where_there_is_one_key() =>
        Assert.NotNull(JsonWebKeySet.Parse(TestIssuer.OneKey("only")).Select(null));

    [Fact]
    public void A_token_without_key_id_will_not_do_where_it_could_be_of_another_key()
    {
        JsonObject second = TestIssuer.PublicRsa(), unfit = TestIssuer.PublicRsa();
        second["kid"] = "second";
        (unfit["kid"], unfit["use"]) = ("unfit", "enc");

        foreach (JsonObject other in new[] { second, unfit })
        {
            JsonWebKeySet keys = JsonWebKeySet.Parse(TestIssuer.KeySet(TestIssuer.PublicRsa(), other));
            Assert.Equal(JwtRefusal.UnknownKey, Assert.Throws<JwtRefusedException>(() => keys.Select(null)).Refusal);
        }
    }

    // Else each token of such a key would have the keys read anew.
    [Fact]
    public void An_unfit_key_is_known()
    {
        JsonWebKeySet keys = JsonWebKeySet.Parse(TestIssuer.Keys);

        Assert.Equal((true, true, false), (keys.Knows("rsa"), keys.Knows("weak"), keys.Knows("another")));
    }

    [Fact]
    public void A_key_that_the_library_cannot_calculate_with_vouches_for_nothing()
    {
        JsonObject even = TestIssuer.PublicRsa();
        byte[] modulus = Base64Url.DecodeFromChars(even["n"]!.GetValue<string>());
        modulus[^1] &= 0xFE;
        even["n"] = Base64Url.EncodeToString(modulus);
        VerificationKey key = JsonWebKeySet.Parse(TestIssuer.KeySet(even)).Select("rsa");

        Assert.All(new[] { "RS256", "PS256" }, algorithm => Assert.False(key.Verifies(JwtAlgorithm.All[algorithm], [1], new byte[256])));
    }

    private static string Changed(Action<JsonObject> change) => Of(TestIssuer.PublicRsa(), change);

    private static string ChangedEc(Action<JsonObject> change) => Of(TestIssuer.PublicEc(), change);

    private static string Of(JsonObject key, Action<JsonObject> change)
    {
        change(key);
        return TestIssuer.KeySet(key);
    }
}
