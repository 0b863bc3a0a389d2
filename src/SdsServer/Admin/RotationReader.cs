using SdsServer.Admin.Log;
using SdsServer.Admin.Mapping;
using SdsServer.Admin.Requests;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin;

/// <summary>Finds rotations, active or over, and puts state and log together.</summary>
internal sealed class RotationReader(TrustDomainAccess access, DecisionLog log, RotationMapper mapper, ResourceNames names)
{
    /// <summary>The rotation as it is now.</summary>
    /// <exception cref="Grpc.RpcException">NOT_FOUND.</exception>
    public async Task<Api.Rotation> ReadAsync(string id, CancellationToken cancellation) =>
        await WithLogAsync(await access.ReadAsync(DomainReading.Of, cancellation), id, cancellation) ?? throw Missing(id);

    /// <summary>The rotation as it was at a reading, with its steps and decisions; null if there is none.</summary>
    public async Task<Api.Rotation?> WithLogAsync(DomainReading reading, string id, CancellationToken cancellation)
    {
        Api.Rotation rotation;
        (string From, string To, DateTimeOffset? DrainedAt) ends;
        if (reading.State.Plan is { } plan && plan.Id == id)
        {
            rotation = mapper.MapActive(reading);
            ends = (plan.From, plan.To, plan.DrainedAt);
        }
        else if (reading.State.Past.FirstOrDefault(past => past.Id == id) is { } past)
        {
            rotation = mapper.MapPast(reading.State, past);
            ends = (past.From, past.To, null);
        }
        else
        {
            return null;
        }

        (IReadOnlyList<LoggedDecision> decisions, IReadOnlyList<LoggedDecision> turningPoints) = await log.OfRotationAsync(id, cancellation);
        RotationMapper.AddLog(rotation, ends.From, ends.To, decisions, turningPoints, ends.DrainedAt);
        return rotation;
    }

    /// <summary>All that are remembered, newest first, without decisions and blockers.</summary>
    public IEnumerable<Api.Rotation> All(DomainReading reading)
    {
        if (reading.State.Plan is not null)
        {
            Api.Rotation active = mapper.MapActive(reading);
            active.Gate.Refusal?.Blockers.Clear();
            yield return active;
        }

        foreach (PastRotation past in reading.State.Past)
        {
            yield return mapper.MapPast(reading.State, past);
        }
    }

    public Grpc.RpcException Missing(string id) => AdminErrors.NotFound(names.Rotation(id), "ListRotations shows those that are remembered");
}
