namespace SdsServer.Simulation.Runs;

/// <summary>
/// A chain of troubles in an order and with pauses that single troubles, however many, hardly ever fall into. Each is what it takes to
/// show one mistake that was made, or could be.
/// </summary>
internal enum Plot
{
    /// <summary>A process outlives its leaf, away from the server; when it is back, one of its sources is later than all others.</summary>
    BackAfterExpiry,

    /// <summary>A root is stolen, the bundle of the next one is everywhere, and the server dies before that is durable.</summary>
    DeathBeforeTheFloor,

    /// <summary>Its older connection drains, and what a new source of it holds by the newer one it refuses to replace.</summary>
    RefusalBesideADrain,

    /// <summary>A source is back under another name of its process, and lost again before the two are known to be one.</summary>
    MissedTwice,

    /// <summary>A consumer's old name is retired while it is there under a new one, with one source of several.</summary>
    GhostRetired,

    /// <summary>A consumer is there under a new name, and one of its sources refuses what it is sent, for longer than it takes until the old name is succeeded.</summary>
    GhostSucceeded,

    /// <summary>Somebody has looked at a proxy's anchors, and the bundle changes before he says so.</summary>
    StaleConfirmation,

    /// <summary>A proxy with old anchors comes while the server's certificate waits for another, which has them then.</summary>
    AnchorlessNewcomer,

    /// <summary>A process whose leaf nobody could renew comes back under a new name, with one source of several, just before its old name ends.</summary>
    BackBeforeTheEnd,

    /// <summary>A process that does not know the server's next root, and may not have counted yet when the certificate moved, is cut off, and its twin goes on.</summary>
    TwinOfTheCutOff,

    /// <summary>A source is away for long, and one of another name is new: it is not the one that is missing.</summary>
    AnotherName,

    /// <summary>On one stream for all, a new source refuses the very bytes that another has accepted, and the server dies: the version that it is told then is of both.</summary>
    RefusedBesideAccepted,

    /// <summary>The first who is moved refuses its new leaf, the hold is slow to become durable, and then lasts for longer than half a leaf's life.</summary>
    Halted,

    /// <summary>The canary uses its new leaf, and dies of it.</summary>
    CanaryGone,

    /// <summary>The canary says something else of itself when its wave has begun.</summary>
    Relabelled,

    /// <summary>Into a wave that has begun comes a process that never answers its first leaf.</summary>
    MuteNewcomer,

    /// <summary>The new authority, or every one, signs nothing for longer than a leaf lives.</summary>
    SignersOut,

    /// <summary>The canary is on the new authority, which signs nothing more, while the old one signs for the others.</summary>
    SignerFallsOut,

    /// <summary>A proxy's admin does not show the new leaf, and the server dies.</summary>
    AdminUnheard,

    /// <summary>A process that takes session ticket keys refuses the bundle without the old root.</summary>
    TicketsAfterDrop,

    /// <summary>A process is back when its leaf has expired, first of all with a source that it never had before.</summary>
    BackUndated,

    /// <summary>A consumer of bundles refuses one, its link dies unnoticed before it can say so, and it comes back as what might be its twin.</summary>
    RefusedUnheard,

    /// <summary>A consumer of bundles opens its stream anew, on the connection it has, while its twin is away.</summary>
    TwinAway,

    /// <summary>A process shows a source that is new just before its old name ends, and has gone again by then.</summary>
    ShownAndGone,

    /// <summary>An operator orders what must be refused: trust in a root that is unfit, and the end of authorities that are in use or kept.</summary>
    Mistaken,

    /// <summary>A process that was away for a change is back by sources that are new, and is given a leaf; then an older one comes, refuses the bundle, and cannot say so.</summary>
    OldestSourceLast,

    /// <summary>The rotation is held, or turned back, in the middle of a wave, and the old authority signs nothing more.</summary>
    OldSignerFallsOut,

    /// <summary>The only one that a wave has reached dies, others are to take its place, and have gone by then.</summary>
    SuccessorsGone,

    /// <summary>A process shows nothing but its bundle to a server that begins anew, comes on a new connection with sources that are new, and then with all on one.</summary>
    TwoAges,

    /// <summary>In the middle of a wave an operator stops it, and the store takes longer over that than half a leaf's life.</summary>
    Stopped,

    /// <summary>Whoever is moved next does not answer its new leaf, and dies.</summary>
    GoneUnanswered,
}
