namespace SdsServer.Benchmarks.Goals;

/// <summary>Goals that are measured together.</summary>
internal sealed record Goal(string[] Names, Func<Options, Task<IEnumerable<Outcome>>> MeasureAsync);
