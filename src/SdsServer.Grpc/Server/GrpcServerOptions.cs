namespace SdsServer.Grpc.Server;

/// <summary>What all services of one <see cref="GrpcApplication.UseGrpc"/> share.</summary>
public sealed class GrpcServerOptions
{
    /// <summary>Bytes of one request message, decompressed, where its service says nothing else. A larger one ends the call with RESOURCE_EXHAUSTED.</summary>
    public int MaxReceiveMessageSize { get; set; } = 1024 * 1024;

    /// <summary>From the first byte of a request message to its last; a slower one ends the call with DEADLINE_EXCEEDED. Between messages a stream may idle.</summary>
    public TimeSpan ReceiveTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The one place where the application's exceptions become a status. Null means: not mine, which makes it INTERNAL with a bare message
    /// and puts the details into the log. The detail of the answer travels to the caller.
    /// </summary>
    public Func<Exception, Status?> StatusOf { get; set; } = static _ => null;

    /// <summary>
    /// How long after the start of the host's shutdown a streaming call may still run. Its handler sees
    /// <see cref="ServerCallContext.Stopping"/> at once; when this is over its <see cref="ServerCallContext.CancellationToken"/> fires and
    /// the client gets UNAVAILABLE. Unary calls have the host's whole shutdown timeout.
    /// </summary>
    public TimeSpan StreamShutdownGrace { get; set; } = TimeSpan.FromSeconds(3);
}
