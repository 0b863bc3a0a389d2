using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Requests;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>
/// How a rotation may advance, from the API and back. There is one wave, the whole fleet: its soak and the age of connections are waits
/// from the moment the last old leaf is replaced, as the drop soak is, so the longest of the four is what the engine keeps.
/// </summary>
internal sealed class PolicyMapper(RotationPolicy defaults, FleetPolicy fleet)
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);
    private static readonly TimeSpan ShortestDeadline = TimeSpan.FromSeconds(1);

    /// <summary>What is unset takes the server's settings; what this server cannot do is reported, never ignored.</summary>
    public RotationPolicy Read(Api.RotationPolicy? policy, RequestCheck check)
    {
        policy ??= new Api.RotationPolicy();
        check.Require("policy.advance", System.Enum.IsDefined(policy.Advance), "must be AUTOMATIC or MANUAL");
        check.Require(
            "policy.waves",
            policy.Waves.Count == 0 || (policy.Waves.Count == 1 && policy.Waves[0].Percent == 100),
            "must be empty: this server replaces the leaves of the whole fleet in one wave");
        check.Require("policy.automatic_rollback", !policy.AutomaticRollback, "is not possible here: a refusal holds the rotation, and RollbackRotation turns it back");
        check.Require("policy.ack_timeout", policy.AckTimeout is null, "is a setting of this server (Fleet:AckTimeout), the same for every rotation");
        TimeSpan?[] dropSoaks =
        [
            Wait("policy.drop_soak", policy.DropSoak),
            Wait("policy.max_connection_age", policy.MaxConnectionAge),
            Wait("policy.canary_soak", policy.CanarySoak),
            Wait("policy.wave_soak", policy.WaveSoak),
        ];
        return new RotationPolicy
        {
            Advance = policy.Advance switch
            {
                Api.AdvanceMode.Automatic => AdvanceMode.Automatic,
                Api.AdvanceMode.Manual => AdvanceMode.Manual,
                _ => defaults.Advance,
            },
            TrustSoak = Wait("policy.trust_soak", policy.TrustSoak) ?? defaults.TrustSoak,
            DropSoak = dropSoaks[1..].Append(dropSoaks[0] ?? defaults.DropSoak).Max()!.Value,
            GateDeadline = check.Span("policy.gate_deadline", policy.GateDeadline, ShortestDeadline, Longest) ?? defaults.GateDeadline,
        };

        TimeSpan? Wait(string field, Duration? wait) => check.Span(field, wait, TimeSpan.Zero, Longest);
    }

    /// <summary>Every field set.</summary>
    public Api.RotationPolicy Map(RotationPolicy policy) => new()
    {
        Advance = policy.Advance == AdvanceMode.Manual ? Api.AdvanceMode.Manual : Api.AdvanceMode.Automatic,
        TrustSoak = policy.TrustSoak.ToDuration(),
        WaveSoak = TimeSpan.Zero.ToDuration(),
        CanarySoak = TimeSpan.Zero.ToDuration(),
        DropSoak = policy.DropSoak.ToDuration(),
        MaxConnectionAge = TimeSpan.Zero.ToDuration(),
        GateDeadline = Deadline(policy).ToDuration(),
        AckTimeout = fleet.AckTimeout.ToDuration(),
        Waves = { new Api.Wave { Percent = 100 } },
    };

    /// <summary>How long a gate may be shut before the engine holds the rotation.</summary>
    public TimeSpan Deadline(RotationPolicy policy) => policy.GateDeadline ?? fleet.MaxLeafLifetime * 2;
}
