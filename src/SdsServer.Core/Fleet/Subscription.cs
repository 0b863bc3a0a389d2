using SdsServer.Core.Secrets;

namespace SdsServer.Core.Fleet;

/// <summary>One name on one stream, as the engine sees it.</summary>
internal sealed class Subscription(SubscriptionOpened opened, Instance instance)
{
    public long Id { get; } = opened.Subscription;

    public long Connection { get; } = opened.Connection;

    /// <summary>Subscriptions with the same number are on one stream, on which one response at a time can be answered.</summary>
    public long Stream { get; } = opened.Stream ?? opened.Subscription;

    public SecretKind Kind { get; } = opened.Kind;

    public string Name { get; } = opened.Name;

    public Instance Instance { get; set; } = instance;

    /// <summary>The version it said to hold.</summary>
    public string ReportedVersion { get; } = opened.ReportedVersion ?? "";

    /// <summary>That version covers several bundles, and does not say which of them this one holds.</summary>
    public bool IsVersionJoint { get; } = opened.IsVersionJoint;

    /// <summary>Sent, or about to be, and not answered.</summary>
    public Delivery? InFlight { get; set; }

    /// <summary>The delivery accepted last, which its session may send once more; 0 before the first.</summary>
    public long Held { get; set; }

    /// <summary>Monotonic time of the delivery in flight.</summary>
    public TimeSpan InFlightSince { get; set; }

    /// <summary>The delivery in flight had its time to answer; something newer may follow.</summary>
    public bool TimedOut { get; set; }

    /// <summary>An ACK of the bundle in flight proves its epoch: this term was the first to send these bytes.</summary>
    public bool InFlightProves { get; set; }

    /// <summary>Epoch of the newest bundle offered; 0 before the first.</summary>
    public long OfferedEpoch { get; set; }

    /// <summary>Newest epoch proven on this subscription; 0 for none.</summary>
    public long Proven { get; set; }

    /// <summary>Position, among the instance's leaves, of the newest accepted on this subscription; 0 for none.</summary>
    public int AckedLeaf { get; set; }

    /// <summary>Serial of the newest leaf offered on this subscription.</summary>
    public string? OfferedLeaf { get; set; }

    /// <summary>Its newest answer was a NACK; an ACK of fresh bytes heals it.</summary>
    public bool Refused { get; set; }

    /// <summary>It has accepted something on this stream, whether that proves anything or not.</summary>
    public bool HasAccepted { get; set; }

    /// <summary>Monotonic time at which fresh bytes follow a refusal; null while none are due, or they are on their way.</summary>
    public TimeSpan? RetryAt { get; set; }

    /// <summary>An operator asked for the secret to be sent again.</summary>
    public bool Repush { get; set; }

    /// <summary>Its stream has been told to end.</summary>
    public bool Displaced { get; set; }

    /// <summary>Nothing may be sent until the ledger knows of this slot.</summary>
    public bool AwaitsLedger { get; set; }

    public bool Busy => InFlight is not null && !TimedOut;
}
