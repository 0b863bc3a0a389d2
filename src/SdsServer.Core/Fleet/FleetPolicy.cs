using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>The windows and lifetimes by which evidence is judged. Defaults are safe with real Envoys.</summary>
public sealed record FleetPolicy
{
    /// <summary>Wr: the longest backoff of a sidecar's streams. Envoy's is 30 s, and no setting shortens it for plain SDS (tried on 1.36.4 and 1.40.0).</summary>
    public TimeSpan ReconnectWindow { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a connection over a network may be dead before the server notices: what its keep-alive takes. Streams that were to come back
    /// cannot meanwhile, so it is waited for on top of Wr; the kernel tells at once when a Unix socket's peer is gone.
    /// </summary>
    public TimeSpan DeadLinkWindow { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>W: after this long a process that has not come back, while a newer one of the same key holds an accepted leaf, is gone.</summary>
    public TimeSpan SuccessionWindow { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>True: W ends nothing; only expiry and authoritative departure do.</summary>
    public bool StrictAbsence { get; init; }

    /// <summary>A response unanswered for longer may be followed by a newer one; both may be live then.</summary>
    public TimeSpan AckTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How far wall clock and monotonic clock may drift apart, and how long past NotAfter a leaf still counts.</summary>
    public TimeSpan MaxSkew { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A leaf is renewed at this part of its life, give or take a tenth of it.</summary>
    public double RenewAt { get; init; } = 0.5;

    /// <summary>Reconnecting proxies that hold a valid leaf are issued anew within this time, at random.</summary>
    public TimeSpan ReconnectSpread { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>First wait before a refused secret is followed by fresh bytes; doubled with every refusal of the same key.</summary>
    public TimeSpan NackBackoff { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan MaxNackBackoff { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A member that holds up a plan for longer gets no renewal any more and ages out.</summary>
    public TimeSpan QuarantineAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Leaves being signed or written at once.</summary>
    public int IssuesInFlight { get; init; } = 256;

    /// <summary>Leaves that may be begun in a second, whatever asks for them; four times as many in an emergency.</summary>
    public int IssuesPerSecond { get; init; } = 2_000;

    /// <summary>
    /// Leaves of one identity that may be valid at once; its processes that have none wait beyond that. A process that never comes back
    /// keeps its last one in memory and in the ledger, and a caller can invent processes.
    /// </summary>
    public int LeavesPerIdentity { get; init; } = 50_000;

    /// <summary>The most that <see cref="MaxRoots"/> may say.</summary>
    public const int MostRoots = 3;

    /// <summary>How many roots a bundle may hold. A third is one that an emergency meets in the middle of a rotation; it goes as soon as nothing needs it.</summary>
    public int MaxRoots { get; init; } = 2;

    /// <summary>How long a root that has left the bundle is kept for a way back, at least; twice the longest lifetime of a leaf where that is longer (rule E9). A stolen one is not.</summary>
    public TimeSpan KeepDropped { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How often the bundle is looked at anew: a root may expire in it.</summary>
    public TimeSpan BundleCheck { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long new session tickets are made with one key; as long again the next one opens them.</summary>
    public TimeSpan TicketKeyLife { get; init; } = TimeSpan.FromHours(12);

    /// <summary>How long until a webhook that has said neither yes nor no is asked again, and an Envoy's admin that did not show the leaf.</summary>
    public TimeSpan AskAgain { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The server issues its own serving certificate, and the rotation moves it.</summary>
    public bool OwnServing { get; init; }

    /// <summary>
    /// How long the serving certificate waits for proxies that are not known to accept its next root. Afterwards they lose their link at
    /// their next connect, and the log names them.
    /// </summary>
    public TimeSpan BootstrapGrace { get; init; } = TimeSpan.FromDays(7);

    /// <summary>The longest lifetime a leaf can have.</summary>
    public TimeSpan MaxLeafLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long a gate of this rotation may be shut before the engine holds it.</summary>
    public TimeSpan GateDeadline(RotationPolicy rotation) => rotation.GateDeadline ?? MaxLeafLifetime * 2;

    /// <summary>How long a drop waits for proxies that do not know the root of the serving certificate; null: it waits for none.</summary>
    public DateTimeOffset? GraceEnd(OwnServing? serving) => serving?.WaitsSince + BootstrapGrace;

    /// <summary>When the gate that is shut holds the plan.</summary>
    public DateTimeOffset ShutBy(OwnServing? serving, RotationPlan plan, Verdict verdict) => RotationPlanner.ShutSince(plan, verdict, GraceEnd(serving)) + GateDeadline(plan.Policy);
}
