using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

public sealed class SecretRedactorTests
{
    // The ways a PEM has been seen, or can be expected, in an error text.
    private static readonly Func<string, string>[] Disguises =
    [
        pem => pem.Replace("\n", " ", StringComparison.Ordinal), // first: lines joined by spaces look like words, see below
        pem => pem,
        pem => pem.Replace("\n", "\\n", StringComparison.Ordinal),
        pem => pem.Replace("\n", "\\\\n", StringComparison.Ordinal),
        pem => pem.Replace("\n", "\\012", StringComparison.Ordinal),
        pem => pem.Replace("\n", "\r\n", StringComparison.Ordinal),
        pem => pem.Replace("\n", "%0A", StringComparison.Ordinal),
        pem => pem.Replace("\n", "\n    ", StringComparison.Ordinal),
        pem => pem.Replace("\n", "\\n  ", StringComparison.Ordinal),
        pem => JsonSerializer.Serialize(pem),
        pem => JsonSerializer.Serialize(JsonSerializer.Serialize(pem)),
        pem => $"private_key {{ inline_bytes: \"{pem.Replace("\n", "\\n", StringComparison.Ordinal)}\" }}",
        pem => $"private_key {{\n  inline_string: '{pem.Replace("\n", "\\n", StringComparison.Ordinal)}'\n}}",
        pem => $"{{\"privateKey\":{{\"inlineBytes\":\"{Convert.ToBase64String(Encoding.ASCII.GetBytes(pem))}\"}}}}",
        pem => string.Concat(pem.Split('\n').Where(line => !line.StartsWith('-'))),
        pem => string.Join('\n', pem.Split('\n').Where(line => !line.StartsWith('-')).SelectMany(line => line.Chunk(10)).Select(chunk => new string(chunk))),
        pem => Uri.EscapeDataString(pem),
        pem => Convert.ToHexString(Encoding.ASCII.GetBytes(pem)),
    ];

