using System.Collections.Immutable;
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

    // It looks once an hour at least: so it warns once a day at least.
    private static readonly TimeSpan Daily = TimeSpan.FromDays(1) - Seldom;

    private ScheduledRotation? _unmet;
    private DateTimeOffset _expiry;
    private string _warnedOf = "";
    private long _warnedAt;

    /// <summary>Looks every minute, after refusals less and less often, until it is stopped, or the term is over.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        TimeSpan wait = Every;
        while (!stop.IsCancellationRequested && !loop.Failed.IsCompleted)
        {
            TimeSpan again = Every;
            (string Cause, string Text) why = ("ended", "the one begun by the server has ended without that, and no second is begun");
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
                // The text is another one each time: it names the root that was made for the try.
                why = (error is RpcException refused ? $"{refused.Status.Code}" : error.GetType().Name, $"the one that is due could not be started, and is tried again, every hour at least: {error.Message}");

                // Each refusal is in the audit log, which must not fill up with them.
                again = wait;
                wait = wait * 2 < Seldom ? wait * 2 : Seldom;
            }

            Warn(why);
            await Task.Delay(again, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Starts what is due now; nothing if nothing is. Tells whether it did.</summary>
    /// <exception cref="RpcException">It was refused.</exception>
    public async Task<bool> LookAsync(CancellationToken cancellation)
    {
        _unmet = null;
        (TrustState state, DateTimeOffset now) = await loop.ReadAsync(engine => (engine.State, engine.JudgedTime), cancellation);
        if (state.Plan is null && schedule.Due(state with { Past = [] }, LifeOf, now) is { } needed)
        {
            ImmutableArray<ImmutableArray<byte>> chain = state.Authority(needed.From).Chain;
            (_unmet, _expiry) = (needed, LifeOf(needed.Kind == RotationKind.Intermediate ? chain[0] : chain[^1]).NotAfter);
        }

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
        _unmet = null;
        return true;
    }

    /// <summary>Says once for each cause, and every day again, that nothing is done about what expires.</summary>
    private void Warn((string Cause, string Text) why)
    {
        if (_unmet is null)
        {
            _warnedOf = "";
            return;
        }

        if (why.Cause != _warnedOf || time.GetElapsedTime(_warnedAt) >= Daily)
        {
            HostingLog.NothingReplaces(logger, _unmet.From, _expiry, why.Text, $"sdsctl rotation start --new{(_unmet.Kind == RotationKind.Intermediate ? " --intermediate" : "")}");
            (_warnedOf, _warnedAt) = (why.Cause, time.GetTimestamp());
        }
    }

    private static (DateTimeOffset NotBefore, DateTimeOffset NotAfter) LifeOf(ImmutableArray<byte> der)
    {
        Certificate certificate = Certificate.Parse(der.AsSpan());
        return (certificate.NotBefore, certificate.NotAfter);
    }
}
