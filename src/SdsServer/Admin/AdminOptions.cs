using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;

namespace SdsServer.Admin;

/// <summary>What the admin API takes where a request says nothing, and the bounds of what a request may say.</summary>
internal sealed record AdminOptions
{
    public required TrustDomain TrustDomain { get; init; }

    /// <summary>The policy of a rotation that states none.</summary>
    public RotationPolicy Rotation { get; init; } = new();

    /// <summary>There is a webhook to ask at the gates that are left to it.</summary>
    public bool HasWebhook { get; init; }

    /// <summary>Windows of the engine; shown, and the base of forecasts.</summary>
    public FleetPolicy Fleet { get; init; } = new();

    /// <summary>Key of a new built-in root that states none.</summary>
    public KeyAlgorithm RootKeys { get; init; } = KeyAlgorithm.EcdsaP256;

    /// <summary>Lifetime of a new built-in root that states none.</summary>
    public TimeSpan RootLifetime { get; init; } = TimeSpan.FromDays(3652);

    /// <summary>Lifetime of a new built-in intermediate that states none.</summary>
    public TimeSpan IntermediateLifetime { get; init; } = TimeSpan.FromDays(365);

    /// <summary>No leaf is shorter, however a rotation squeezes it.</summary>
    public TimeSpan MinLeafLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a token is accepted that states nothing.</summary>
    public TimeSpan TokenLifetime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>The same for a join token, which is made for a machine that is about to start.</summary>
    public TimeSpan JoinTokenLifetime { get; init; } = TimeSpan.FromHours(1);

    public TimeSpan MinTokenLifetime { get; init; } = TimeSpan.FromMinutes(1);

    public TimeSpan MaxTokenLifetime { get; init; } = TimeSpan.FromDays(365);

    public TimeSpan MaxRootLifetime { get; init; } = TimeSpan.FromDays(36525);

    /// <summary>What the look at the audit log at start found wrong with it; empty for an intact one.</summary>
    public string LogWarning { get; init; } = "";

    /// <summary>What is wrong now with the files by which clients and operators are judged; nothing: empty.</summary>
    public Func<IEnumerable<string>> ClientWarnings { get; init; } = static () => [];

    /// <summary>The end of the server's own serving certificate; null where it serves with an operator's.</summary>
    public Func<DateTimeOffset>? ServingUntil { get; init; }

    /// <summary>A root that lives shorter is never fit to be trusted (gate G0), whatever the rotation waits for.</summary>
    public TimeSpan MinRootLifetime => 3 * Fleet.MaxLeafLifetime;
}
