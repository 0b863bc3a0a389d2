using SdsServer.Core.Fleet;

namespace SdsServer.Xds;

/// <summary>Who is at the other end of a stream, for as long as the stream lives.</summary>
/// <param name="Connection">Number of the HTTP/2 connection, unique in this process.</param>
/// <param name="Key">The process, as far as it can be told.</param>
/// <param name="Workload">The authenticated identity.</param>
/// <param name="Node">What the client says about itself.</param>
internal sealed record StreamClient(long Connection, InstanceKey Key, Workload Workload, NodeIdentity Node);
