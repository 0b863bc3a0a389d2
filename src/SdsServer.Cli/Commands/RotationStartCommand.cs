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
        KeyOptions key = new();
        PolicyOptions policy = new();
        Option<RotationKind> kind = Choice.Option<RotationKind>(
            "--kind", "emergency: the old root is stolen, it signs nothing any more and goes at a deadline. intermediate: another intermediate under the same root. Default: planned.",
            value => value.ToString().ToLowerInvariant());
        Option<bool> dryRun = GlobalOptions.DryRunOption("Say what it would take and who would block now; start nothing. Exit code 4 when it would be refused.");
        Option<string> requestId = new("--request-id") { HelpName = "ID", Description = "Becomes the rotation's id; the same start sent twice with it starts once. Default: made from the time." };
        Option<string> reason = GlobalOptions.ReasonOption();
        CliCommand command = new("start", "Starts a move from the root that signs now to another one. Nothing breaks at any step, and every step can be turned back.")
        {
            to, toNew, kind, dryRun, requestId, reason, GlobalOptions.ForceOption(),
        };
        key.AddTo(command);
        policy.AddTo(command);
        return command.With(
            [
                ("sdsctl rotation start --new --dry-run", "what it would take"),
                ("sdsctl rotation start --new --reason 'yearly rotation'", "start; the server takes every step"),
                ("sdsctl rotation start --to root-2027 --manual", "start; you take every step"),
            ],
            "--display-name, --key-algorithm and --lifetime belong to --new.")
        .Does(session =>
        {
            StartRotationRequest request = new()
            {
                RequestId = session.Get(requestId) ?? $"{session.Now.UtcDateTime.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}",
                Kind = session.Get(kind) is var k and not RotationKind.Unspecified ? k : RotationKind.Planned,
                Policy = policy.Read(session),
                ValidateOnly = session.Get(dryRun),
                Reason = session.Get(reason) ?? "",
            };
            string? target = session.Get(to);
            return (target, session.Get(toNew)) switch
            {
                ({ Length: > 0 }, false) => RunAsync(session, request, target),
                (null, true) => RunAsync(session, WithNew(request, key.Read(session)), null),
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

    private static async Task<int> RunAsync(Session session, StartRotationRequest request, string? target)
    {
        TrustDomain trust = await session.Admin.TrustDomainAsync();
        session.Terminal.Say(TrustText.Line(trust));
        (request.Parent, request.ExpectedRevision) = (trust.Name, trust.Revision);
        if (target is not null)
        {
            request.ToAuthority = ResourceName.Authority(trust.Name, target);
        }

        if (request is { Kind: RotationKind.Emergency, ValidateOnly: false })
        {
            await session.ConfirmAsync($"Taint {ResourceName.Id(trust.Signer)} and leave it by a deadline, whoever is ready or not?");
        }

        StartRotationResponse response = await session.Admin.CallAsync(AdminMethods.StartRotation, request);
        Show(session, request, response);
        return request.ValidateOnly && response.Forecast?.Refusal is not null ? ExitCodes.Refused : ExitCodes.Ok;
    }

    private static void Show(Session session, StartRotationRequest request, StartRotationResponse response)
    {
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(response);
            return;
        }

        Rotation rotation = response.Rotation ?? new();
        string from = ResourceName.Id(rotation.FromAuthority);
        string to = rotation.ToAuthority.Length > 0 ? ResourceName.Id(rotation.ToAuthority) : "a new root";
        Screen screen = new();
        screen.Line(request.ValidateOnly ? $"would start: {from} -> {to}" : $"started rotation {ResourceName.Id(rotation.Name)}: {from} -> {to}", Tone.Heading);
        if (response.Forecast is { } forecast)
        {
            ForecastScreen.AddTo(screen, forecast, session.Now);
        }

        screen.WriteTo(session.Terminal);
        session.Terminal.Say(response.Forecast?.Refusal is not null ? "nothing was started"
            : request.ValidateOnly ? "nothing was started; run it without --dry-run"
            : "follow it with: sdsctl rotation watch; turn it back at any time with: sdsctl rotation rollback");
    }
}
