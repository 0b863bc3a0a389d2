using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Requests;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>A trust domain as the API shows it.</summary>
internal sealed class TrustDomainMapper(ResourceNames names, string logWarning)
{
    public Api.TrustDomain Map(DomainReading reading)
    {
        TrustState state = reading.State;
        return new Api.TrustDomain
        {
            Name = names.TrustDomain,
            Revision = state.Decisions,
            Epoch = state.Epoch,
            Floor = reading.Floor,
            Phase = Labels.Of(reading.Phase),
            Goal = state.Plan is { } plan ? Labels.Of(plan.Goal) : Api.Goal.Unspecified,
            Held = state.Plan?.Hold is not null,
            HoldReason = state.Plan?.Hold?.Reason ?? "",
            Bundle = { state.Bundle.Select(root => Root(state, state.Root(root), reading.Floor)) },
            Signer = names.Authority(state.Signer),
            ActiveRotation = state.Plan is { } active ? names.Rotation(active.Id) : "",
            Fleet = Counts(reading),
            LeaderTerm = state.Term,
            AuditWarning = logWarning,
        };
    }

    private Api.BundleRoot Root(TrustState state, TrustRoot root, long floor)
    {
        Certificate certificate = Certificate.Parse(root.Certificate.AsSpan());
        return new Api.BundleRoot
        {
            Authority = Of(state, root.Id) is { } authority ? names.Authority(authority.Id) : "",
            RootId = root.Id,
            Subject = certificate.Subject.ToString(),
            Ski = AuthorityMapper.Ski(certificate),
            NotBefore = certificate.NotBefore.ToTimestamp(),
            NotAfter = certificate.NotAfter.ToTimestamp(),
            Since = root.Since ?? 0,
            Safe = state.IsSafe(root.Id, floor),
        };
    }

    // The one that signs under it, else its own.
    private static Authority? Of(TrustState state, string root) => state.Authorities
        .Where(authority => authority.RootId == root)
        .OrderBy(authority => authority.Id == state.Signer ? 0 : authority.Chain.Length)
        .FirstOrDefault();

    private static Api.FleetCounts Counts(DomainReading reading) => new()
    {
        Members = reading.Fleet.Members,
        Pending = reading.Fleet.Pending,
        Proven = reading.Fleet.Proven,
        Nacked = reading.Fleet.Refusing,
        Absent = reading.Fleet.Absent,
        Quarantined = reading.Progress?.Quarantined ?? 0,
    };
}
