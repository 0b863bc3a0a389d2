using System.Collections.Frozen;
using System.Collections.Immutable;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Access;

/// <summary>All registrations at one moment, ready to be matched. Immutable.</summary>
public sealed class RegistrationSet
{
    // By one selector of each: whoever does not show it does not show all.
    private readonly FrozenDictionary<Selector, ImmutableArray<CompiledRegistration>> _bySelector;

    private RegistrationSet(ImmutableArray<Registration> all, IEnumerable<CompiledRegistration> compiled)
    {
        All = all;
        _bySelector = compiled
            .GroupBy(registration => registration.Selectors.OrderBy(selector => selector.ToString(), StringComparer.Ordinal).Last())
            .ToFrozenDictionary(group => group.Key, group => group.ToImmutableArray());
    }

    public static RegistrationSet Empty { get; } = new([], []);

    /// <summary>By id.</summary>
    public ImmutableArray<Registration> All { get; }

    /// <exception cref="InvalidDataException">A registration does not keep the rules, or two have one id.</exception>
    public static RegistrationSet Of(IEnumerable<Registration> registrations, TrustDomain trustDomain, LeafPolicy leaves)
    {
        ImmutableArray<Registration> all = [.. registrations.OrderBy(registration => registration.Id, StringComparer.Ordinal)];
        for (int index = 0; index < all.Length; index++)
        {
            // Its leaf terms may be out of bounds that were moved since: LeafTerms clamps them.
            if (RegistrationRules.Check(all[index] with { Leaf = LeafTerms.Server }, trustDomain, leaves) is [{ } fault, ..])
            {
                throw new InvalidDataException($"registration '{all[index].Id}' cannot be used: {fault.Field} {fault.Problem}");
            }

            if (index > 0 && all[index].Id == all[index - 1].Id)
            {
                throw new InvalidDataException($"there are two registrations '{all[index].Id}'; rename one");
            }
        }

        return new RegistrationSet(all, all.Select(registration => new CompiledRegistration(registration, trustDomain)));
    }

    /// <summary>Those whose selectors are all among the facts: most selectors first, then a whole ID before a template, then by id.</summary>
    internal IEnumerable<CompiledRegistration> Met(HashSet<Selector> facts) => facts
        .SelectMany(fact => _bySelector.GetValueOrDefault(fact, []))
        .Where(registration => registration.Selectors.All(facts.Contains))
        .OrderByDescending(registration => registration.Selectors.Length)
        .ThenByDescending(registration => registration.IsExact)
        .ThenBy(registration => registration.Registration.Id, StringComparer.Ordinal);
}
