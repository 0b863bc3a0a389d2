namespace SdsServer.Core.Fleet;

/// <summary>How far the fleet has come with the leaves of one authority. Proxies are counted, not leaves: in between, a proxy may present both.</summary>
/// <param name="Takers">Proxies with a leaf they may present.</param>
/// <param name="Moved">Those whose leaves all come from the authority and are accepted.</param>
/// <param name="Refusing">Those that have refused a secret, and accepted no fresh one since.</param>
/// <param name="Quarantined">Members that hold up the plan and are left to age out; also without a leaf.</param>
public sealed record FleetProgress(int Takers, int Moved, int Refusing, int Quarantined);
