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
                Wave = phase == Api.Phase.Issuing ? 1 : 0,
                Goal = goal,
                Time = decision.Entry.At.ToTimestamp(),
            };
        }
    }
}
