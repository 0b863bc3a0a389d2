using System.Collections.Immutable;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Authorities;

/// <summary>The roots by which a proxy's bootstrap should know the server.</summary>
public static class BootstrapAnchors
{
    /// <summary>
    /// Those of the bundle, the one that the serving certificate is under, and those that are known and were never in a bundle, so that a proxy
    /// knows the next one before it is needed. Never one that is stolen. In the order of the bundle, then by id.
    /// </summary>
    public static ImmutableArray<TrustRoot> Of(TrustState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        HashSet<string> tainted = [.. state.Authorities.Where(authority => authority.Tainted).Select(authority => authority.RootId)];
        HashSet<string> known = [.. state.Authorities.Select(authority => authority.RootId)];
        string? serving = state.Serving is { } own ? state.RootOf(own.AuthorityId).Id : null;
        IEnumerable<TrustRoot> others = state.Roots
            .Where(root => !state.Trusts(root.Id) && (root.Id == serving || (root.Since is null && known.Contains(root.Id))))
            .OrderBy(root => root.Id, StringComparer.Ordinal);
        return [.. state.Bundle.Select(state.Root).Concat(others).Where(root => !tainted.Contains(root.Id))];
    }

    /// <summary>The same as PEM; public certificates, nothing secret.</summary>
    public static byte[] ToPem(TrustState state) => [.. Of(state).SelectMany(root => Certificate.Parse(root.Certificate.AsSpan()).ToPem())];
}
