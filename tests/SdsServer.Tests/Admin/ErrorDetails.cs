using Google.Protobuf;
using SdsServer.Grpc;
using SdsServer.Protos.Google.Rpc;
using Status = SdsServer.Protos.Google.Rpc.Status;
using StatusCode = SdsServer.Grpc.StatusCode;

namespace SdsServer.Tests.Admin;

/// <summary>Takes an error of the API apart, as a client would.</summary>
internal static class ErrorDetails
{
    /// <summary>The call must fail with this status and reason; returns the exception.</summary>
    public static async Task<RpcException> FailsAsync(Task call, StatusCode code, string reason)
    {
        RpcException error = await Assert.ThrowsAsync<RpcException>(() => call);
        Assert.Equal((code, reason), (error.StatusCode, error.Find<ErrorInfo>()?.Reason));
        Assert.Equal("sdsserver", error.Find<ErrorInfo>()!.Domain);
        return error;
    }

    public static T? Find<T>(this RpcException error)
        where T : class, IMessage<T>, new() =>
        error.Trailers.GetValueBytes("grpc-status-details-bin") is { } bytes
            ? Status.Parser.ParseFrom(bytes).Details.Select(detail => detail.TryUnpack(out T found) ? found : null).FirstOrDefault(found => found is not null)
            : null;

    public static IEnumerable<string> WrongFields(this RpcException error) => error.Find<BadRequest>()!.FieldViolations.Select(field => field.Field);
}
