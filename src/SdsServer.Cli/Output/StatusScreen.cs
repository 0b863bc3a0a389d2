using SdsServer.Cli.Admin;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Output;

/// <summary>The trust domain on one screen.</summary>
internal static class StatusScreen
{
    public static Screen Of(StatusReport report, DateTimeOffset now)
    {
        TrustDomain trust = report.Trust;
        Screen screen = new();
        Grid facts = new("", "");
        facts.Add("trust domain", new Cell(ResourceName.Id(trust.Name), Tone.Heading));
        facts.Add("phase", new Cell(PhaseOf(trust) + (trust.Held ? "; HELD" : ""), trust.Held ? Tone.Bad : trust.Phase == Phase.Steady ? Tone.Good : Tone.Caution));
        facts.Add("bundle", new Cell(trust.Floor >= trust.Epoch
            ? $"epoch {trust.Epoch}, enforced by every proxy (floor {trust.Floor})"
            : $"epoch {trust.Epoch}; some proxies may still enforce epoch {trust.Floor} (floor)", trust.Floor >= trust.Epoch ? Tone.None : Tone.Caution));
        facts.Add("signer", Signer(report, now));
        facts.Add("proxies", Fleet(trust.Fleet ?? new()));
        if (trust.Serving is { } serving)
        {
            facts.Add("serves with", new Cell(ServingText.Of(trust, serving, now), serving.Waits ? Tone.Caution : Tone.None));
        }

        facts.Add("revision", $"{trust.Revision}, leader term {trust.LeaderTerm}");
        screen.Add(facts).Line();

        Grid roots = new("TRUSTED ROOT", "VALID FROM", "EXPIRES", "SINCE EPOCH", "MAY SIGN", "SKI");
        foreach (BundleRoot root in trust.Bundle)
        {
            bool expiring = root.NotAfter is { } end && end.ToDateTimeOffset() - now < TimeSpan.FromDays(90);
            roots.Add(
                report.NameOf(root), TimeText.Date(root.NotBefore),
                new Cell($"{TimeText.Date(root.NotAfter)} ({TimeText.Relative(root.NotAfter, now)})", expiring ? Tone.Bad : Tone.None), $"{root.Since}",
                MaySign(report, root), root.Ski[..Math.Min(16, root.Ski.Length)]);
        }

        screen.Add(roots);
        if (report.Rotation is { } rotation)
        {
            screen.Line();
            RotationScreen.AddTo(screen, rotation, now, decisions: 0);
        }

        IReadOnlyList<string> warnings = report.Warnings(now);
        if (warnings.Count > 0)
        {
            screen.Line();
        }

        foreach (string warning in warnings)
        {
            screen.Line($"warning: {warning}", Tone.Caution);
        }

        return screen;
    }

    private static string Signer(StatusReport report, DateTimeOffset now) => report.RootAboveSigner is { } root
        ? $"{ResourceName.Id(report.Trust.Signer)}, an intermediate below {report.NameOf(root)}, until {TimeText.Date(report.Signer!.NotAfter)} ({TimeText.Relative(report.Signer.NotAfter, now)})"
        : ResourceName.Id(report.Trust.Signer);

    // A stolen root signs on while nothing else can.
    private static Cell MaySign(StatusReport report, BundleRoot root) =>
        report.IsTainted(root) ? new Cell(report.Trust.Bundle.Any(other => other.Safe && !report.IsTainted(other)) ? "no, stolen" : "stolen, until another may", Tone.Bad)
        : root.Safe ? new Cell("yes", Tone.Good)
        : new Cell("not yet", Tone.Caution);

    private static string PhaseOf(TrustDomain trust)
    {
        string goal = trust.Goal == Goal.Unspecified ? "" : $" ({EnumText.Of(trust.Goal)})";
        return $"{EnumText.Of(trust.Phase)}{goal}{(trust.Phase == Phase.Steady ? ": no rotation" : "")}";
    }

    private static string Fleet(FleetCounts fleet)
    {
        List<string> parts = [$"{fleet.Proven} of {fleet.Members} have proven the current bundle"];
        Count(fleet.Nacked, "refused something");
        Count(fleet.Absent, "absent");
        Count(fleet.Quarantined, "quarantined");
        Count(fleet.Pending, "pending");
        return string.Join(", ", parts);

        void Count(int count, string what)
        {
            if (count > 0)
            {
                parts.Add($"{count} {what}");
            }
        }
    }
}
