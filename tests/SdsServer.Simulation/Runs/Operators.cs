using System.Globalization;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Rotation;
using SdsServer.Simulation.Envoys;
using SdsServer.Testing.Virtual;

namespace SdsServer.Simulation.Runs;

/// <summary>Operators who do what they like, when they like, but do not lie: they retire only what has ended.</summary>
internal sealed class Operators(
    VirtualTime time, VirtualServer server, List<SimulatedEnvoy> envoys, FleetPolicy policy, Random random, Story story)
{
    private static readonly string[] Authorities = ["a", "a2", "b", "b", "c"];
    private long _lastRequest;

    public void Step()
    {
        switch (random.Next(13))
        {
            case 0: RetireDead(); break;
            case 1: Repush(); break;
            case 2: Order(id => new HoldRotation { Id = id, Actor = "operator" }); break;
            case 3 or 4 or 5: Turn(); break;
            case 6 or 7: Tend(); break;
            default: StartPlan(); break;
        }
    }

    /// <summary>What a reasonable operator does now and then: lift holds, take manual steps, retire consumers that no expiry ends.</summary>
    public void Tend()
    {
        if (Dead().Concat(Ghosts()).FirstOrDefault(view => view.Rostered) is { } gone)
        {
            Order(id => new RetireInstance { Id = id, Actor = "operator", InstanceId = gone.Id });
        }

        if (server.Engine?.State.Plan is { } plan)
        {
            bool clockIsRight = time.WallError.Duration() < policy.MaxSkew / 2;
            if (plan.Hold is { } hold && (hold.Cause != HoldCause.Clock || clockIsRight))
            {
                Order(id => new UnholdRotation { Id = id, Actor = "operator", Cause = hold.Cause });
            }

            if (plan.Policy.Advance == AdvanceMode.Manual)
            {
                Order(id => new AdvanceRotation { Id = id, Actor = "operator" });
            }
        }
    }

    private void StartPlan()
    {
        string to = Authorities[random.Next(Authorities.Length)];
        string request = (++_lastRequest).ToString(CultureInfo.InvariantCulture);
        RotationPolicy rotation = new()
        {
            Advance = random.Next(6) == 0 ? AdvanceMode.Manual : AdvanceMode.Automatic,
            TrustSoak = TimeSpan.FromSeconds(random.Next(3) * 5),
            DropSoak = TimeSpan.FromSeconds(random.Next(3) * 5),
            GateDeadline = random.Next(3) == 0 ? TimeSpan.FromMinutes(10) : null,
        };
        Order(id => new StartRotation { Id = id, Actor = "operator", RequestId = request, RotationId = "r" + request, To = to, Policy = rotation });
    }

    private void Turn()
    {
        RotationGoal goal = (RotationGoal)random.Next(2);
        Order(id => new TurnRotation { Id = id, Actor = "operator", Goal = goal });
    }

    private void Order(Func<long, EngineCommand> order)
    {
        if (server.Up)
        {
            story.Tell($"operator: {order(0).GetType().Name}{(order(0) is StartRotation start ? " to " + start.To : order(0) is TurnRotation turn ? " " + turn.Goal : "")}");
            server.Order(order);
        }
    }

    private void RetireDead()
    {
        if (Dead().FirstOrDefault() is { } dead)
        {
            Order(id => new RetireInstance { Id = id, Actor = "operator", InstanceId = dead.Id });
        }
    }

    // The entry of a consumer that came back, as a new one, before its old connection was known to be dead.
    private IEnumerable<InstanceView> Ghosts()
    {
        IReadOnlyList<InstanceView> all = server.Engine?.Instances() ?? [];
        return all.Where(view => !view.Connected && all.Any(other => other.Connected && other.Rostered && other.Key == view.Key));
    }

    private IEnumerable<InstanceView> Dead() =>
        server.Engine?.Instances().Where(view => !view.Connected && !envoys.Any(envoy => envoy.Alive && envoy.Key == view.Key)) ?? [];

    private void Repush()
    {
        if (server.Engine?.Instances().FirstOrDefault(view => view.Connected) is { } view)
        {
            Order(id => new RepushInstance { Id = id, Actor = "operator", InstanceId = view.Id });
        }
    }
}
