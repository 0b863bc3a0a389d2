using System.Net;

namespace SdsServer.Grpc.Client;

/// <summary>The status of a call that got none from the server (gRPC over HTTP/2, "Errors"; "HTTP to gRPC status code mapping").</summary>
internal static class TransportStatus
{
    public static Status Of(HttpResponseMessage response)
    {
        StatusCode code = response.StatusCode switch
        {
            HttpStatusCode.BadRequest => StatusCode.Internal,
            HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
            HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
            HttpStatusCode.NotFound => StatusCode.Unimplemented,
            HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout =>
                StatusCode.Unavailable,
            _ => StatusCode.Unknown,
        };
        return new(code, $"the server answered HTTP {(int)response.StatusCode} {response.Content.Headers.ContentType} without a gRPC status");
    }

    public static Status Of(Exception error)
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpProtocolException reset)
            {
                return new(OfHttp2(reset.ErrorCode), reset.Message);
            }
        }

        return new(StatusCode.Unavailable, error.Message);
    }

    // RFC 9113, 7.
    private static StatusCode OfHttp2(long errorCode) => errorCode switch
    {
        7 => StatusCode.Unavailable, // REFUSED_STREAM
        8 => StatusCode.Cancelled, // CANCEL
        0xB => StatusCode.ResourceExhausted, // ENHANCE_YOUR_CALM
        0xC => StatusCode.PermissionDenied, // INADEQUATE_SECURITY
        _ => StatusCode.Internal,
    };
}
