namespace SdsServer.Grpc;

/// <summary>
/// A call that ended with another status than OK. A handler throws it to choose the status; a client call throws what the server sent.
/// Rich errors travel as the trailer <c>grpc-status-details-bin</c> in <see cref="Trailers"/>.
/// </summary>
public sealed class RpcException : Exception
{
    public RpcException(StatusCode code, string detail, Metadata? trailers = null, Exception? inner = null)
        : this(new Status(code, detail), trailers, inner)
    {
    }

    public RpcException(Status status, Metadata? trailers = null, Exception? inner = null)
        : base(status.ToString(), inner)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((int)status.Code, (int)StatusCode.OK, nameof(status));
        Status = status;
        Trailers = trailers ?? [];
    }

    public Status Status { get; }

    public StatusCode StatusCode => Status.Code;

    public Metadata Trailers { get; }
}
