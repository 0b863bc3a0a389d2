using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Grpc;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Hosting;

/// <summary>Starts the rotation that is due before a root expires, by the way an operator's start goes: it ends in a rotation, or leaves nothing behind.</summary>
internal sealed class AutomaticRotation(TrustDomainLoop loop, RotationStart rotations, RotationSchedule schedule, string trustDomain, TimeProvider time, ILogger logger)
{
    private const string Actor = "engine";

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Seldom = TimeSpan.FromHours(1);

    private string _lastWarning = "";

    /// <summary>Looks every minute, after refusals less and less often, until it is stopped, or the term is over.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        TimeSpan wait = Every;
        while (!stop.IsCancellationRequested && !loop.Failed.IsCompleted)
        {
            TimeSpan again = Every;
            try
            {
                await LookAsync(stop);
                wait = Every;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // Once, not every minute: the operator has read it.
                if (error.Message != _lastWarning)
                {
                    HostingLog.Warn(logger, $"the rotation that is due before the root expires could not be started, and is tried again, every hour at least: {error.Message}");
                }

                _lastWarning = error.Message;

                // Each refusal is in the audit log, which must not fill up with them.
                again = wait;
                wait = wait * 2 < Seldom ? wait * 2 : Seldom;
            }

            await Task.Delay(again, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Starts what is due now; nothing if nothing is. Tells whether it did.</summary>
    /// <exception cref="RpcException">It was refused.</exception>
    public async Task<bool> LookAsync(CancellationToken cancellation)
    {
        (TrustState state, DateTimeOffset now) = await loop.ReadAsync(engine => (engine.State, engine.JudgedTime), cancellation);
        if (schedule.Due(state, LifeOf, now) is not { } due)
        {
            return false;
        }

        string reason = $"'{due.From}' nears its end";
        Api.StartRotationRequest request = new()
        {
            Parent = $"trustDomains/{trustDomain}",
            ExpectedRevision = state.Decisions,
            RequestId = due.RequestId,
            Kind = due.Kind == RotationKind.Intermediate ? Api.RotationKind.Intermediate : Api.RotationKind.Planned,
            NewAuthority = new Api.NewAuthority(),
            Policy = new Api.RotationPolicy { SignNotBefore = due.SignNotBefore.ToTimestamp() },
            Reason = reason,
        };
        OperatorCommand command = new(DecisionKind.StartRotation, $"{request.Parent}/rotations/{due.RequestId}", reason) { Actor = Actor };
        await rotations.StartAsync(request, command, cancellation);
        return true;
    }

    private static (DateTimeOffset NotBefore, DateTimeOffset NotAfter) LifeOf(System.Collections.Immutable.ImmutableArray<byte> der)
    {
        Certificate certificate = Certificate.Parse(der.AsSpan());
        return (certificate.NotBefore, certificate.NotAfter);
    }
}
