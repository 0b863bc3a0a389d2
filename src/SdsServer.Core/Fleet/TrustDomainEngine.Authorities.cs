using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>Which authorities are known.</summary>
public sealed partial class TrustDomainEngine
{
    private void Add(AddAuthority order)
    {
        // Whoever stole the root can make such an authority as well.
        bool stolen = _state.Authorities.Any(known => known.RootId == order.Authority.RootId && known.Tainted);
        Authority authority = order.Authority with { Tainted = order.Authority.Tainted || stolen };
        if (_state.Authorities.Any(known => known.Id == authority.Id))
        {
            Answer(order, CommandStatus.Invalid, $"there is an authority '{authority.Id}' already");
            return;
        }

        TrustState next = WithEvidence(_state, out _);
        next = next with
        {
            Decisions = next.Decisions + 1,
            Authorities = next.Authorities.Add(authority),
            Roots = next.Roots.Any(root => root.Id == order.Root.Id) ? next.Roots : next.Roots.Add(order.Root),
        };
        Commit(order, next, DecisionKind.CreateAuthority, authority.Id, $"add authority {authority.Id}", $"authority '{authority.Id}' added");
    }

    private void Remove(RemoveAuthority order)
    {
        if (_state.Authorities.FirstOrDefault(authority => authority.Id == order.AuthorityId) is not { } authority)
        {
            Answer(order, CommandStatus.NotFound, $"there is no authority '{order.AuthorityId}'");
            return;
        }

        if (UseOf(authority) is { } use)
        {
            Answer(order, CommandStatus.Refused, $"authority '{authority.Id}' cannot go: {use}", Refuse("in_use", Gate.G3, []));
            return;
        }

        TrustState next = WithEvidence(_state, out _);
        next = next with { Decisions = next.Decisions + 1, Authorities = next.Authorities.Remove(authority) };
        if (!IsShared(authority))
        {
            // Somebody who has been away for longer may still enforce it.
            TrustRoot root = next.Root(authority.RootId);
            next = next with { Roots = next.Roots.Remove(root), DroppedBefore = root.DroppedAt > (next.DroppedBefore ?? 0) ? root.DroppedAt : next.DroppedBefore };
        }

        Commit(order, next, DecisionKind.DeleteAuthority, authority.Id, $"remove authority {authority.Id}", $"authority '{authority.Id}' removed");
    }

    /// <summary>Why an authority cannot be deleted; null: it can.</summary>
    public string? UseOf(Authority authority)
    {
        // What a plan under way drops, or an emergency moves to, it finds by the authority: a trusted root must always have one.
        bool shared = IsShared(authority);
        TrustRoot root = _state.Root(authority.RootId);
        return authority.Id == _state.Signer ? "it signs"
            : _state.Plan is { } plan && (plan.From == authority.Id || plan.To == authority.Id) ? $"rotation '{plan.Id}' needs it"
            : _state.Trusts(root.Id) && (authority.Chain.Length == 1 || !shared) ? "its root is in the bundle"
            : authority.Id == _state.Serving?.AuthorityId ? "the server's own certificate is under it"
            : !shared && root.DroppedAt > _floor ? "its root was dropped, and some member may still enforce it"
            : _needs.SignedBy(authority.Id) > 0 ? $"{_needs.SignedBy(authority.Id)} leaves it signed are outstanding"
            : !authority.Tainted && KeptUntil(root) is { } until && _clock.Judged < until ? $"its root left the bundle at {root.DroppedTime:u} and is kept for a way back until {until:u}"
            : null;
    }

    private bool IsShared(Authority authority) => _state.Authorities.Any(other => other.Id != authority.Id && other.RootId == authority.RootId);

    private DateTimeOffset? KeptUntil(TrustRoot root) => root.DroppedTime + (_policy.KeepDropped > _policy.MaxLeafLifetime * 2 ? _policy.KeepDropped : _policy.MaxLeafLifetime * 2);
}
