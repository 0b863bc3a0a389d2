using System.Collections.Frozen;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;

namespace SdsServer.Admin;

/// <summary>Who can sign, at one moment.</summary>
/// <param name="Roles">By authority id.</param>
internal sealed record AuthorityReading(TrustState State, FrozenDictionary<string, AuthorityRole> Roles)
{
    public static AuthorityReading Of(TrustDomainEngine engine) =>
        new(engine.State, engine.State.Authorities.ToFrozenDictionary(authority => authority.Id, engine.RoleOf));
}
