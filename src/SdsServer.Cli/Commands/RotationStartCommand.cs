using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RotationStartCommand
{
    public static Command Create()
    {
        Option<string> to = new("--to") { HelpName = "ID", Description = "Move to this root; see 'sdsctl root list'." };
        Option<bool> toNew = new("--new") { Description = "Move to a root that is made now." };
        Option<bool> intermediate = new("--intermediate") { Description = "Move to another authority under the same root, with --new to one that is made below it now. No bundle changes." };
        KeyOptions key = new();
        PolicyOptions policy = new();
        EmergencyOptions emergency = new();
        Option<bool> dryRun = GlobalOptions.DryRunOption("Say what it would take, wave by wave, and who would block now; start nothing. Exit code 4 when it would be refused.");
        Option<string> requestId = new("--request-id") { HelpName = "ID", Description = "Becomes the rotation's id; the same start sent twice with it starts once. Default: made from the time." };
        Option<long?> revision = GlobalOptions.RevisionOption();
        Option<string> reason = GlobalOptions.ReasonOption();
        CliCommand command = new("start", "Starts a move from the root that signs now to another one. Nothing breaks at any step, and every step can be turned back.")
        {
            to, toNew, intermediate, dryRun, requestId, revision, reason, GlobalOptions.ForceOption(),
        };
        key.AddTo(command);
        policy.AddTo(command);
        emergency.AddTo(command);
        return command.With(
            [
                ("sdsctl rotation start --new --dry-run", "what it would take"),
                ("sdsctl rotation start --new --reason 'yearly rotation'", "start; the server takes every step"),
                ("sdsctl rotation start --new --wave 1 --wave path=/ns/shop --wave 50% --gate wave=approval", "you say when the next wave begins"),
                ("sdsctl rotation start --to root-2027 --manual", "start; you take every step"),
                ("sdsctl rotation start --new --emergency --compromised root-2025", "the key of root-2025 is stolen"),
            ],
            "--display-name, --key-algorithm and --lifetime belong to --new.",
            "An emergency is shown before it begins, and asks. Its connections are not closed: at its end see which proxies to restart or drain with 'sdsctl rotation status'.")
        .Does(session =>
        {
            RotationPolicy asked = policy.Read(session);
            bool stolen = emergency.Read(session, asked);
            if (stolen && session.Get(intermediate))
            {
                throw CliException.Usage("--emergency and --intermediate exclude each other", "an intermediate that is stolen: move to another one with --intermediate --leaf-lifetime 1h");
            }

            StartRotationRequest request = new()
            {
                RequestId = session.Get(requestId) ?? $"{session.Now.UtcDateTime.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}",
                Kind = stolen ? RotationKind.Emergency : session.Get(intermediate) ? RotationKind.Intermediate : RotationKind.Planned,
                Policy = asked,
                ValidateOnly = session.Get(dryRun),
                Reason = session.Get(reason) ?? "",
            };
            request.ExpectedRevision = session.Get(revision) ?? 0;
            string? target = session.Get(to);
            return (target, session.Get(toNew)) switch
            {
                ({ Length: > 0 }, false) => RunAsync(session, request, target, emergency.Compromised(session)),
                ("", _) => throw CliException.Usage("--to needs the id of a root, and was given an empty one", "see the roots there are with 'sdsctl root list'"),
                (null, true) => RunAsync(session, WithNew(request, key.Read(session)), null, emergency.Compromised(session)),
                (null, false) => throw CliException.Usage("say where to: --to ID or --new", "see the roots there are with 'sdsctl root list'"),
                _ => throw CliException.Usage("--to and --new exclude each other"),
            };
        });
    }

    private static StartRotationRequest WithNew(StartRotationRequest request, NewAuthority authority)
    {
        request.NewAuthority = authority;
        return request;
    }

    private static async Task<int> RunAsync(Session session, StartRotationRequest request, string? target, string? compromised)
    {
        TrustDomain trust = await session.Admin.TrustDomainAsync();
        session.Terminal.Say(TrustText.Line(trust));
        (request.Parent, request.ExpectedRevision) = (trust.Name, request.ExpectedRevision > 0 ? request.ExpectedRevision : trust.Revision);
        if (target is not null)
        {
            request.ToAuthority = ResourceName.Authority(trust.Name, target);
        }

        if (compromised is not null)
        {
            request.CompromisedAuthority = ResourceName.Authority(trust.Name, compromised);
        }

        if (request is { Kind: RotationKind.Emergency, ValidateOnly: false } && await IsRefusedAsync(session, request, trust))
        {
            return ExitCodes.Refused;
        }

        StartRotationResponse response = await session.Admin.CallAsync(AdminMethods.StartRotation, request);
        Show(session, request, response);
        return request.ValidateOnly && response.Forecast?.Refusal is not null ? ExitCodes.Refused : ExitCodes.Ok;
    }

    /// <summary>Shows an emergency as it would be, and asks; true where it would be refused anyway.</summary>
    private static async Task<bool> IsRefusedAsync(Session session, StartRotationRequest request, TrustDomain trust)
    {
        StartRotationRequest asked = request.Clone();
        asked.ValidateOnly = true;
        StartRotationResponse planned = await session.Admin.CallAsync(AdminMethods.StartRotation, asked);
        if (planned.StartedBefore)
        {
            return false;
        }

        string stolen = ResourceName.Id(planned.Rotation?.FromAuthority is { Length: > 0 } from ? from : trust.Signer);
        if (planned.Forecast?.Refusal is not null)
        {
            Show(session, asked, planned);
            return true;
        }

        RotationPolicy policy = planned.Rotation?.Policy ?? new();
        string sign = policy.SignDeadline is { } s ? $"after {TimeText.Span(s.ToTimeSpan())}" : "at the first deadline";
        string drop = policy.DropDeadline is { } d ? $"after {TimeText.Span(d.ToTimeSpan())}" : "at the second deadline";
        session.Terminal.Say($"{stolen} is taken as stolen. This is what happens:");
        if (trust.ActiveRotation.Length > 0)
        {
            session.Terminal.Say($"  now: rotation {ResourceName.Id(trust.ActiveRotation)} is ended, and is not resumed");
        }

        session.Terminal.Say($"  now: {stolen} signs nothing any more where another trusted root can; everyone gets the new root");
        session.Terminal.Say(request.Policy.ForceAtDeadlines
            ? $"  {sign} at the latest: the new root signs for everyone, also where a proxy has not answered"
            : $"  {sign}: if a proxy has not answered by then, it stops there, and you override by name");
        session.Terminal.Say(request.Policy.ForceAtDeadlines
            ? $"  {drop} at the latest: {stolen} goes, and every leaf that needs it is refused; this is done in your name"
            : $"  {drop}: if a leaf still needs {stolen} by then, it stops there, and you override by name");
        session.Terminal.Say("  no connection is closed: at the end you are told which proxies to restart or drain");
        foreach (string line in RefusalText.BlockerLines(planned.Forecast?.Blockers ?? [], planned.Forecast?.BlockerCounts ?? [], session.Now))
        {
            session.Terminal.Say($"  now {line}".Replace("  now   ", "    ", StringComparison.Ordinal));
        }

        await session.ConfirmAsync($"Taint {stolen} and leave it{(request.Policy.ForceAtDeadlines ? ", whoever is ready or not" : "")}?");
        return false;
    }

    private static void Show(Session session, StartRotationRequest request, StartRotationResponse response)
    {
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(response);
            return;
        }

        Rotation rotation = response.Rotation ?? new();
        if (response.StartedBefore)
        {
            ShowStartedBefore(session, request, response, rotation);
            return;
        }

        string from = ResourceName.Id(rotation.FromAuthority);
        string to = rotation.ToAuthority.Length > 0 ? ResourceName.Id(rotation.ToAuthority)
            : request.Kind == RotationKind.Intermediate ? "a new intermediate"
            : "a new root";
        Screen screen = new();
        screen.Line(request.ValidateOnly ? $"would start: {from} -> {to}" : $"started rotation {ResourceName.Id(rotation.Name)}: {from} -> {to}", Tone.Heading);
        if (response.Forecast is { } forecast)
        {
            ForecastScreen.AddTo(screen, forecast, session.Now);
        }

        screen.WriteTo(session.Terminal);
        session.Terminal.Say(response.Forecast?.Refusal is not null ? "nothing was started"
            : request.ValidateOnly ? "nothing was started; run it without --dry-run"
            : request.Kind == RotationKind.Emergency ? "follow it with: sdsctl rotation watch"
            : "follow it with: sdsctl rotation watch; turn it back at any time with: sdsctl rotation rollback");
    }

    private static void ShowStartedBefore(Session session, StartRotationRequest request, StartRotationResponse response, Rotation rotation)
    {
        string id = ResourceName.Id(rotation.Name);
        Screen screen = new();
        screen.Line(
            $"nothing {(request.ValidateOnly ? "would be" : "was")} started: rotation {id} was, with the same request id, {TimeText.Both(rotation.CreateTime, session.Now)}; "
                + (rotation.State == RotationState.Active ? "it is under way" : $"it ended {TimeText.Both(rotation.FinishTime, session.Now)}: {EnumText.Of(rotation.State)}"),
            Tone.Caution);
        if (response.NotHeeded.Count > 0)
        {
            screen.Line($"not heeded, because it differs from what rotation {id} was started with: {string.Join(", ", response.NotHeeded.Select(field => ApiWords.Option(field) ?? field))}", Tone.Caution);
        }

        screen.WriteTo(session.Terminal);
        session.Terminal.Say($"see it with: sdsctl rotation status {id}; for another rotation leave --request-id out");
    }
}
