using SdsServer.Cli.Admin;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Output;

/// <summary>The server's own certificate in words: under what, until when, and who keeps it there.</summary>
internal static class ServingText
{
    private const int MaxNamed = 5;

    public static string Of(TrustDomain trust, OwnServing serving, DateTimeOffset now)
    {
        string text = $"a certificate of {ResourceName.Id(serving.Authority)}{(serving.NotAfter is { } end ? $" until {TimeText.Both(end, now)}" : "")}";
        if (serving.NextRootId.Length == 0)
        {
            return text;
        }

        string next = trust.Bundle.FirstOrDefault(root => root.RootId == serving.NextRootId) is { } root ? ResourceName.Id(root.Authority) : serving.NextRootId;
        return serving.Waits
            ? $"{text}; waits to move to {next}{(serving.GraceEndTime is { } grace ? $", at the latest {TimeText.Both(grace, now)}" : "")}"
            : $"{text}; moves to {next} with the rotation";
    }

    /// <summary>Who would lose its link.</summary>
    public static string Missing(OwnServing serving)
    {
        string named = string.Join(", ", serving.Missing.Take(MaxNamed).Select(proxy => $"{ResourceName.Id(proxy.Instance)} ({proxy.SpiffeId}, node {proxy.NodeId})"));
        string more = serving.MissingCount > MaxNamed ? $" and {serving.MissingCount - MaxNamed} more" : "";
        return $"not known to accept the server's next certificate: {named}{more}";
    }
}
