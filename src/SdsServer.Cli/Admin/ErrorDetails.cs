using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;
using SdsServer.Protos.Google.Rpc;

namespace SdsServer.Cli.Admin;

/// <summary>What the server sent along with an error, in the trailer <c>grpc-status-details-bin</c>.</summary>
internal sealed record ErrorDetails
{
    public const string Trailer = "grpc-status-details-bin";

    /// <summary>The cause in one word, such as <c>GATE_CLOSED</c>; empty when the server did not say.</summary>
    public string Reason { get; private init; } = "";

    public IReadOnlyDictionary<string, string> Metadata { get; private init; } = new Dictionary<string, string>();

    public Refusal? Refusal { get; private init; }

    public RevisionConflict? Conflict { get; private init; }

    public ResourceInfo? Resource { get; private init; }

    public TimeSpan? RetryAfter { get; private init; }

    public IReadOnlyList<BadRequest.Types.FieldViolation> WrongFields { get; private init; } = [];

    /// <summary>Details that cannot be read are left out: the status alone must do then.</summary>
    public static ErrorDetails Of(RpcException error)
    {
        ErrorDetails details = new();
        if (error.Trailers.GetValueBytes(Trailer) is not { } bytes)
        {
            return details;
        }

        try
        {
            foreach (Any any in Protos.Google.Rpc.Status.Parser.ParseFrom(bytes).Details)
            {
                details = details.With(any);
            }
        }
        catch (InvalidProtocolBufferException)
        {
        }

        return details;
    }

    private ErrorDetails With(Any any) =>
        any.TryUnpack(out ErrorInfo info) ? this with { Reason = info.Reason, Metadata = info.Metadata }
        : any.TryUnpack(out Refusal refusal) ? this with { Refusal = refusal }
        : any.TryUnpack(out RevisionConflict conflict) ? this with { Conflict = conflict }
        : any.TryUnpack(out ResourceInfo resource) ? this with { Resource = resource }
        : any.TryUnpack(out RetryInfo retry) ? this with { RetryAfter = retry.RetryDelay?.ToTimeSpan() }
        : any.TryUnpack(out BadRequest bad) ? this with { WrongFields = bad.FieldViolations }
        : this;
}
