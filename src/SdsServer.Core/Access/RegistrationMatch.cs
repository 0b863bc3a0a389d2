using SdsServer.Core.Fleet;

namespace SdsServer.Core.Access;

/// <summary>
/// Who a caller is, by what it has shown and what is registered. A function of its arguments alone: the same evidence means the same
/// workload, in whatever order registrations came.
/// </summary>
public static class RegistrationMatch
{
    /// <summary>
    /// The workload, or null: nobody. Of the registrations whose selectors are all shown the first counts: most selectors, then a whole ID
    /// before a template, then the lowest id. If its templates cannot be filled the caller is nobody: a worse one must not take its place.
    /// </summary>
    /// <remarks>
    /// A credential that names an ID is that ID and no other: registrations for others are passed over. Only where the kernel's word on a
    /// process is all there is may a registration that asks for more of it, its program for instance, name another ID than the setting for its user.
    /// </remarks>
    /// <param name="registrations">All there are.</param>
    /// <param name="shown">What the caller has shown.</param>
    /// <param name="named">Whom that names by itself; null for nobody.</param>
    /// <param name="required">Nobody is a workload without a registration.</param>
    public static Workload? Decide(RegistrationSet registrations, IReadOnlyCollection<Selector> shown, Workload? named, bool required)
    {
        // A registration that asks for the named ID itself is for that ID, by its rules.
        bool mayRename = shown.All(selector => selector.IsOfProcess);
        HashSet<Selector> facts = [.. shown];
        if (named is not null)
        {
            facts.Add(new Selector(Selector.SpiffeId, named.SpiffeId));
        }

        foreach (CompiledRegistration registration in registrations.Met(facts))
        {
            string? id = registration.IdOf(facts);
            bool same = id == named?.SpiffeId;
            if (named is null || same || mayRename)
            {
                return id is null ? null : registration.WorkloadOf(id, facts, same ? named : null);
            }
        }

        return required ? null : named;
    }
}
