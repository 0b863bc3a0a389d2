using System.CommandLine;
using SdsServer.Cli.Commands;
using SdsServer.Cli.Demo;

namespace SdsServer.Cli.Parsing;

/// <summary>All commands.</summary>
internal static class CommandTree
{
    public const string Help = "--help";
    public const string Version = "--version";

    public static RootCommand Create()
    {
        RootCommand root = new("Shows and moves the trust of a mesh: roots, rotations, proxies, leaves.");
        root.Options.Clear();
        foreach (Option option in GlobalOptions.Create())
        {
            root.Add(option);
        }

        root.Add(new Option<bool>(Help, "-h") { Description = "Show this help." });
        root.Add(new Option<bool>(Version) { Description = "Show the version of sdsctl." });
        foreach (Option option in root.Options)
        {
            option.Recursive = true;
        }

        root.Add(StatusCommand.Create());
        root.Add(Noun("root", "Roots and other authorities that can sign. 'authority' means the same.", RootListCommand.Create(), RootCreateCommand.Create(), RootRoleCommand.Create(), RootDeleteCommand.Create()));
        root.Subcommands[^1].Aliases.Add("authority");
        root.Add(Noun(
            "rotation", "Moves the mesh from one root to another, one proven step at a time.",
            RotationStartCommand.Create(), RotationStatusCommand.Create(), RotationListCommand.Create(), RotationWatchCommand.Create(), RotationAdvanceCommand.Create(),
            RotationRollbackCommand.Create(), RotationForwardCommand.Create(), RotationHoldCommand.Create(), RotationUnholdCommand.Create()));
        root.Add(Noun(
            "proxy", "The Envoy processes that take secrets.",
            ProxyListCommand.Create(), ProxyShowCommand.Create(), ProxyRetireCommand.Create(), ProxyRepushCommand.Create(), ProxyConfirmCommand.Create(),
            ProxyVerifyCommand.Create()));
        root.Add(Noun(
            "anchors", "The roots by which proxies know this server, where it issues its serving certificate itself.", AnchorsExportCommand.Create(), AnchorsConfirmCommand.Create()));
        root.Add(Noun("leaf", "The certificates that were issued.", LeafListCommand.Create()));
        root.Add(Noun("token", "Bearer tokens by which workloads say who they are, or join.", TokenCreateCommand.Create(), TokenListCommand.Create(), TokenDeleteCommand.Create()));
        root.Add(Noun(
            "registration", "Who callers are, by what they show, and what they may have.",
            RegistrationCreateCommand.Create(), RegistrationListCommand.Create(), RegistrationShowCommand.Create(), RegistrationUpdateCommand.Create(), RegistrationDeleteCommand.Create()));
        root.Add(Noun(
            "enrolment", "Clients that have joined with a join token, and hold a client certificate since.",
            EnrolmentListCommand.Create(), EnrolmentRevokeCommand.Create(), EnrolmentRotateCommand.Create()));
        root.Add(EnrolCommand.Create());
        root.Add(Noun("audit", "Who did what, and why.", AuditListCommand.Create(), AuditVerifyCommand.Create(), AuditExportCommand.Create()));
        root.Add(DemoCommand.Create());
        root.Add(CompletionCommand.Create());
        root.Add(ReferenceCommand.Create());
        return root;
    }

    /// <summary>The words that lead to a command, such as <c>sdsctl rotation start</c>.</summary>
    public static string Path(Command command) =>
        command is RootCommand ? "sdsctl" : $"{command.Parents.OfType<Command>().Select(Path).First()} {command.Name}";

    private static CliCommand Noun(string name, string description, params ReadOnlySpan<Command> verbs)
    {
        CliCommand noun = new(name, description);
        foreach (Command verb in verbs)
        {
            noun.Add(verb);
        }

        return noun;
    }
}
