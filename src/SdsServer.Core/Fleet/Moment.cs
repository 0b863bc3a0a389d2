namespace SdsServer.Core.Fleet;

/// <summary>The time of an event on both clocks: windows run on the monotonic one, dates are compared with the wall clock.</summary>
/// <param name="Utc">Wall clock.</param>
/// <param name="Up">Monotonic time since an arbitrary start.</param>
public readonly record struct Moment(DateTimeOffset Utc, TimeSpan Up);
