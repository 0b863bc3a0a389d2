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
    private readonly Option<bool> _manual = new("--manual") { Description = "Every step waits for 'sdsctl rotation advance'. Default: the server steps as soon as a gate is open." };
    private readonly Option<TimeSpan?> _trustSoak = Duration.Option("--trust-soak", "Wait between everyone's trust in the new root and its first signature.");
    private readonly Option<TimeSpan?> _canarySoak = Duration.Option("--canary-soak", "Wait after the first wave.");
    private readonly Option<TimeSpan?> _waveSoak = Duration.Option("--wave-soak", "Wait after each further wave.");
    private readonly Option<TimeSpan?> _dropSoak = Duration.Option("--drop-soak", "Wait between the last leaf of the old root and its removal.");
    private readonly Option<TimeSpan?> _connectionAge = Duration.Option("--max-connection-age", "The longest a connection lives in the mesh; the removal of the old root waits for it.");
    private readonly Option<TimeSpan?> _gateDeadline = Duration.Option("--gate-deadline", "Hold the rotation when a gate stays closed for longer.");
    private readonly Option<Wave[]> _waves = new("--waves")
    {
        HelpName = "LIST",
        Description = "How much of the mesh is reached after each wave, as numbers of proxies or percentages: 1,1%,10%,50%. Whoever is left is one more wave.",
        CustomParser = ParseWaves,
        DefaultValueFactory = _ => [],
    };

    private readonly Option<bool> _automaticRollback = new("--automatic-rollback") { Description = "Turn back by itself when a wave fails and a fresh retry fails again." };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _manual, _trustSoak, _canarySoak, _waveSoak, _dropSoak, _connectionAge, _gateDeadline, _waves, _automaticRollback })
        {
            command.Add(option);
        }
    }

    public RotationPolicy Read(Session session) => new()
    {
        Advance = session.Get(_manual) ? AdvanceMode.Manual : AdvanceMode.Unspecified,
        TrustSoak = session.Get(_trustSoak)?.ToDuration(),
        CanarySoak = session.Get(_canarySoak)?.ToDuration(),
        WaveSoak = session.Get(_waveSoak)?.ToDuration(),
        DropSoak = session.Get(_dropSoak)?.ToDuration(),
        MaxConnectionAge = session.Get(_connectionAge)?.ToDuration(),
        GateDeadline = session.Get(_gateDeadline)?.ToDuration(),
        AutomaticRollback = session.Get(_automaticRollback),
        Waves = { session.Get(_waves) },
    };

    private static Wave[] ParseWaves(ArgumentResult result)
    {
        List<Wave> waves = [];
        foreach (string part in result.Tokens.Single().Value.Split(',', StringSplitOptions.TrimEntries))
        {
            if (int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int proxies) && proxies > 0)
            {
                waves.Add(new Wave { Proxies = proxies });
            }
            else if (part.EndsWith('%') && double.TryParse(part[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent)
                && percent is > 0 and <= 100)
            {
                waves.Add(new Wave { Percent = percent });
            }
            else
            {
                result.AddError($"'{part}' is no wave: a number of proxies such as 1, or a percentage such as 10%");
            }
        }

        return [.. waves];
    }
}
