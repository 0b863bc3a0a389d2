namespace SdsServer.Grpc.Client;

/// <summary>What one call differs in.</summary>
/// <param name="Headers">Sent with the request.</param>
/// <param name="Timeout">For the whole call, travels to the server; when it is over the call ends with DEADLINE_EXCEEDED. Null: no end.</param>
/// <param name="CancellationToken">Resets the call; what waits on it throws <see cref="OperationCanceledException"/>.</param>
public readonly record struct CallOptions(Metadata? Headers = null, TimeSpan? Timeout = null, CancellationToken CancellationToken = default);
