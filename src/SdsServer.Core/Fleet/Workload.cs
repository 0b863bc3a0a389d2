using System.Collections.Immutable;

namespace SdsServer.Core.Fleet;

/// <summary>Who a caller is, by evidence, and what its leaves carry.</summary>
/// <param name="SpiffeId">The only URI SAN of its leaves.</param>
/// <param name="DnsNames">DNS SANs of its leaves.</param>
/// <param name="BundleOnly">It never takes a leaf; it enters the roster instead.</param>
public sealed record Workload(string SpiffeId, ImmutableArray<string> DnsNames, bool BundleOnly);
