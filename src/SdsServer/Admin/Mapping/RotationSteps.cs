using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Log;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>
/// When a rotation came to each step, by replaying what the log says of it. That everything is drained is evidence and no decision: only
/// the step a rotation stands at now can say when it was.
/// </summary>
internal static class RotationSteps
{
    /// <param name="from">The authority it left.</param>
    /// <param name="to">The authority it went to.</param>
    /// <param name="turningPoints">Its moves and turns, oldest first.</param>
    public static IEnumerable<Api.StepTime> Of(string from, string to, IEnumerable<LoggedDecision> turningPoints)
    {
        (string signer, bool signed, bool dropped, Api.Goal goal) = (from, false, false, Api.Goal.Forward);
        foreach (LoggedDecision decision in turningPoints)
        {
            Api.Phase phase;
            switch (decision.Entry.Kind)
            {
                case DecisionKind.StartRotation:
                    phase = Api.Phase.Distributing;
                    break;
                case DecisionKind.SetSigner:
                    (signer, signed) = (decision.Entry.Subject, true);
                    phase = Api.Phase.Issuing;
                    break;
                case DecisionKind.OverrideGate when decision.Entry.Action.StartsWith("pass over", StringComparison.Ordinal):
                    // Nothing but the blockers: the step is taken later, on its own.
                    continue;
                case DecisionKind.OverrideGate or DecisionKind.SetRole when MoveOf(decision.Entry, signer, from, to) is var (move, about):
                    (signer, signed, dropped) = move == Api.Phase.Issuing ? (about, true, dropped) : (signer, signed, dropped || move == Api.Phase.Removing);
                    phase = move;
                    break;
                case DecisionKind.DropTrust:
                    dropped = true;
                    phase = Api.Phase.Removing;
                    break;
                case DecisionKind.FinishRotation:
                    phase = Api.Phase.Steady;
                    break;
                case DecisionKind.RollbackRotation or DecisionKind.ResumeForward:
                    Api.Goal turned = decision.Entry.Kind == DecisionKind.RollbackRotation ? Api.Goal.Back : Api.Goal.Forward;
                    if (turned == goal)
                    {
                        continue;
                    }

                    // A dropped root that is the target again enters the bundle with the turn.
                    bool targetSigns = !dropped && signer == (turned == Api.Goal.Back ? from : to);
                    (goal, dropped) = (turned, false);
                    phase = !targetSigns ? Api.Phase.Distributing : signed ? Api.Phase.Issuing : Api.Phase.Drained;
                    break;
                default:
                    continue;
            }

            yield return new Api.StepTime
            {
                Phase = phase,
                Wave = phase == Api.Phase.Issuing ? WaveOf(decision.Entry.Action) : 0,
                Goal = goal,
                Time = decision.Entry.At.ToTimestamp(),
            };
        }
    }

    // An override, or the edit of a role, says which authority or root it is about; that tells the step.
    private static (Api.Phase Phase, string About) MoveOf(Core.Rotation.Decision entry, string signer, string from, string to) => entry switch
    {
        { Kind: DecisionKind.OverrideGate, Subject: "" } => (Api.Phase.Steady, ""),
        { Kind: DecisionKind.OverrideGate, Subject: var about } => (about == from || about == to ? Api.Phase.Issuing : Api.Phase.Removing, about),
        { Subject: var about } when entry.Action.EndsWith(" inactive", StringComparison.Ordinal) => (Api.Phase.Removing, about),
        { Subject: var about } when entry.Action.EndsWith(" active", StringComparison.Ordinal) => (Api.Phase.Issuing, about),
        { Subject: var about } => about == signer ? (Api.Phase.Issuing, about == from ? to : from) : (Api.Phase.Distributing, about),
    };

    // The engine writes "set signer root-b for wave 2"; on the way back there is one wave, the whole fleet.
    private static int WaveOf(string action)
    {
        int at = action.LastIndexOf(" for wave ", StringComparison.Ordinal);
        ReadOnlySpan<char> number = at < 0 ? [] : action.AsSpan(at + " for wave ".Length);
        int end = number.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(end < 0 ? number : number[..end], NumberStyles.None, CultureInfo.InvariantCulture, out int wave) ? wave : 1;
    }
}
