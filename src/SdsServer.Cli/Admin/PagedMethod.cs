using Google.Protobuf;
using SdsServer.Grpc;

namespace SdsServer.Cli.Admin;

/// <summary>A list method, and how to turn its pages.</summary>
internal sealed record PagedMethod<TRequest, TResponse>(
    GrpcMethod<TRequest, TResponse> Method,
    Action<TRequest, int, string> SetPage,
    Func<TResponse, string> NextPageToken,
    Action<TResponse> ClearNextPageToken,
    Func<TResponse, int> Count)
    where TRequest : class, IMessage<TRequest>, new()
    where TResponse : class, IMessage<TResponse>, new();
