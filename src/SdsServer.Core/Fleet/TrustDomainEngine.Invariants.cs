using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet;

/// <summary>The promise, checked after every change of state in every build; O(roots).</summary>
public sealed partial class TrustDomainEngine
{
    private string? _violation;

    private void CheckInvariants()
    {
        string? found = Broken();
        if (found is not null && found != _violation)
        {
            _effects.Add(new Noted("", $"invariant violated: {found}"));
        }

        _violation = found;
    }

    private string? Broken()
    {
        if (!_needs.AllVouchedFor(root => _state.IsSafe(root, _floor)))
        {
            return $"I1: a leaf is outstanding that no root in every bundle since epoch {_floor} vouches for";
        }

        if (_members.Lowest < _floor)
        {
            return $"I1: a member stands at epoch {_members.Lowest}, below the floor {_floor}";
        }

        if (_state.Authorities.FirstOrDefault(authority => authority.Id == _state.Signer) is not { Tainted: false })
        {
            return $"I2: the signer '{_state.Signer}' is unknown or tainted";
        }

        if (!_state.Trusts(_state.RootOf(_state.Signer).Id))
        {
            return $"I2: the signer's root '{_state.RootOf(_state.Signer).Id}' is not in the bundle";
        }

        return _state.Bundle.Length is < 1 or > Moves.MaxRoots ? $"I3: the bundle holds {_state.Bundle.Length} roots" : null;
    }
}
