using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Protos.Admin.V1;
using Duration = SdsServer.Cli.Parsing.Duration;
using Option = System.CommandLine.Option;

namespace SdsServer.Cli.Commands;

/// <summary>What belongs to a stolen root.</summary>
internal sealed class EmergencyOptions
{
    private readonly Option<bool> _emergency = new("--emergency")
    {
        Description = "A root is stolen: it signs nothing from now on, a rotation under way is ended, there is one wave, and the root goes at a deadline.",
    };

    private readonly Option<string> _compromised = new("--compromised") { HelpName = "ID", Description = "With --emergency: the root that is stolen. Default: the one that signs, if no rotation is under way." };
    private readonly Option<TimeSpan?> _signDeadline = Duration.Option("--sign-deadline", "With --emergency, from the start: by then the new root signs. Default: the server's, 2m.");
    private readonly Option<TimeSpan?> _dropDeadline = Duration.Option("--drop-deadline", "With --emergency, from the start: by then the stolen root goes. Default: the server's, 15m.");
    private readonly Option<bool> _force = new("--force-at-deadlines")
    {
        Description = "With --emergency: at the deadlines pass over whoever is not ready, in your name; its handshakes fail until it is. Default: the deadlines hold the rotation.",
    };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _emergency, _compromised, _signDeadline, _dropDeadline, _force })
        {
            command.Add(option);
        }
    }

    /// <summary>The root that is stolen, as it was named; null for none.</summary>
    public string? Compromised(Session session) => session.Get(_compromised);

    /// <summary>Whether it is one.</summary>
    /// <exception cref="CliException">Something of it was given without it.</exception>
    public bool Read(Session session, RotationPolicy policy)
    {
        bool emergency = session.Get(_emergency);
        if (!emergency && (session.Get(_compromised) is not null || session.Get(_signDeadline) is not null || session.Get(_dropDeadline) is not null || session.Get(_force)))
        {
            throw CliException.Usage("--compromised, --sign-deadline, --drop-deadline and --force-at-deadlines belong to --emergency");
        }

        if (session.Get(_compromised) is "")
        {
            throw CliException.Usage("--compromised needs the id of the stolen root, and was given an empty one", "see the roots there are with 'sdsctl root list'");
        }

        policy.SignDeadline = session.Get(_signDeadline)?.ToDuration();
        policy.DropDeadline = session.Get(_dropDeadline)?.ToDuration();
        policy.ForceAtDeadlines = session.Get(_force);
        return emergency;
    }
}
