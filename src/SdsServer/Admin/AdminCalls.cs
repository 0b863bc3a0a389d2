using SdsServer.Admin.Log;
using SdsServer.Admin.Operators;
using SdsServer.Admin.Requests;
using SdsServer.Core.Rotation;
using SdsServer.Grpc;
using SdsServer.Grpc.Server;
using SdsServer.Limits;

namespace SdsServer.Admin;

/// <summary>The frame of every call: who calls, whether he may, what it comes to, and what is written down of it.</summary>
internal sealed class AdminCalls(Func<ServerCallContext, Operator> operatorOf, AuditLog audit, TimeProvider time, ILogger logger)
{
    private const int LoggedLength = 300;

    // By actor: the log shares its writer with the ledger of leaves.
    private readonly AddressRates _denials = new(perSecond: 1, burst: 100, time);

    /// <summary>A call that changes something; logged whatever becomes of it.</summary>
    /// <param name="context">The call.</param>
    /// <param name="command">What it asks for.</param>
    /// <param name="run">Does it; the command has its caller by then.</param>
    /// <param name="least">The least role for what this request asks for, where that is more than the call's own.</param>
    public async Task<T> CommandAsync<T>(ServerCallContext context, OperatorCommand command, Func<OperatorCommand, Task<T>> run, OperatorRole least = OperatorRole.None)
    {
        try
        {
            Operator caller = operatorOf(context);
            command.Actor = caller.Name;
            Require(caller, context, least);
            T done = await run(command);
            AdminLog.Done(logger, command.Actor, command.Kind, command.Resource, ResultOf(command));
            if (!command.Logged)
            {
                await RecordAsync(command, command.Outcome, "");
            }

            return done;
        }
        catch (RpcException refused)
        {
            AdminLog.Refused(logger, command.Actor, command.Kind, command.Resource, refused.StatusCode, LogText.Of(refused.Status.Detail, LoggedLength));
            await RecordAsync(command, OutcomeOf(refused.StatusCode), refused.Status.Detail);
            throw;
        }
        catch (StaleTermException)
        {
            // The log is another server's now.
            AdminLog.Refused(logger, command.Actor, command.Kind, command.Resource, StatusCode.Unavailable, "another server leads now");
            throw AdminErrors.NotLeader();
        }
        catch (OperationCanceledException)
        {
            if (!command.Logged)
            {
                await RecordAsync(command, DecisionOutcome.Failed, "the caller left before it was done");
            }

            throw;
        }
        catch (Exception error)
        {
            AdminLog.Failed(logger, command.Actor, command.Kind, command.Resource, error);
            await RecordAsync(command, DecisionOutcome.Failed, "an error of the server: its own log has it");
            throw;
        }
    }

    /// <summary>A call that changes nothing.</summary>
    public async Task<T> ReadAsync<T>(ServerCallContext context, Func<Task<T>> run)
    {
        Enter(context);
        return await run();
    }

    /// <summary>Refuses callers who are nobody, or may not do this.</summary>
    public void Enter(ServerCallContext context) => Require(operatorOf(context), context, OperatorRole.None);

    private static void Require(Operator caller, ServerCallContext context, OperatorRole least)
    {
        // A call that was forgotten in the table is refused to everybody.
        OperatorRole own = LeastRoles.Of(context.Method) ?? throw AdminErrors.NotAllowed(caller, OperatorRole.Admin, $"{context.Method}, which has no role,");
        LeastRoles.Require(caller, own > least ? own : least, context.Method);
    }

    // Whoever is nobody, or may nothing and tries all the time, must not be able to fill the disk; the process's log has them.
    private Task RecordAsync(OperatorCommand command, DecisionOutcome outcome, string error) =>
        command.DryRun || command.Actor.Length == 0 || (outcome == DecisionOutcome.Denied && !_denials.TryTake(command.Actor))
            ? Task.CompletedTask
            : audit.AppendAsync(command, outcome, error);

    private static string ResultOf(OperatorCommand command) =>
        command.DryRun ? "validated only" : !command.Logged && command.Outcome == DecisionOutcome.Unchanged ? "nothing to do" : "done";

    private static DecisionOutcome OutcomeOf(StatusCode code) => code switch
    {
        StatusCode.PermissionDenied or StatusCode.Unauthenticated => DecisionOutcome.Denied,
        StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.Aborted or StatusCode.NotFound or StatusCode.AlreadyExists => DecisionOutcome.Refused,
        _ => DecisionOutcome.Failed,
    };
}