    [Fact]
    public void No_window_of_16_characters_of_a_key_survives_any_disguise_or_cut()
    {
        var cases = from disguise in Gen.Choose(0, Disguises.Length - 1)
                    from rsa in Gen.Frequency((9, Gen.Constant(false)), (1, Gen.Constant(true)))
                    from before in Gen.Elements("", "Proto constraint validation failed (SecretValidationError.TlsCertificate): name: \"leaf\" ", "-----BEGIN x ", "\\", "\"", "aaaa", "abcdefghijklmnopqrstuvwxyz")
                    from after in Gen.Elements("", "\" } }", " trailing words", "-----BEGIN PRIVATE KEY-----", "\\", "zzzz")
                    from start in Gen.Frequency((2, Gen.Constant(0)), (1, Gen.Choose(0, 300)))
                    from end in Gen.Frequency((2, Gen.Constant(0)), (1, Gen.Choose(0, 300)))
                    from limit in Gen.Elements(64, 1024, 100_000)
                    select (disguise, rsa, before, after, start, end, limit);
        Prop.ForAll(cases.ToArbitrary(), row =>
        {
            string pem = row.rsa ? RsaPem.Value : NewPem();
            string text = Disguises[row.disguise](pem);
            text = text[Math.Min(row.start, text.Length)..Math.Max(Math.Min(row.start, text.Length), text.Length - row.end)];
            return !Leaks(SecretRedactor.Redact(row.before + text + row.after, row.limit), pem, acrossBreaks: row.disguise > 0);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(4000));
    }

    [Fact]
    public void A_whole_secret_as_envoy_prints_it_is_cut_and_the_reason_stays()
    {
        using SigningAuthority root = Make.Root();
        (IssuedLeaf leaf, PrivateKey key) = Make.Leaf(root);
        string pem = Encoding.ASCII.GetString(key.Pem()), chain = Encoding.ASCII.GetString(leaf.ChainPem.Span);
        string text = "Proto constraint validation failed (SecretValidationError.TlsCertificate: embedded message failed validation): name: \"leaf/b\"\ntls_certificate {\n"
            + $"  certificate_chain {{\n    inline_bytes: \"{chain.Replace("\n", "\\n", StringComparison.Ordinal)}\"\n  }}\n  private_key {{\n    inline_bytes: \"{pem.Replace("\n", "\\n", StringComparison.Ordinal)}\"\n  }}\n}}\n";
        string redacted = SecretRedactor.Redact(text);
        Assert.False(Leaks(redacted, pem));
        Assert.False(Leaks(redacted, chain));
        Assert.StartsWith("Proto constraint validation failed (SecretValidationError.TlsCertificate: embedded message failed validation): name: \"leaf/b\"", redacted, StringComparison.Ordinal);
        Assert.Contains("private_key {     inline_bytes: \"[removed]\"", redacted, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Failed to load private key from <inline>, Cause: error:0b000074:X.509 certificate routines:OPENSSL_internal:KEY_VALUES_MISMATCH")]
    [InlineData("Failed to load trusted CA certificates from <inline>")]
    [InlineData("SAN-based verification of peer certificates without trusted CA is insecure and not allowed")]
    [InlineData("Failed to load certificate chain from <inline>, only RSA certificates with 2048-bit or larger keys are supported")]
    [InlineData("Missing SDS resources for leaf/b in onConfigUpdate()")]
    [InlineData("Required OCSP response is missing from TLS context")]
    [InlineData("Unexpected SDS secret (expecting leaf/b): leaf/zzz")]
    public void What_envoy_says_of_harmless_errors_stays(string text) => Assert.Equal(text, SecretRedactor.Redact(text));

    [Theory]
    [InlineData("password { inline_string: \"hunter2\" } rest", "password { inline_string: \"[removed]\" } rest")]
    [InlineData("inline_bytes: \"\\060\\202\\001\\n\\\"x\" rest", "inline_bytes: \"[removed]\" rest")]
    [InlineData("inline_bytes: \\\"a\\\\\\\"b\\\" rest", "inline_bytes: \\\"[removed]\" rest")]
    [InlineData("inline_string: \"cut off here", "inline_string: \"[removed]")]
    [InlineData("a -----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY----- b", "a [removed] b")]
    [InlineData("a -----BEGIN PRIVATE KEY-----\nx", "a [removed]")]
    [InlineData("run 0123456789abcdef end", "run [removed] end")]
    [InlineData("run 0123456789abcde end", "run 0123456789abcde end")]
    [InlineData("der \\060\\201\\207\\002\\001\\000", "der [removed]")]
    public void Values_and_blocks_are_cut(string text, string left) => Assert.Equal(left, SecretRedactor.Redact(text));

    [Fact]
    public void The_result_is_one_line_of_bounded_length()
    {
        Assert.Equal("", SecretRedactor.Redact(null));
        Assert.Equal("a b  c", SecretRedactor.Redact("a\nb\u0085\u2028c"));
        Assert.Equal("ab…", SecretRedactor.Redact("ab cd ef", 3));
        Prop.ForAll<string?, int>((text, limit) =>
        {
            int max = 1 + (Math.Abs(limit) % 50);
            string redacted = SecretRedactor.Redact(text, max);
            return redacted.Length <= max && !redacted.Any(char.IsControl);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    private static readonly Lazy<string> RsaPem = new(() =>
    {
        using PrivateKey key = PrivateKey.Generate(KeyAlgorithm.Rsa2048);
        return Encoding.ASCII.GetString(key.Pem());
    });

    private static string NewPem()
    {
        using PrivateKey key = PrivateKey.Generate(KeyAlgorithm.EcdsaP256);
        return Encoding.ASCII.GetString(key.Pem());
    }

    /// <summary>Some 16 neighbouring characters of the base64 stand in the text, also if it is read without its breaks and escapes.</summary>
    private static bool Leaks(string text, string pem, bool acrossBreaks = true)
    {
        string base64 = string.Concat(pem.Split('\n').Where(line => !line.StartsWith('-')));
        string twice = Convert.ToBase64String(Encoding.ASCII.GetBytes(pem)), hex = Convert.ToHexString(Encoding.ASCII.GetBytes(pem));
        // Two ends of lines, each shorter than a window and parted by a plain space, cannot be told from words.
        string joined = !acrossBreaks ? text : new([.. text.Where(c => !char.IsWhiteSpace(c))]);
        string unescaped = joined.Replace("\\n", "", StringComparison.Ordinal).Replace("\\", "", StringComparison.Ordinal).Replace("%0A", "", StringComparison.Ordinal);
        return new[] { base64, twice, hex }.Any(secret => Enumerable.Range(0, secret.Length - 15).Select(at => secret.Substring(at, 16))
            .Any(window => text.Contains(window, StringComparison.Ordinal) || joined.Contains(window, StringComparison.Ordinal) || unescaped.Contains(window, StringComparison.Ordinal)));
    }
}
