using Google.Protobuf.Reflection;
using SdsServer.Grpc.Client;
using SdsServer.Grpc.Health.V1;
using SdsServer.Grpc.Tests.Interop;
using ServingStatus = SdsServer.Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace SdsServer.Grpc.Tests.Health;

public sealed class HealthServiceTests : IAsyncLifetime
{
    private static readonly ServiceDescriptor s_health = HealthReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Health");
    private static readonly GrpcMethod<HealthCheckRequest, HealthCheckResponse> s_check = new(s_health, "Check");
    private static readonly GrpcMethod<HealthCheckRequest, HealthCheckResponse> s_watch = new(s_health, "Watch");
    private static readonly GrpcMethod<HealthListRequest, HealthListResponse> s_list = new(s_health, "List");

    private TestServer _server = null!;
    private GrpcChannel _channel = null!;

    public async Task InitializeAsync()
    {
        _server = await TestServer.StartAsync();
        _channel = _server.Channel();
    }

    public async Task DisposeAsync()
    {
        _channel.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task The_server_serves_from_the_start() => Assert.Equal(ServingStatus.Serving, await CheckAsync(""));

    [Fact]
    public async Task Check_of_an_unknown_service_is_NOT_FOUND() => await InteropClient.FailsAsync(StatusCode.NotFound, () => CheckAsync("nope"));

    [Fact]
    public async Task Check_tells_what_was_set()
    {
        _server.Health.Set("sds", ServingStatus.NotServing);
        Assert.Equal(ServingStatus.NotServing, await CheckAsync("sds"));
    }

    [Fact]
    public async Task List_tells_all()
    {
        _server.Health.Set("sds", ServingStatus.NotServing);
        HealthListResponse all = await _channel.UnaryAsync(s_list, new HealthListRequest());
        Assert.Equal(["", "sds"], all.Statuses.Keys.Order());
    }

    [Fact]
    public async Task Watch_of_an_unknown_service_stays_open_and_tells_each_change_once()
    {
        await using var call = await _channel.ServerStreamingAsync(s_watch, new HealthCheckRequest { Service = "sds" });
        Assert.Equal(ServingStatus.ServiceUnknown, (await call.ReadAsync())?.Status);
        _server.Health.Set("other", ServingStatus.NotServing);
        _server.Health.Set("sds", ServingStatus.Serving);
        Assert.Equal(ServingStatus.Serving, (await call.ReadAsync())?.Status);
        _server.Health.Set("sds", ServingStatus.Serving);
        _server.Health.Set("sds", ServingStatus.NotServing);
        Assert.Equal(ServingStatus.NotServing, (await call.ReadAsync())?.Status);
    }

    private async Task<ServingStatus> CheckAsync(string service) =>
        (await _channel.UnaryAsync(s_check, new HealthCheckRequest { Service = service })).Status;
}
