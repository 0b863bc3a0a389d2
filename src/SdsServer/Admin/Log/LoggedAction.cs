using SdsServer.Core.Rotation;

namespace SdsServer.Admin.Log;

/// <summary>A <see cref="Decision.Action"/>, which the engine writes for people, taken apart again.</summary>
/// <param name="Subject">The id of what it is about: a rotation, authority, root or instance; empty where the line names none.</param>
internal readonly record struct LoggedAction(LoggedKind Kind, string Subject)
{
    private static readonly (string Start, LoggedKind Kind)[] Starts =
    [
        ("start rotation ", LoggedKind.StartRotation),
        ("hold rotation ", LoggedKind.Hold),
        ("unhold rotation ", LoggedKind.Unhold),
        ("add trust in root ", LoggedKind.AddTrust),
        ("set signer ", LoggedKind.SetSigner),
        ("drop trust in root ", LoggedKind.DropTrust),
        ("add authority ", LoggedKind.AddAuthority),
        ("remove authority ", LoggedKind.RemoveAuthority),
        ("retire instance ", LoggedKind.RetireInstance),
        ("create trust domain ", LoggedKind.CreateTrustDomain),
    ];

    /// <summary>Part of a rotation's story.</summary>
    public bool IsOfRotation => Kind is >= LoggedKind.StartRotation and <= LoggedKind.FinishRotation;

    public static LoggedAction Parse(string action)
    {
        switch (action)
        {
            case "begin term": return new(LoggedKind.BeginTerm, "");
            case "finish rotation": return new(LoggedKind.FinishRotation, "");
            case "hold": return new(LoggedKind.Hold, "");
            case "lift hold": return new(LoggedKind.Unhold, "");
        }

        if (action.Split(' ') is ["turn", "rotation", var turned, var direction])
        {
            return new(direction == "back" ? LoggedKind.TurnBack : LoggedKind.TurnForward, turned);
        }

        foreach ((string start, LoggedKind kind) in Starts)
        {
            if (action.StartsWith(start, StringComparison.Ordinal))
            {
                return new(kind, action[start.Length..].Split(' ')[0]);
            }
        }

        return new(LoggedKind.Other, "");
    }
}
