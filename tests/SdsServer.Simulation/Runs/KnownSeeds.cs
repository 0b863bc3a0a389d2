namespace SdsServer.Simulation.Runs;

/// <summary>
/// Runs that have failed once, each for a reason that took millions of others to find. Every soak begins with them. Those of drawn mixes
/// (from <see cref="Mix.FirstDrawn"/> on) tell another story once there is one trouble or order more.
/// </summary>
internal static class KnownSeeds
{
    public static readonly IReadOnlyList<long> All =
    [
        101120, 105238, 106077, 1002338, 1005990, 1012177, 1016967, 2008593, 2019259, 2020420, 2031261, 2032843, 2034181, 2036211, 2042325, 2050947,
        3004250, 3025182, 4001698, 5025670, 5036506, 6025834, 7019837, 8016664, 8094359, 9021543, 10000518, 10000626, 11150877, 11157150, 20002826,
        200049454, 300016831, 300062335, 300084665, 300109533, 310012349, 400010316, 400012946, 1000002653, 1000004858, 1000007073, 1000013215,
        2000091873, 2000126090, 2000146514, 2000148982, 2000151667, 4000000418, 5000004524, 5000016242, 5000017578, 6000154244, 10000000477,
    ];
}
