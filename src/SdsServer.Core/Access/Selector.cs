using System.Diagnostics.CodeAnalysis;

namespace SdsServer.Core.Access;

/// <summary>One proven fact about a caller: <c>unix:uid:1000</c>, <c>k8s:ns:shop</c>, <c>token:7d9f</c>. Compared to the letter.</summary>
/// <param name="Kind">One of <see cref="Kinds"/>, or <c>x509:</c> and a word.</param>
/// <param name="Value">What was proven; never empty.</param>
public sealed record Selector(string Kind, string Value)
{
    public const string Token = "token";
    public const string SpiffeId = "spiffe_id";
    public const string UnixUid = "unix:uid";
    public const string UnixGid = "unix:gid";
    public const string UnixPath = "unix:path";
    public const string UnixCgroup = "unix:cgroup";
    public const string JwtIssuer = "jwt:iss";
    public const string JwtSubject = "jwt:sub";
    public const string KubernetesNamespace = "k8s:ns";
    public const string KubernetesServiceAccount = "k8s:sa";

    private const string Unix = "unix:";
    private const string Certificate = "x509:";
    private const int MaxLength = 2048;

    /// <summary>The kinds there are, besides those of certificates.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
        [Token, SpiffeId, UnixUid, UnixGid, UnixPath, UnixCgroup, JwtIssuer, JwtSubject, KubernetesNamespace, KubernetesServiceAccount];

    /// <summary>It tells of the process at the other end, and is no credential that somebody was given to be known by.</summary>
    public bool IsOfProcess => Kind.StartsWith(Unix, StringComparison.Ordinal);

    /// <summary>Reads <c>KIND:VALUE</c>; the reason says what is wrong with anything else.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Selector? selector, [NotNullWhen(false)] out string? reason)
    {
        string? kind = Kinds.FirstOrDefault(known => text.StartsWith(known + ":", StringComparison.Ordinal)) ?? CertificateKind(text);
        string value = kind is null ? "" : text[(kind.Length + 1)..];
        reason = kind is null ? $"'{text}' begins with none of {string.Join(":, ", Kinds)}: and x509:WORD:"
            : value.Length == 0 ? $"'{text}' has no value"
            : text.Length > MaxLength ? $"a selector has at most {MaxLength} characters"
            : value.Any(char.IsControl) || value.Trim() != value ? $"the value of '{kind}' has a control character, or a space at an end"
            : null;
        selector = reason is null ? new Selector(kind!, value) : null;
        return selector is not null;
    }

    /// <summary><c>KIND:VALUE</c>.</summary>
    public override string ToString() => $"{Kind}:{Value}";

    private static string? CertificateKind(string text)
    {
        int end = text.StartsWith(Certificate, StringComparison.Ordinal) ? text.IndexOf(':', Certificate.Length) : -1;
        return end > Certificate.Length && text[Certificate.Length..end].All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '_') ? text[..end] : null;
    }
}
