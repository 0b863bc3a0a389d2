using SdsServer.Admin.Requests;
using SdsServer.Core.Rotation;
using SdsServer.Grpc;
using SdsServer.Grpc.Server;

namespace SdsServer.Admin;

/// <summary>The frame of every call: who calls, what it comes to, and what is written down of it.</summary>
internal sealed class AdminCalls(Func<ServerCallContext, string> actorOf, ILogger logger)
{
    private const int LoggedLength = 300;

    /// <summary>A call that changes something; logged whatever becomes of it.</summary>
    /// <param name="context">The call.</param>
    /// <param name="resource">What it is about, as the request names it.</param>
    /// <param name="run">Gets the caller's identity.</param>
    public async Task<T> CommandAsync<T>(ServerCallContext context, string resource, Func<string, Task<T>> run)
    {
        string method = context.Method[(context.Method.LastIndexOf('/') + 1)..];
        string actor = "nobody";
        try
        {
            actor = ActorOf(context);
            T done = await run(actor);
            AdminLog.Done(logger, actor, method, Printable(resource));
            return done;
        }
        catch (RpcException refused)
        {
            AdminLog.Refused(logger, actor, method, Printable(resource), refused.StatusCode, Printable(refused.Status.Detail));
            throw;
        }
        catch (StaleTermException)
        {
            AdminLog.Refused(logger, actor, method, Printable(resource), StatusCode.Unavailable, "another server leads now");
            throw AdminErrors.NotLeader();
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            AdminLog.Failed(logger, actor, method, Printable(resource), error);
            throw;
        }
    }

    /// <summary>A call that changes nothing.</summary>
    public async Task<T> ReadAsync<T>(ServerCallContext context, Func<Task<T>> run)
    {
        ActorOf(context);
        return await run();
    }

    /// <summary>Refuses callers who are nobody.</summary>
    public string ActorOf(ServerCallContext context) => actorOf(context) is { Length: > 0 } actor ? actor : throw AdminErrors.Unauthenticated();

    // What a caller wrote must not look like a line of the log.
    private static string Printable(string text)
    {
        string cut = text.Length > LoggedLength ? text[..LoggedLength] + "..." : text;
        return string.Create(cut.Length, cut, static (span, from) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(from[i]) ? ' ' : from[i];
            }
        });
    }
}
