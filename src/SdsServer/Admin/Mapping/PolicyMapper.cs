using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Requests;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>How a rotation may advance, from the API and back.</summary>
internal sealed class PolicyMapper(AdminOptions options)
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);
    private static readonly TimeSpan ShortestDeadline = TimeSpan.FromSeconds(1);

    private readonly RotationPolicy _defaults = options.Rotation;
    private readonly FleetPolicy _fleet = options.Fleet;

    /// <summary>What is unset takes the server's settings; what this server cannot do is reported, never ignored.</summary>
    /// <param name="kind">Of rotation; null: not known.</param>
    public RotationPolicy Read(Api.RotationPolicy? policy, RotationKind? kind, RequestCheck check)
    {
        policy ??= new Api.RotationPolicy();
        if (kind == RotationKind.Emergency)
        {
            RequireNoComfort(policy, check);
        }

        check.Require("policy.ack_timeout", policy.AckTimeout is null, "is a setting of this server (Fleet:AckTimeout), the same for every rotation");
        check.Require("policy.max_in_flight", !policy.HasMaxInFlight || policy.MaxInFlight >= 0, "must be a number of proxies, or 0 for a twentieth of the fleet");
        check.Require("policy.max_silent_percent", !policy.HasMaxSilentPercent || policy.MaxSilentPercent is >= 0 and <= 100, "must be from 0 to 100");
        check.Require("policy.evidence", System.Enum.IsDefined(policy.Evidence), "must be ACK or ENVOY_ADMIN");
        RotationPolicy read = new()
        {
            TrustGate = Gate("policy.trust_gate", policy.TrustGate, _defaults.TrustGate, check),
            WaveGate = Gate("policy.wave_gate", policy.WaveGate, _defaults.WaveGate, check),
            DropGate = Gate("policy.drop_gate", policy.DropGate, _defaults.DropGate, check),
            TrustSoak = Wait("policy.trust_soak", policy.TrustSoak) ?? _defaults.TrustSoak,
            Waves = policy.Waves.Count == 0 ? _defaults.Waves : WaveMapper.Read("policy.waves", policy.Waves, check),
            WaveSoak = Wait("policy.wave_soak", policy.WaveSoak) ?? _defaults.WaveSoak,
            CanarySoak = Wait("policy.canary_soak", policy.CanarySoak) ?? _defaults.CanarySoak,
            MaxInFlight = !policy.HasMaxInFlight ? _defaults.MaxInFlight : policy.MaxInFlight == 0 ? null : policy.MaxInFlight,
            MaxSilentPercent = policy.HasMaxSilentPercent ? policy.MaxSilentPercent : _defaults.MaxSilentPercent,
            Evidence = policy.Evidence switch
            {
                Api.LeafEvidence.Ack => LeafEvidence.Ack,
                Api.LeafEvidence.EnvoyAdmin => LeafEvidence.EnvoyAdmin,
                _ => _defaults.Evidence,
            },
            AutomaticRollback = policy.HasAutomaticRollback ? policy.AutomaticRollback : _defaults.AutomaticRollback,
            DropSoak = Wait("policy.drop_soak", policy.DropSoak) ?? _defaults.DropSoak,
            MaxConnectionAge = Wait("policy.max_connection_age", policy.MaxConnectionAge) ?? _defaults.MaxConnectionAge,
            GateDeadline = check.Span("policy.gate_deadline", policy.GateDeadline, ShortestDeadline, Longest) ?? _defaults.GateDeadline,
            SignNotBefore = check.Time("policy.sign_not_before", policy.SignNotBefore),
            LeafLifetime = check.Span("policy.leaf_lifetime", policy.LeafLifetime, options.MinLeafLifetime, _fleet.MaxLeafLifetime) ?? _defaults.LeafLifetime,
            SignDeadline = check.Span("policy.sign_deadline", policy.SignDeadline, ShortestDeadline, Longest) ?? _defaults.SignDeadline,
            DropDeadline = check.Span("policy.drop_deadline", policy.DropDeadline, ShortestDeadline, Longest) ?? _defaults.DropDeadline,
            ForceAtDeadlines = policy.ForceAtDeadlines,
        };
        // What the settings say of both is not the caller's: only a deadline he states can be wrong.
        check.Require(
            policy.DropDeadline is null ? "policy.sign_deadline" : "policy.drop_deadline",
            kind != RotationKind.Emergency || (policy.SignDeadline ?? policy.DropDeadline) is null || read.DropDeadline >= read.SignDeadline,
            $"lets the stolen root go before the new one signs: sign_deadline is {read.SignDeadline:c}, drop_deadline {read.DropDeadline:c}; the drop must not come first");
        return kind == RotationKind.Emergency ? read.ForEmergency() : read;

        TimeSpan? Wait(string field, Duration? wait) => check.Span(field, wait, TimeSpan.Zero, Longest);
    }

    /// <summary>Every field set.</summary>
    public Api.RotationPolicy Map(RotationPolicy policy) => new()
    {
        TrustGate = Map(policy.TrustGate),
        WaveGate = Map(policy.WaveGate),
        DropGate = Map(policy.DropGate),
        TrustSoak = policy.TrustSoak.ToDuration(),
        WaveSoak = policy.WaveSoak.ToDuration(),
        CanarySoak = policy.CanarySoak.ToDuration(),
        DropSoak = policy.DropSoak.ToDuration(),
        MaxConnectionAge = policy.MaxConnectionAge.ToDuration(),
        GateDeadline = _fleet.GateDeadline(policy).ToDuration(),
        AckTimeout = _fleet.AckTimeout.ToDuration(),
        Waves = { policy.Waves.IsEmpty ? [new Api.Wave { Percent = 100 }] : policy.Waves.Select(WaveMapper.Map) },
        AutomaticRollback = policy.AutomaticRollback,
        MaxInFlight = policy.MaxInFlight ?? 0,
        MaxSilentPercent = policy.MaxSilentPercent,
        Evidence = policy.Evidence == LeafEvidence.EnvoyAdmin ? Api.LeafEvidence.EnvoyAdmin : Api.LeafEvidence.Ack,
        SignNotBefore = policy.SignNotBefore?.ToTimestamp(),
        LeafLifetime = (policy.LeafLifetime ?? TimeSpan.Zero).ToDuration(),
        SignDeadline = policy.SignDeadline.ToDuration(),
        DropDeadline = policy.DropDeadline.ToDuration(),
        ForceAtDeadlines = policy.ForceAtDeadlines,
    };

    public static Api.GatePolicy Map(GatePolicy gate) =>
        new() { Kind = Labels.Of(gate.Kind), After = gate.Kind == GateKind.Time ? gate.After.ToDuration() : null };

    /// <summary>When the gate that is shut holds the rotation.</summary>
    public DateTimeOffset ShutBy(TrustState state, RotationPlan plan, Verdict verdict) => _fleet.ShutBy(state.Serving, plan, verdict);

    // What an emergency does not heed. What says only what it does anyway may be said.
    private static void RequireNoComfort(Api.RotationPolicy policy, RequestCheck check)
    {
        foreach ((string field, Api.GatePolicy? gate) in new[] { ("trust_gate", policy.TrustGate), ("wave_gate", policy.WaveGate), ("drop_gate", policy.DropGate) })
        {
            Refuse(field, gate?.Kind is null or Api.GateKind.Unspecified or Api.GateKind.Ack, "its gates open by the evidence, or at the deadlines");
        }

        foreach ((string field, Duration? soak) in new[]
        {
            ("trust_soak", policy.TrustSoak), ("canary_soak", policy.CanarySoak), ("wave_soak", policy.WaveSoak), ("drop_soak", policy.DropSoak),
        })
        {
            Refuse(field, soak is null or { Seconds: 0, Nanos: 0 }, "it has no soaks");
        }

        Refuse("waves", policy.Waves.Count == 0, "everybody is one wave");
        Refuse("max_in_flight", !policy.HasMaxInFlight, "everybody moves at once");
        Refuse("max_silent_percent", !policy.HasMaxSilentPercent, "silence does not hold it");
        Refuse("automatic_rollback", !policy.AutomaticRollback, "it never turns back to the stolen root");
        Refuse("evidence", policy.Evidence != Api.LeafEvidence.EnvoyAdmin, "it waits for answers, not for admins");
        Refuse("leaf_lifetime", policy.LeafLifetime is null, "it replaces all leaves at once, not the long ones first");

        void Refuse(string field, bool holds, string why) => check.Require($"policy.{field}", holds, $"does not belong to kind EMERGENCY: {why}");
    }

    private GatePolicy Gate(string field, Api.GatePolicy? gate, GatePolicy otherwise, RequestCheck check)
    {
        switch (gate?.Kind)
        {
            case null or Api.GateKind.Unspecified:
                check.Require($"{field}.after", gate?.After is null, "belongs to kind TIME");
                return otherwise;
            case Api.GateKind.Time:
                check.Require($"{field}.after", gate.After is not null, "must be set for kind TIME: how long after the last step");
                return new GatePolicy(GateKind.Time, check.Span($"{field}.after", gate.After, TimeSpan.Zero, Longest) ?? TimeSpan.Zero);
            case Api.GateKind.Ack or Api.GateKind.Approval or Api.GateKind.Webhook:
                check.Require($"{field}.after", gate.After is null, "belongs to kind TIME");
                check.Require($"{field}.kind", gate.Kind != Api.GateKind.Webhook || options.HasWebhook, "cannot be WEBHOOK: this server has no webhook to ask; set SdsServer:RotationWebhook");
                return gate.Kind switch
                {
                    Api.GateKind.Approval => GatePolicy.Approval,
                    Api.GateKind.Webhook => new GatePolicy(GateKind.Webhook),
                    _ => GatePolicy.Ack,
                };
            default:
                check.Wrong($"{field}.kind", "must be ACK, APPROVAL, TIME or WEBHOOK");
                return otherwise;
        }
    }
}
