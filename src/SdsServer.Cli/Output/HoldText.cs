using System.Text.Json;
using SdsServer.Cli.Admin;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Output;

/// <summary>A hold: what set it, what lifts it, and what an operator can do. Each cause ends another way.</summary>
internal static class HoldText
{
    // Who refused before a restart, or kept silent, the server has forgotten.
    private const string Remembered = ", unless the server was restarted since";

    /// <summary><c>held (NACK)</c>, in the words of the API.</summary>
    public static string Label(Rotation rotation) => rotation.HoldCause == HoldCause.Unspecified ? "held"
        : $"held ({JsonNamingPolicy.SnakeCaseUpper.ConvertName(rotation.HoldCause.ToString())})";

    /// <summary>What ends it, one line.</summary>
    public static string Ends(Rotation rotation)
    {
        string back = rotation switch
        {
            // An emergency never turns back to the stolen root.
            { Kind: RotationKind.Emergency } => "",
            { Goal: Goal.Back } => "",
            _ => ", or turn back with 'sdsctl rotation rollback'",
        };
        return rotation.HoldCause switch
        {
            HoldCause.Nack => $"lifts itself when the proxy accepts fresh bytes{Remembered}; to go on in this wave without it: 'sdsctl rotation unhold' (the next gate still waits for it, or for an override of its name){back}",
            HoldCause.Silent => $"lifts itself when enough of them answer{Remembered}; to go on without them: 'sdsctl rotation unhold'{back}",
            HoldCause.Deadline when rotation.Kind == RotationKind.Emergency => "goes on by itself as soon as nobody is late; unhold and rollback are refused here",
            HoldCause.Deadline => $"see to who blocks, or pass over them; 'sdsctl rotation unhold' waits as long once more{back}",
            HoldCause.Clock => "set the clock right, then 'sdsctl rotation unhold', which takes it as right",
            HoldCause.OlderStore => "start the server with its newest store, or 'sdsctl rotation unhold' to give the proxies what this one has",
            HoldCause.Invariant when rotation.Kind == RotationKind.Emergency => "do not go on: see the server's log, and report it",
            HoldCause.Invariant => "do not go on: turn back with 'sdsctl rotation rollback', which this finding does not stop; report it",
            HoldCause.Webhook => $"see what the webhook looks at; 'sdsctl rotation unhold' asks it again; 'sdsctl rotation advance --override webhook' goes on against it{back}",
            _ => $"nothing moves until 'sdsctl rotation unhold'{back}",
        };
    }

    /// <summary>What to run, beside what helps each proxy.</summary>
    public static IEnumerable<string> Advice(Rotation rotation)
    {
        Blocker[] blockers = rotation.Gate?.Refusal?.Blockers.ToArray() ?? [];
        if (rotation.HoldCause == HoldCause.Nack && !blockers.Any(blocker => blocker.Reason == BlockerReason.Nacked))
        {
            yield return "see who refuses with 'sdsctl proxy list --nacked'";
        }

        // No other hold can be passed over.
        if (rotation.HoldCause is HoldCause.Deadline or HoldCause.Webhook && PassOver(rotation.Gate?.Refusal) is { } over)
        {
            yield return over;
        }
    }

    /// <summary>The command that passes over all who block; null where nobody does.</summary>
    public static string? PassOver(Refusal? refusal) =>
        refusal is { Blockers.Count: > 0 } ? Override([.. refusal.Blockers], refusal.BlockerCounts.Sum(count => count.Count)) : null;

    private static string Override(Blocker[] blockers, int total)
    {
        if (blockers.Length < total)
        {
            return $"{total} block, more than can be passed over by name: bring back or retire some first";
        }

        return blockers.All(blocker => blocker.Overridable)
            ? $"to pass over who blocks, in your name: sdsctl rotation advance{string.Concat(blockers.Select(RefusalText.OverrideName).Distinct().Select(name => $" --override {ResourceName.Id(name)}"))}"
            : "not all that blocks can be passed over: see to the others first";
    }
}
