using System.CommandLine.Parsing;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Parsing;

/// <summary>What opens a gate as people write it: <c>trust=approval</c>, <c>wave=time:30m</c>, <c>drop=webhook</c>, <c>all=ack</c>.</summary>
internal static class GateText
{
    private const string Time = "time:";

    public static (string Gate, GatePolicy Policy)[] Parse(ArgumentResult result)
    {
        List<(string, GatePolicy)> gates = [];
        foreach (string text in result.Tokens.Select(token => token.Value))
        {
            if (text.Split('=', 2) is not [("trust" or "wave" or "drop" or "all") and var gate, var kind] || Of(kind) is not { } policy)
            {
                result.AddError($"'{text}' is no gate: trust, wave, drop or all, then =ack, =approval, =webhook or =time:{"30m"}");
            }
            else if (gates.Exists(given => given.Item1 == gate))
            {
                result.AddError($"'{text}': gate {gate} was given before; say once what opens it");
            }
            else if (gate == "all" && gates.Count > 0)
            {
                result.AddError($"'{text}' would undo gate {gates[0].Item1} before it: give all first, then the exceptions");
            }
            else
            {
                gates.Add((gate, policy));
            }
        }

        return [.. gates];
    }

    /// <summary>Sets what was given; a later one wins.</summary>
    public static void Apply(IEnumerable<(string Gate, GatePolicy Policy)> gates, RotationPolicy to)
    {
        foreach ((string gate, GatePolicy policy) in gates)
        {
            to.TrustGate = gate is "trust" or "all" ? policy : to.TrustGate;
            to.WaveGate = gate is "wave" or "all" ? policy : to.WaveGate;
            to.DropGate = gate is "drop" or "all" ? policy : to.DropGate;
        }
    }

    private static GatePolicy? Of(string kind) => kind switch
    {
        "ack" => new GatePolicy { Kind = GateKind.Ack },
        "approval" => new GatePolicy { Kind = GateKind.Approval },
        "webhook" => new GatePolicy { Kind = GateKind.Webhook },
        _ when kind.StartsWith(Time, StringComparison.Ordinal) && Duration.TryParse(kind[Time.Length..], out TimeSpan after) =>
            new GatePolicy { Kind = GateKind.Time, After = after.ToDuration() },
        _ => null,
    };
}
