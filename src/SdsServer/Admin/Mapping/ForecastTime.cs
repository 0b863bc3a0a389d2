using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>When a rotation would come to a step.</summary>
/// <param name="Wave">The wave it begins; null outside issuing.</param>
/// <param name="Gate">What is before it; null where nothing is.</param>
/// <param name="Worst">If members stay away, or go away at the worst moment.</param>
/// <param name="WorstIsCertain">Nobody has to act to get there by then.</param>
internal sealed record ForecastTime(Api.Phase Phase, WaveView? Wave, Gate? Gate, DateTimeOffset Earliest, DateTimeOffset Worst, bool WorstIsCertain = true);
