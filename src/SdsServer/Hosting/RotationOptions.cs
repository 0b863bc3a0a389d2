using SdsServer.Core.Rotation;

namespace SdsServer.Hosting;

/// <summary>What a rotation does that says nothing else.</summary>
public sealed record RotationOptions
{
    /// <summary>Before the first leaf of the new authority: <c>Ack</c>, <c>Approval</c>, <c>Webhook</c>, or <c>Time=HH:MM:SS</c>.</summary>
    public string TrustGate { get; init; } = nameof(GateKind.Ack);

    /// <summary>Before each wave but the first.</summary>
    public string WaveGate { get; init; } = nameof(GateKind.Ack);

    /// <summary>Before the old root leaves the bundle.</summary>
    public string DropGate { get; init; } = nameof(GateKind.Ack);

    /// <summary>Wait between "every member enforces the new root" and the first leaf from it.</summary>
    public TimeSpan TrustSoak { get; init; } = new RotationPolicy().TrustSoak;

    /// <summary>The waves in order, separated by commas; see <see cref="WaveText"/>.</summary>
    public string Waves { get; init; } = "1,1%,10%,50%";

    public TimeSpan WaveSoak { get; init; } = new RotationPolicy().WaveSoak;

    public TimeSpan CanarySoak { get; init; } = new RotationPolicy().CanarySoak;

    /// <summary>Proxies on the way to their new leaf at once; null: a twentieth of the fleet.</summary>
    public int? MaxInFlight { get; init; }

    public double MaxSilentPercent { get; init; } = new RotationPolicy().MaxSilentPercent;

    public LeafEvidence Evidence { get; init; }

    public bool AutomaticRollback { get; init; }

    public TimeSpan DropSoak { get; init; } = new RotationPolicy().DropSoak;

    public TimeSpan MaxConnectionAge { get; init; }

    public TimeSpan? GateDeadline { get; init; }

    public TimeSpan? LeafLifetime { get; init; }

    public TimeSpan SignDeadline { get; init; } = new RotationPolicy().SignDeadline;

    public TimeSpan DropDeadline { get; init; } = new RotationPolicy().DropDeadline;

    /// <summary>What it means; what is wrong is reported.</summary>
    /// <param name="leaf">Bounds of leaves.</param>
    /// <param name="hasWebhook">There is somebody to ask at a webhook gate.</param>
    internal RotationPolicy Read(LeafOptions leaf, bool hasWebhook, List<string> errors)
    {
        foreach ((string name, TimeSpan value) in new (string, TimeSpan)[]
        {
            (nameof(TrustSoak), TrustSoak), (nameof(WaveSoak), WaveSoak), (nameof(CanarySoak), CanarySoak), (nameof(DropSoak), DropSoak), (nameof(MaxConnectionAge), MaxConnectionAge),
        })
        {
            Require(name, value >= TimeSpan.Zero, $"{value} must not be negative");
        }

        Require(nameof(MaxInFlight), MaxInFlight is null or > 0, $"{MaxInFlight} must be at least 1");
        Require(nameof(MaxSilentPercent), MaxSilentPercent is >= 0 and <= 100, "must be from 0 to 100");
        Require(nameof(GateDeadline), GateDeadline is null || GateDeadline > TimeSpan.Zero, $"{GateDeadline} must be more than zero");
        Require(nameof(SignDeadline), SignDeadline > TimeSpan.Zero, $"{SignDeadline} must be more than zero");
        Require(nameof(DropDeadline), DropDeadline > TimeSpan.Zero, $"{DropDeadline} must be more than zero");
        Require(
            nameof(LeafLifetime), LeafLifetime is not { } squeezed || (squeezed >= leaf.Minimum && squeezed <= leaf.Lifetime),
            $"{LeafLifetime} must be between Leaf:Minimum ({leaf.Minimum}) and Leaf:Lifetime ({leaf.Lifetime})");
        if (!WaveText.TryParse(Waves, out System.Collections.Immutable.ImmutableArray<Wave> waves, out string wrong))
        {
            Require(nameof(Waves), holds: false, wrong);
        }

        return new RotationPolicy
        {
            TrustGate = Gate(nameof(TrustGate), TrustGate),
            WaveGate = Gate(nameof(WaveGate), WaveGate),
            DropGate = Gate(nameof(DropGate), DropGate),
            TrustSoak = TrustSoak,
            Waves = waves,
            WaveSoak = WaveSoak,
            CanarySoak = CanarySoak,
            MaxInFlight = MaxInFlight,
            MaxSilentPercent = MaxSilentPercent,
            Evidence = Evidence,
            AutomaticRollback = AutomaticRollback,
            DropSoak = DropSoak,
            MaxConnectionAge = MaxConnectionAge,
            GateDeadline = GateDeadline,
            LeafLifetime = LeafLifetime,
            SignDeadline = SignDeadline,
            DropDeadline = DropDeadline,
        };

        GatePolicy Gate(string name, string text)
        {
            string[] parts = text.Split('=', 2, StringSplitOptions.TrimEntries);
            bool known = Enum.TryParse(parts[0], ignoreCase: true, out GateKind kind) && Enum.IsDefined(kind) && !char.IsAsciiDigit(parts[0][0]);
            TimeSpan after = TimeSpan.Zero;
            bool timed = parts.Length == 2 && TimeSpan.TryParse(parts[1], System.Globalization.CultureInfo.InvariantCulture, out after) && after >= TimeSpan.Zero;
            Require(name, known && timed == (kind == GateKind.Time) && parts.Length == (timed ? 2 : 1), $"'{text}' is none of Ack, Approval, Webhook and Time=HH:MM:SS");
            Require(name, !known || kind != GateKind.Webhook || hasWebhook, "Webhook needs SdsServer:RotationWebhook, the URL to ask");
            return new GatePolicy(kind, after);
        }

        void Require(string name, bool holds, string what)
        {
            if (!holds)
            {
                errors.Add($"SdsServer:Rotation:{name}: {what}");
            }
        }
    }
}
