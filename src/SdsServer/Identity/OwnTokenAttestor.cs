using SdsServer.Core.Access;
using SdsServer.Core.Fleet;

namespace SdsServer.Identity;

/// <summary>Evidence by a token of this server.</summary>
internal sealed class OwnTokenAttestor(TokenDirectory tokens)
{
    /// <summary>Null when the token is refused, whatever is wrong with it.</summary>
    public Evidence? Find(string text) => tokens.Verify(text) is { Token: { } token } accepted
        ? new Evidence([new Selector(Selector.Token, token.Id)])
        {
            Workload = new Workload(token.SpiffeId, token.DnsNames, token.BundleOnly),
            ValidUntil = token.NotAfter,
            Withdrawn = accepted.Deleted,
        }
        : null;
}
