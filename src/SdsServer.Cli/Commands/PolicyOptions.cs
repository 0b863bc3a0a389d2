using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;
using Duration = SdsServer.Cli.Parsing.Duration;
using Option = System.CommandLine.Option;

namespace SdsServer.Cli.Commands;

/// <summary>How a rotation may advance; what is not given takes the server's settings.</summary>
internal sealed class PolicyOptions
{
    private readonly Option<Wave[]> _waves = new("--wave")
    {
        HelpName = "WAVE",
        Description = "Who gets a leaf of the new root next; repeat, in order: a number of proxies (1) or a percentage (10%) reached so far, or path=/ns/shop, "
            + "namespace=shop, cluster=web, label:tier=web, joined by + where all must fit. Whoever is left is one more wave; 100% is everyone at once.",
        CustomParser = WaveText.Parse,
        DefaultValueFactory = _ => [],
    };

    private readonly Option<bool> _oneByOne = new("--one-by-one") { Description = "Never more than one proxy on the way to its new leaf; the same as --max-in-flight 1." };
    private readonly Option<int?> _maxInFlight = new("--max-in-flight") { HelpName = "N", Description = "At most so many proxies on the way to their new leaf at once. Default: a twentieth of the mesh." };

    private readonly Option<bool> _manual = new("--manual") { Description = "Every step waits for 'sdsctl rotation advance'; the same as --gate all=approval." };
    private readonly Option<(string Gate, GatePolicy Policy)[]> _gates = new("--gate")
    {
        HelpName = "GATE=KIND",
        Description = "What opens a gate; repeat for several. GATE: trust (the first leaf), wave (each further wave), drop (the old root goes), all. "
            + "KIND: ack (the answers of the mesh; default), approval (then you), webhook (then the server's webhook), time:30m (UNSAFE: nobody is asked).",
        CustomParser = GateText.Parse,
        DefaultValueFactory = _ => [],
    };

    private readonly Option<TimeSpan?> _trustSoak = Duration.Option("--trust-soak", "Wait between everyone's trust in the new root and its first signature.");
    private readonly Option<TimeSpan?> _canarySoak = Duration.Option("--canary-soak", "Wait after the first wave.");
    private readonly Option<TimeSpan?> _waveSoak = Duration.Option("--wave-soak", "Wait after each further wave.");
    private readonly Option<TimeSpan?> _dropSoak = Duration.Option("--drop-soak", "Wait between the last leaf of the old root and its removal.");
    private readonly Option<TimeSpan?> _connectionAge = Duration.Option("--max-connection-age", "The longest a connection lives in the mesh; the removal of the old root waits for it.");
    private readonly Option<TimeSpan?> _gateDeadline = Duration.Option("--gate-deadline", "Hold the rotation when a gate stays closed for longer.");
    private readonly Option<double?> _maxSilent = new("--max-silent")
    {
        HelpName = "PERCENT",
        Description = "Hold the rotation while more of the proxies reached leave their new leaf unanswered.",
        CustomParser = ParsePercent,
    };

    private readonly Option<LeafEvidence> _evidence = Choice.Option<LeafEvidence>(
        "--evidence", "What shows that a proxy uses its new leaf: its answer, or Envoy's own word from its admin as well.", value => value == LeafEvidence.EnvoyAdmin ? "envoy-admin" : "ack");

    private readonly Option<bool> _automaticRollback = new("--automatic-rollback") { Description = "Turn back by itself when a proxy refuses a second, fresh leaf though its bundle is healthy, when too many are silent, or when the webhook says no." };
    private readonly Option<TimeSpan?> _leafLifetime = Duration.Option(
        "--leaf-lifetime", "While the rotation lasts leaves live no longer: so long can a proxy that goes away hold it up. Longer ones are replaced first.");

    private readonly Option<DateTimeOffset?> _signNotBefore = new("--sign-not-before")
    {
        HelpName = "TIME",
        Description = "The new root signs nothing before, such as 2027-01-10T06:00Z.",
        CustomParser = ParseTime,
    };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[]
        {
            _waves, _oneByOne, _maxInFlight, _manual, _gates, _trustSoak, _canarySoak, _waveSoak, _dropSoak, _connectionAge, _gateDeadline, _maxSilent, _evidence,
            _automaticRollback, _leafLifetime, _signNotBefore,
        })
        {
            command.Add(option);
        }
    }

    public RotationPolicy Read(Session session)
    {
        RotationPolicy policy = new()
        {
            Waves = { session.Get(_waves) },
            TrustSoak = session.Get(_trustSoak)?.ToDuration(),
            CanarySoak = session.Get(_canarySoak)?.ToDuration(),
            WaveSoak = session.Get(_waveSoak)?.ToDuration(),
            DropSoak = session.Get(_dropSoak)?.ToDuration(),
            MaxConnectionAge = session.Get(_connectionAge)?.ToDuration(),
            GateDeadline = session.Get(_gateDeadline)?.ToDuration(),
            LeafLifetime = session.Get(_leafLifetime)?.ToDuration(),
            SignNotBefore = session.Get(_signNotBefore)?.ToTimestamp(),
            Evidence = session.Get(_evidence),
        };
        if (session.Get(_oneByOne) && session.Get(_maxInFlight) is not null)
        {
            throw CliException.Usage("--one-by-one and --max-in-flight exclude each other", "--one-by-one is --max-in-flight 1: leave one of them out");
        }

        if (session.Get(_manual))
        {
            GateText.Apply([("all", new GatePolicy { Kind = GateKind.Approval })], policy);
        }

        GateText.Apply(session.Get(_gates)!, policy);
        if ((session.Get(_oneByOne) ? 1 : session.Get(_maxInFlight)) is { } inFlight)
        {
            policy.MaxInFlight = inFlight;
        }

        if (session.Get(_maxSilent) is { } silent)
        {
            policy.MaxSilentPercent = silent;
        }

        if (session.Get(_automaticRollback))
        {
            policy.AutomaticRollback = true;
        }

        return policy;
    }

    private static double? ParsePercent(ArgumentResult result)
    {
        string text = result.Tokens.Single().Value.TrimEnd('%');
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent <= 100)
        {
            return percent;
        }

        result.AddError($"'{text}' is no percentage from 0 to 100");
        return null;
    }

    private static DateTimeOffset? ParseTime(ArgumentResult result)
    {
        string text = result.Tokens.Single().Value;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time))
        {
            return time;
        }

        result.AddError($"'{text}' is no time such as 2027-01-10T06:00Z");
        return null;
    }
}
