using System.Runtime.CompilerServices;
using Google.Protobuf;
using SdsServer.Grpc;

namespace SdsServer.Cli.Admin;

/// <summary>Watches that outlive a restart of the server.</summary>
internal static class Watch
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Opens the watch again whenever it ends, with the request as it is then: a server that stops ends its watches, too. Only the caller
    /// knows when it has seen enough. The first attempt must succeed, and what the server refuses is not tried again.
    /// </summary>
    public static async IAsyncEnumerable<TResponse> ForeverAsync<TRequest, TResponse>(
        Session session, GrpcMethod<TRequest, TResponse> method, Func<TRequest> request, [EnumeratorCancellation] CancellationToken cancellation = default)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        bool answered = false;
        bool told = false;
        while (true)
        {
            await using IAsyncEnumerator<TResponse> responses = session.Admin.WatchAsync(method, request(), cancellation).GetAsyncEnumerator(cancellation);
            while (await NextAsync(responses, retry: answered))
            {
                answered = true;
                told = false;
                yield return responses.Current;
            }

            if (!told)
            {
                session.Terminal.Say($"the connection to {session.Admin.Address} is lost; trying again every second");
                told = true;
            }

            await Task.Delay(s_pause, session.Host.Time, session.Cancellation);
        }
    }

    private static async Task<bool> NextAsync<TResponse>(IAsyncEnumerator<TResponse> responses, bool retry)
    {
        try
        {
            return await responses.MoveNextAsync();
        }
        catch (RpcException error) when (retry && error.StatusCode is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Unknown)
        {
            return false;
        }
    }
}
