using SdsServer.Cli.Admin;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Output;

/// <summary>A trust domain in one line.</summary>
internal static class TrustText
{
    /// <summary><c>example.org at revision 42: Issuing, forward, epoch 8, floor 8, signer root-b</c>.</summary>
    public static string Line(TrustDomain trust) => $"{ResourceName.Id(trust.Name)} at revision {trust.Revision}: {State(trust)}";

    /// <summary>The same without name and revision.</summary>
    public static string State(TrustDomain trust)
    {
        string goal = trust.Goal == Goal.Unspecified ? "" : $", {EnumText.Of(trust.Goal)}";
        string held = trust.Held ? ", held" : "";
        return $"{EnumText.Of(trust.Phase)}{goal}{held}, epoch {trust.Epoch}, floor {trust.Floor}, signer {ResourceName.Id(trust.Signer)}";
    }
}
