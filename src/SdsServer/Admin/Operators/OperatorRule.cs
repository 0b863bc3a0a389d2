using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SdsServer.Core.Pki;

namespace SdsServer.Admin.Operators;

/// <summary>A checked <see cref="OperatorRuleOptions"/>.</summary>
internal sealed record OperatorRule
{
    private readonly string? _id;
    private readonly string? _prefix;
    private readonly DistinguishedName? _subject;

    private OperatorRule(OperatorRuleOptions options, string where, List<string> errors)
    {
        Role = Enum.TryParse(options.Role, ignoreCase: true, out OperatorRole role) && options.Role.All(char.IsAsciiLetter) ? role : OperatorRole.None;
        if (Role == OperatorRole.None)
        {
            errors.Add($"{where}:Role: '{options.Role}' is none of viewer, operator, admin");
        }

        if (new[] { options.SpiffeId, options.SpiffeIdPrefix, options.Subject }.Count(name => name.Length > 0) != 1)
        {
            errors.Add($"{where}: one of SpiffeId, SpiffeIdPrefix and Subject is required, and only one");
        }
        else if (options.SpiffeId.Length > 0)
        {
            _id = options.SpiffeId;
            CheckId("SpiffeId", options.SpiffeId, options.SpiffeId);
        }
        else if (options.SpiffeIdPrefix.Length > 0)
        {
            // Without the slash "spiffe://example.org/op" would take "/operators" in, and even "spiffe://example.org" "example.org.evil".
            _prefix = options.SpiffeIdPrefix;
            CheckId("SpiffeIdPrefix", options.SpiffeIdPrefix, options.SpiffeIdPrefix.EndsWith('/') ? options.SpiffeIdPrefix + "x" : "");
        }
        else
        {
            _subject = ParseSubject(options.Subject, where, errors);
        }

        void CheckId(string setting, string text, string filled)
        {
            if (filled.Length == 0)
            {
                errors.Add($"{where}:{setting}: '{text}' must end in a slash");
            }
            else if (!Core.Pki.SpiffeId.TryParse(filled, out SpiffeId? id, out string? reason))
            {
                errors.Add($"{where}:{setting}: '{text}': {reason}");
            }
            else if (!id.IsWorkload)
            {
                errors.Add($"{where}:{setting}: '{text}' has no path, so nobody can have it");
            }
        }
    }

    public OperatorRole Role { get; }

    /// <summary>What the list means; what is wrong is reported.</summary>
    public static ImmutableArray<OperatorRule> Read(List<OperatorRuleOptions> options, List<string> errors) =>
        [.. options.Select((rule, index) => new OperatorRule(rule, $"SdsServer:Admin:Roles:{index}", errors))];

    /// <param name="id">The certificate's only URI name, where it is a SPIFFE ID.</param>
    public bool Fits(SpiffeId? id, DistinguishedName subject) =>
        (_id is not null && id?.ToString() == _id)
        || (_prefix is not null && id?.ToString().StartsWith(_prefix, StringComparison.Ordinal) == true)
        || (_subject is not null && !subject.IsEmpty && subject.Equals(_subject));

    private static DistinguishedName? ParseSubject(string text, string where, List<string> errors)
    {
        try
        {
            return DistinguishedName.Read(new X500DistinguishedName(text).RawData);
        }
        catch (Exception error) when (error is CryptographicException or FormatException)
        {
            errors.Add($"{where}:Subject: '{text}' is no subject such as CN=alice,O=Ops");
            return null;
        }
    }
}
