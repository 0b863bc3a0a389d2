using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Grpc;

namespace SdsServer.Xds;

/// <summary>
/// Looks at every response once more before it is encoded: whatever a session believes, nothing leaves that the workload may not have at this
/// moment, and no bundle without its peers.
/// </summary>
internal static class PushGuard
{
    /// <exception cref="RpcException">UNAUTHENTICATED, as for evidence that was withdrawn: nothing of the response may go out.</exception>
    public static void Check(SecretResponse response, SecretNames names, Workload workload)
    {
        foreach (ResponseItem item in response.Items)
        {
            // That the content is of the name's kind is for the encoder to see: a fault of this server, no matter of rights.
            bool allowed = item.Payload is null
                || (names.Resolve(item.Subscription.Name, workload) == item.Subscription.Kind && (item.Payload as BundlePayload)?.Peers.Equals(workload.Peers) != false);
            if (!allowed)
            {
                throw Withdrawn();
            }
        }
    }

    /// <summary>How a stream ends whose evidence stands for nothing any more, or for something else: a caller is not told which.</summary>
    public static RpcException Withdrawn() =>
        new(StatusCode.Unauthenticated, "the credentials of this stream have expired or were withdrawn; open a new one");
}
