using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SdsServer.Core.Pki;
using SdsServer.Identity.Jwt;

namespace SdsServer.Tests.Identity.Jwt;

/// <summary>An issuer with keys of every kind, and an attacker who knows all that is public.</summary>
internal static class TestIssuer
{
    public const string Name = "https://issuer.example";
    public const string OtherName = "https://other.example";
    public const string Audience = "sds";

    private static readonly Lock s_lock = new();
    private static readonly RSA s_rsa = RSA.Create(2048);
    private static readonly RSA s_weak = RSA.Create(1024);
    private static readonly RSA s_stranger = RSA.Create(2048);
    private static readonly ECDsa s_p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly ECDsa s_p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private static readonly ECDsa s_p521 = ECDsa.Create(ECCurve.NamedCurves.nistP521);

    public static DateTimeOffset Now { get; } = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    public static string RsaPublicPem => s_rsa.ExportSubjectPublicKeyInfoPem();

    /// <summary>Keys <c>rsa</c> (RS256 only), <c>any-rsa</c>, <c>weak</c>, <c>p256</c>, <c>p384</c>, <c>p521</c>.</summary>
    public static string Keys { get; } = KeySet(
        Rsa("rsa", s_rsa, "RS256"), Rsa("any-rsa", s_rsa, null), Rsa("weak", s_weak, "RS256"),
        Ec("p256", s_p256, "P-256"), Ec("p384", s_p384, "P-384"), Ec("p521", s_p521, "P-521"));

    /// <summary>Of another issuer: one key, with an id that the first issuer has too.</summary>
    public static string OtherKeys { get; } = KeySet(Rsa("rsa", s_stranger, null));

    public static string OneKey(string id) => KeySet(Rsa(id, s_rsa, null));

    public static string KeySet(params JsonObject[] keys) => new JsonObject { ["keys"] = new JsonArray(keys) }.ToJsonString();

    public static JsonObject StrangersKey() => Rsa("rsa", s_stranger, null);

    public static JsonObject PublicRsa() => Rsa("rsa", s_rsa, "RS256");

    public static JsonObject PublicEc() => Ec("p256", s_p256, "P-256");

    public static JwtIssuerOptions Options(string keysFile = "/keys.json") => new()
    {
        Issuer = Name,
        Audiences = ["unused", Audience],
        SpiffeId = "spiffe://{trustDomain}/ns/{/kubernetes.io/namespace}/sa/{/kubernetes.io/serviceaccount/name}",
        Required = [new RequiredClaimOptions { Claim = "/kubernetes.io/namespace", Values = ["shop", "web"] }],
        KeysFile = keysFile,
    };

    public static JwtIssuer Checked(JwtIssuerOptions options)
    {
        List<string> errors = [];
        JwtIssuer issuer = Assert.Single(JwtIssuer.Read([options], TrustDomain.Parse("example.org"), errors));
        Assert.Empty(errors);
        return issuer;
    }

    public static JsonObject Header(string algorithm = "RS256", string? key = "rsa")
    {
        JsonObject header = new() { ["alg"] = algorithm, ["typ"] = "JWT" };
        if (key is not null)
        {
            header["kid"] = key;
        }

        return header;
    }

    public static JsonObject Claims(DateTimeOffset? now = null)
    {
        long at = (now ?? Now).ToUnixTimeSeconds();
        return new JsonObject
        {
            ["iss"] = Name,
            ["aud"] = new JsonArray(Audience),
            ["iat"] = at - 10,
            ["nbf"] = at - 10,
            ["exp"] = at + 3600,
            ["sub"] = "system:serviceaccount:shop:cart",
            ["kubernetes.io"] = new JsonObject
            {
                ["namespace"] = "shop",
                ["serviceaccount"] = new JsonObject { ["name"] = "cart", ["uid"] = "u1" },
            },
        };
    }

    /// <summary>A token of the issuer's, good but for what is changed.</summary>
    public static string Token(Action<JsonObject>? claims = null, Action<JsonObject>? header = null, string algorithm = "RS256", string? key = "rsa")
    {
        JsonObject head = Header(algorithm, key);
        JsonObject body = Claims();
        header?.Invoke(head);
        claims?.Invoke(body);
        return Signed(head.ToJsonString(), body.ToJsonString(), data => Sign(data, algorithm, key));
    }

    public static JsonObject Kubernetes(JsonObject claims) => claims["kubernetes.io"]!.AsObject();

    public static string Signed(string header, string payload, Func<byte[], byte[]> sign)
    {
        string signed = $"{Base64(header)}.{Base64(payload)}";
        return $"{signed}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    public static string Base64(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    public static byte[] Strangers(byte[] data)
    {
        lock (s_lock)
        {
            return s_stranger.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
    }

    public static byte[] Der(byte[] data)
    {
        lock (s_lock)
        {
            return s_p256.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }
    }

    /// <summary>Signs with the key's private half, whatever the header says.</summary>
    public static byte[] Sign(byte[] data, string algorithm, string? key)
    {
        HashAlgorithmName hash = algorithm[^3..] switch { "384" => HashAlgorithmName.SHA384, "512" => HashAlgorithmName.SHA512, _ => HashAlgorithmName.SHA256 };
        lock (s_lock)
        {
            return key switch
            {
                "p256" => s_p256.SignData(data, hash),
                "p384" => s_p384.SignData(data, hash),
                "p521" => s_p521.SignData(data, hash),
                "weak" => s_weak.SignData(data, hash, RSASignaturePadding.Pkcs1),
                _ => s_rsa.SignData(data, hash, algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1),
            };
        }
    }

    private static JsonObject Rsa(string id, RSA key, string? algorithm)
    {
        RSAParameters parameters = key.ExportParameters(includePrivateParameters: false);
        JsonObject jwk = new()
        {
            ["kty"] = "RSA", ["use"] = "sig", ["kid"] = id,
            ["n"] = Base64Url.EncodeToString(parameters.Modulus), ["e"] = Base64Url.EncodeToString(parameters.Exponent),
        };
        if (algorithm is not null)
        {
            jwk["alg"] = algorithm;
        }

        return jwk;
    }

    private static JsonObject Ec(string id, ECDsa key, string curve)
    {
        ECParameters parameters = key.ExportParameters(includePrivateParameters: false);
        return new JsonObject
        {
            ["kty"] = "EC", ["crv"] = curve, ["kid"] = id,
            ["x"] = Base64Url.EncodeToString(parameters.Q.X), ["y"] = Base64Url.EncodeToString(parameters.Q.Y),
        };
    }
}
