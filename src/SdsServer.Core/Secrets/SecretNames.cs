using System.Collections.Frozen;
using SdsServer.Core.Fleet;

namespace SdsServer.Core.Secrets;

/// <summary>
/// What a name in a request stands for, for the caller who asks. One name is one kind for ever: Envoy does not say which kind it wants,
/// and a leaf sent under a bundle's name turns verification off. Somebody else's SPIFFE ID looks exactly like a name nobody knows.
/// </summary>
public sealed class SecretNames
{
    private const string Scheme = "spiffe:";

    private static readonly FrozenDictionary<string, SecretKind> s_wellKnown = new Dictionary<string, SecretKind>(StringComparer.Ordinal)
    {
        ["default"] = SecretKind.Leaf,
        ["ROOTCA"] = SecretKind.Bundle,
        ["session_ticket_keys"] = SecretKind.TicketKeys,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly string _trustDomainId;
    private readonly FrozenDictionary<string, SecretKind> _exact;
    private readonly KeyValuePair<string, SecretKind>[] _prefixes;

    /// <param name="trustDomain">The trust domain's name, without <c>spiffe://</c>.</param>
    /// <param name="aliases">More names: an exact name, or, if it ends in <c>/</c>, every name that begins with it.</param>
    /// <exception cref="ArgumentException">Aliases contradict each other or a built-in name; the message lists all of them.</exception>
    public SecretNames(string trustDomain, IEnumerable<KeyValuePair<string, SecretKind>> aliases)
    {
        ArgumentException.ThrowIfNullOrEmpty(trustDomain);
        KeyValuePair<string, SecretKind>[] given = [.. aliases];
        string[] errors = [.. Errors(given)];
        if (errors.Length > 0)
        {
            throw new ArgumentException("Secret name aliases: " + string.Join("; ", errors) + ".", nameof(aliases));
        }

        _trustDomainId = "spiffe://" + trustDomain;
        _exact = s_wellKnown.Concat(given.Where(alias => !IsPrefix(alias.Key)))
            .DistinctBy(alias => alias.Key, StringComparer.Ordinal)
            .ToFrozenDictionary(StringComparer.Ordinal);
        _prefixes = [.. given.Where(alias => IsPrefix(alias.Key))];
    }

    /// <summary>The kind of secret, or null when this caller has no secret of that name.</summary>
    public SecretKind? Resolve(string name, Workload workload)
    {
        SecretKind? kind = Kind(name, workload.SpiffeId);
        bool denied = (workload.BundleOnly && kind != SecretKind.Bundle)
            || (!workload.SecretNames.IsEmpty && !workload.SecretNames.Contains(name, StringComparer.Ordinal));
        return denied ? null : kind;
    }

    private SecretKind? Kind(string name, string spiffeId)
    {
        if (_exact.TryGetValue(name, out SecretKind kind))
        {
            return kind;
        }

        if (name.StartsWith(Scheme, StringComparison.Ordinal))
        {
            return name == _trustDomainId ? SecretKind.Bundle : name == spiffeId ? SecretKind.Leaf : null;
        }

        foreach ((string prefix, SecretKind prefixKind) in _prefixes)
        {
            if (name.Length > prefix.Length && name.StartsWith(prefix, StringComparison.Ordinal))
            {
                return prefixKind;
            }
        }

        return null;
    }

    private static bool IsPrefix(string alias) => alias.EndsWith('/');

    private static IEnumerable<string> Errors(KeyValuePair<string, SecretKind>[] aliases)
    {
        foreach ((string name, SecretKind kind) in aliases)
        {
            if (name.Length == 0)
            {
                yield return "an alias is empty";
            }
            else if (name.Contains('*', StringComparison.Ordinal))
            {
                yield return $"'{name}' has a wildcard, which secrets do not have; end it in '/' to mean every name that begins with it";
            }
            else if (name.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            {
                yield return $"'{name}' is a SPIFFE ID; those are not for aliases to give away";
            }
            else if (s_wellKnown.TryGetValue(name, out SecretKind builtIn) && builtIn != kind)
            {
                yield return $"'{name}' always names a {Noun(builtIn)}, not a {Noun(kind)}";
            }
        }

        for (int i = 0; i < aliases.Length; i++)
        {
            for (int j = i + 1; j < aliases.Length; j++)
            {
                ((string a, SecretKind kindA), (string b, SecretKind kindB)) = (aliases[i], aliases[j]);
                if (kindA != kindB && (Covers(a, b) || Covers(b, a)))
                {
                    yield return $"'{a}' names a {Noun(kindA)} but '{b}' a {Noun(kindB)}, and one name is one kind";
                }
            }
        }
    }

    private static bool Covers(string alias, string other) =>
        alias == other || (IsPrefix(alias) && other.StartsWith(alias, StringComparison.Ordinal));

    private static string Noun(SecretKind kind) => kind switch
    {
        SecretKind.Leaf => "leaf",
        SecretKind.Bundle => "bundle",
        _ => "set of session ticket keys",
    };
}
