using System.Threading.Channels;
using Google.Protobuf.Reflection;
using SdsServer.Grpc.Health.V1;
using SdsServer.Grpc.Server;
using ServingStatus = SdsServer.Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace SdsServer.Grpc.Health;

/// <summary>
/// The statuses behind grpc.health.v1.Health. The empty name is the whole server; it serves from the start. Safe to use from any thread.
/// </summary>
public sealed class HealthService
{
    private readonly Lock _changing = new();
    private readonly Dictionary<string, ServingStatus> _statuses = new(StringComparer.Ordinal) { [""] = ServingStatus.Serving };
    private readonly HashSet<(string Service, ChannelWriter<ServingStatus> Changes)> _watchers = [];

    internal static ServiceDescriptor Descriptor { get; } = HealthReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Health");

    /// <summary>Sets the status of a service and tells everyone who watches it.</summary>
    public void Set(string service, ServingStatus status)
    {
        lock (_changing)
        {
            _statuses[service] = status;
            foreach ((string watched, ChannelWriter<ServingStatus> changes) in _watchers)
            {
                if (watched == service)
                {
                    changes.TryWrite(status);
                }
            }
        }
    }

    internal void Bind(GrpcServiceBuilder service) => service
        .LimitRequests(4 * 1024)
        .Unary<HealthCheckRequest, HealthCheckResponse>("Check", Check)
        .Unary<HealthListRequest, HealthListResponse>("List", List)
        .ServerStreaming<HealthCheckRequest, HealthCheckResponse>("Watch", WatchAsync);

    private Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        lock (_changing)
        {
            return _statuses.TryGetValue(request.Service, out ServingStatus status)
                ? Task.FromResult(new HealthCheckResponse { Status = status })
                : throw new RpcException(StatusCode.NotFound, "unknown service");
        }
    }

    private Task<HealthListResponse> List(HealthListRequest request, ServerCallContext context)
    {
        HealthListResponse response = new();
        lock (_changing)
        {
            foreach ((string service, ServingStatus status) in _statuses)
            {
                response.Statuses.Add(service, new HealthCheckResponse { Status = status });
            }
        }

        return Task.FromResult(response);
    }

    private async Task WatchAsync(HealthCheckRequest request, ServerStreamWriter<HealthCheckResponse> responses, ServerCallContext context)
    {
        // A slow watcher sees the newest status, not each one.
        Channel<ServingStatus> changes = Channel.CreateBounded<ServingStatus>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, context.Stopping);
        (string, ChannelWriter<ServingStatus>) watcher = (request.Service, changes.Writer);
        lock (_changing)
        {
            changes.Writer.TryWrite(_statuses.GetValueOrDefault(request.Service, ServingStatus.ServiceUnknown));
            _watchers.Add(watcher);
        }

        try
        {
            ServingStatus? last = null;
            await foreach (ServingStatus status in changes.Reader.ReadAllAsync(ended.Token))
            {
                if (status != last)
                {
                    await responses.WriteAsync(new HealthCheckResponse { Status = status });
                    last = status;
                }
            }
        }
        finally
        {
            lock (_changing)
            {
                _watchers.Remove(watcher);
            }
        }
    }
}
