using System.Security.Cryptography;
using System.Text.Json;

namespace SdsServer.Identity.Jwt;

/// <summary>A public key of an issuer (RFC 7517) that was found fit. It is imported anew for each check: the runtime's key objects are for one thread.</summary>
internal sealed class VerificationKey
{
    private const int MinRsaBits = 2048;

    // Checking costs with the cube of the length.
    private const int MaxRsaBits = 8192;
    private const int MaxExponentBytes = 4;

    private readonly string? _onlyAlgorithm;
    private readonly RSAParameters? _rsa;
    private readonly ECParameters? _ec;
    private readonly string? _curve;

    /// <exception cref="FormatException">The key is unfit; says why.</exception>
    public VerificationKey(JsonElement jwk)
    {
        if (StrictJson.Text(jwk, "use") is { } use && use != "sig")
        {
            throw new FormatException($"its use is '{use}' and not 'sig'");
        }

        if (jwk.TryGetProperty("d", out _) || jwk.TryGetProperty("k", out _))
        {
            throw new FormatException("it holds a private or shared key, which belongs with the issuer alone");
        }

        _onlyAlgorithm = StrictJson.Text(jwk, "alg");
        switch (StrictJson.Text(jwk, "kty"))
        {
            case "RSA":
                _rsa = Rsa(jwk);
                break;
            case "EC":
                _curve = StrictJson.Text(jwk, "crv");
                _ec = Ec(jwk, _curve);
                break;
            case var other:
                throw new FormatException($"its type '{other}' is neither RSA nor EC");
        }
    }

    /// <summary>True when this key is of the kind the algorithm needs (RSA has no curve), and not set aside for another.</summary>
    public bool Fits(JwtAlgorithm algorithm) => algorithm.Curve == _curve && (_onlyAlgorithm is null || _onlyAlgorithm == algorithm.Name);

    public bool Verifies(JwtAlgorithm algorithm, byte[] data, byte[] signature)
    {
        try
        {
            if (_rsa is { } parameters)
            {
                using RSA rsa = RSA.Create(parameters);
                return rsa.VerifyData(data, signature, algorithm.Hash, algorithm.Padding!);
            }

            using ECDsa ec = ECDsa.Create(_ec!.Value);
            return ec.VerifyData(data, signature, algorithm.Hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static RSAParameters Rsa(JsonElement jwk)
    {
        byte[] modulus = [.. Bytes(jwk, "n").SkipWhile(leading => leading == 0)];
        byte[] exponent = [.. Bytes(jwk, "e").SkipWhile(leading => leading == 0)];
        int bits = modulus.Length == 0 ? 0 : modulus.Length * 8 - byte.LeadingZeroCount(modulus[0]);
        if (bits is < MinRsaBits or > MaxRsaBits)
        {
            throw new FormatException($"its RSA modulus has {bits} bits; {MinRsaBits} to {MaxRsaBits} are accepted");
        }

        if (exponent.Length is 0 or > MaxExponentBytes || exponent[^1] % 2 == 0 || exponent is [1])
        {
            throw new FormatException("its RSA exponent is not an odd number of 3 to 2^32");
        }

        RSAParameters parameters = new() { Modulus = modulus, Exponent = exponent };
        Import(() => RSA.Create(parameters));
        return parameters;
    }

    private static ECParameters Ec(JsonElement jwk, string? name)
    {
        (ECCurve curve, int length) = name switch
        {
            "P-256" => (ECCurve.NamedCurves.nistP256, 32),
            "P-384" => (ECCurve.NamedCurves.nistP384, 48),
            "P-521" => (ECCurve.NamedCurves.nistP521, 66),
            _ => throw new FormatException($"its curve '{name}' is not P-256, P-384 or P-521"),
        };
        (byte[] x, byte[] y) = (Bytes(jwk, "x"), Bytes(jwk, "y"));
        if (x.Length != length || y.Length != length)
        {
            throw new FormatException($"its x and y do not have the {length} bytes of {name}");
        }

        ECParameters parameters = new() { Curve = curve, Q = new ECPoint { X = x, Y = y } };
        Import(() => ECDsa.Create(parameters));
        return parameters;
    }

    private static void Import(Func<AsymmetricAlgorithm> make)
    {
        try
        {
            make().Dispose();
        }
        catch (CryptographicException error)
        {
            throw new FormatException($"it is no key: {error.Message}", error);
        }
    }

    private static byte[] Bytes(JsonElement jwk, string name) =>
        StrictJson.Text(jwk, name) is { } text && ExactBase64Url.Decode(text) is { } value ? value : throw new FormatException($"its '{name}' is no base64url");
}
