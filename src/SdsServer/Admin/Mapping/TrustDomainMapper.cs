using System.Text;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Requests;
using SdsServer.Core.Authorities;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>A trust domain as the API shows it.</summary>
internal sealed class TrustDomainMapper(ResourceNames names, string logWarning, Func<IEnumerable<string>> clientWarnings, Func<DateTimeOffset>? servingUntil = null)
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
            ClientWarnings = { clientWarnings() },
            Serving = reading.Serving is { } serving ? Serving(serving) : null,
        };
    }

    /// <summary>The roots that bootstraps should trust.</summary>
    public static Api.GetAnchorsResponse MapAnchors(TrustState state)
    {
        Api.GetAnchorsResponse response = new() { Pem = Encoding.ASCII.GetString(BootstrapAnchors.ToPem(state)) };
        foreach (TrustRoot root in BootstrapAnchors.Of(state))
        {
            Certificate certificate = Certificate.Parse(root.Certificate.AsSpan());
            response.Anchors.Add(new Api.Anchor { RootId = root.Id, Sha256 = certificate.Fingerprint, Subject = certificate.Subject.ToString(), NotAfter = certificate.NotAfter.ToTimestamp() });
        }

        return response;
    }

    private Api.OwnServing Serving(ServingView serving) => new()
    {
        Authority = names.Authority(serving.AuthorityId),
        RootId = serving.RootId,
        NotAfter = servingUntil?.Invoke().ToTimestamp(),
        NextRootId = serving.NextRootId ?? "",
        Waits = serving.Waits,
        GraceEndTime = serving.Waits ? serving.Until?.ToTimestamp() : null,
        Missing = { serving.Missing.Select(proxy => new Api.UnanchoredProxy { Instance = names.Instance(proxy.InstanceId), SpiffeId = proxy.SpiffeId, NodeId = proxy.NodeId }) },
        MissingCount = serving.MissingCount,
    };

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
