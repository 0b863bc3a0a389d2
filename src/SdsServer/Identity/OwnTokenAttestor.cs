using SdsServer.Core.Access;
using SdsServer.Core.Fleet;
using SdsServer.Grpc;

namespace SdsServer.Identity;

/// <summary>Evidence by a token of this server.</summary>
internal sealed class OwnTokenAttestor(TokenDirectory tokens)
{
    /// <summary>Null when the token is refused, whatever is wrong with it.</summary>
    /// <exception cref="RpcException">PERMISSION_DENIED: it is a good token, and one for joining only.</exception>
    public Evidence? Find(ReadOnlySpan<char> text)
    {
        if (tokens.Verify(text) is not { Token: { } token } accepted)
        {
            return null;
        }

        return token.Join is null
            ? new Evidence([new Selector(Selector.Token, token.Id)])
            {
                Workload = new Workload(token.SpiffeId, token.DnsNames, token.BundleOnly),
                ValidUntil = token.NotAfter,
                Withdrawn = accepted.Deleted,
            }
            : throw new RpcException(
                StatusCode.PermissionDenied, $"the token {token.Id} is for joining and opens no stream: call sdsserver.enrolment.v1.EnrolmentService/Enrol with it, then connect with the certificate");
    }
}
