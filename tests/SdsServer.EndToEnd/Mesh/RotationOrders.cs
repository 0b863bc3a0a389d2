using Google.Protobuf.WellKnownTypes;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>Orders of rotations that go by waves, with waits of a second: what is waited for is evidence.</summary>
internal static class RotationOrders
{
    private static readonly TimeSpan Soak = TimeSpan.FromSeconds(1);

    /// <summary>To a root made now.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="gates">What opens each of its gates.</param>
    /// <param name="waves">All but whoever is left.</param>
    public static StartRotationRequest Planned(string id, GateKind gates, params Wave[] waves) => new()
    {
        RequestId = id,
        Kind = RotationKind.Planned,
        NewAuthority = new NewAuthority { DisplayName = $"root of {id}" },
        Policy = ByWaves(gates, gates, waves),
    };

    /// <summary>To a root made now, by evidence alone: one proxy after the other, each when the admin of the one before shows its new leaf.</summary>
    public static StartRotationRequest OneByOne(string id, params Wave[] waves) => new()
    {
        RequestId = id,
        Kind = RotationKind.Planned,
        NewAuthority = new NewAuthority { DisplayName = $"root of {id}" },
        Policy = new RotationPolicy
        {
            CanarySoak = Soak.ToDuration(), WaveSoak = Soak.ToDuration(), Waves = { waves }, MaxInFlight = 1, Evidence = LeafEvidence.EnvoyAdmin,
        },
    };

    /// <summary>To an intermediate made now below the root that signs; by itself, but for the gate between waves.</summary>
    public static StartRotationRequest Intermediate(string id, params Wave[] waves) => new()
    {
        RequestId = id,
        Kind = RotationKind.Intermediate,
        NewAuthority = new NewAuthority { DisplayName = $"intermediate of {id}" },
        Policy = ByWaves(GateKind.Ack, GateKind.Approval, waves),
    };

    /// <summary>Away from a stolen root, to an authority that exists, with deadlines that pass over whoever is late.</summary>
    public static StartRotationRequest Emergency(string id, Authority stolen, Authority to, TimeSpan sign, TimeSpan drop) => new()
    {
        RequestId = id,
        Kind = RotationKind.Emergency,
        CompromisedAuthority = stolen.Name,
        ToAuthority = to.Name,
        Reason = "its key was found where it does not belong",
        Policy = new RotationPolicy { SignDeadline = sign.ToDuration(), DropDeadline = drop.ToDuration(), ForceAtDeadlines = true },
    };

    /// <summary>So many proxies, those of earlier waves included.</summary>
    public static Wave Proxies(int count) => new() { Proxies = count };

    /// <summary>Such a share of the proxies.</summary>
    public static Wave Percent(double share) => new() { Percent = share };

    /// <summary>All sidecars of a workload.</summary>
    public static Wave Of(string workload) => new() { Selector = new WaveSelector { PathPrefix = $"/{workload}" } };

    // A sidecar that is stalled on purpose must not hold its plan by its silence.
    private static RotationPolicy ByWaves(GateKind gates, GateKind betweenWaves, Wave[] waves) => new()
    {
        TrustGate = new GatePolicy { Kind = gates },
        WaveGate = new GatePolicy { Kind = betweenWaves },
        DropGate = new GatePolicy { Kind = gates },
        CanarySoak = Soak.ToDuration(),
        WaveSoak = Soak.ToDuration(),
        Waves = { waves },
        MaxInFlight = 1_000,
        MaxSilentPercent = 100,
    };
}
