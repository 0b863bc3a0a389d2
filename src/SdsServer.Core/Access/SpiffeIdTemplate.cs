using System.Diagnostics.CodeAnalysis;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Access;

/// <summary>
/// A SPIFFE ID, or several: <c>spiffe://example.org/ns/shop/*</c>, where <c>*</c> stands for exactly one segment of the path, whatever a SPIFFE ID may
/// have there. Nothing is normalised, so that no value can reach into another segment.
/// </summary>
public sealed class SpiffeIdTemplate
{
    private const string Any = "*";

    private readonly string _text;
    private readonly string[] _segments;

    private SpiffeIdTemplate(string text, SpiffeId example, SpiffeId? id)
    {
        (_text, Id, TrustDomain) = (text, id, example.TrustDomain);
        _segments = text[example.TrustDomain.Uri.Length..].Split('/');
    }

    public TrustDomain TrustDomain { get; }

    /// <summary>The only ID it stands for; null where there are several.</summary>
    public SpiffeId? Id { get; }

    /// <summary>Reads a template of workloads' IDs; the reason says what is wrong with anything else.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SpiffeIdTemplate? template, [NotNullWhen(false)] out string? reason)
    {
        template = null;
        string filled = string.Join('/', (text ?? "").Split('/').Select(segment => segment == Any ? "x" : segment));
        if (!SpiffeId.TryParse(filled, out SpiffeId? example, out reason))
        {
            return false;
        }

        // A star where the name of the trust domain belongs would fit every one.
        if (!example.IsWorkload || !text!.StartsWith($"{example.TrustDomain.Uri}/", StringComparison.Ordinal))
        {
            reason = "SPIFFE ID: it must name a workload of one trust domain, by a path";
            return false;
        }

        template = new SpiffeIdTemplate(text, example, filled == text ? example : null);
        return true;
    }

    /// <summary>This is one of the IDs.</summary>
    public bool Fits(SpiffeId id)
    {
        ArgumentNullException.ThrowIfNull(id);
        string[] segments = id.Path.Split('/');
        return id.TrustDomain.Equals(TrustDomain)
            && segments.Length == _segments.Length
            && segments.Zip(_segments).All(pair => pair.Second == Any || pair.First == pair.Second);
    }

    /// <summary>As it was written.</summary>
    public override string ToString() => _text;
}
