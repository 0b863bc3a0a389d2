using Microsoft.Extensions.Logging;

namespace SdsServer.Grpc.Server;

internal static partial class GrpcLog
{
    [LoggerMessage(1100, LogLevel.Error, "The handler of {Method} failed", EventName = "GrpcHandlerFailed")]
    public static partial void HandlerFailed(ILogger logger, string method, Exception error);

    [LoggerMessage(1101, LogLevel.Debug, "{Method} ended with {Code}: {Detail}", EventName = "GrpcCallFailed")]
    public static partial void CallFailed(ILogger logger, string method, StatusCode code, string detail);
}
