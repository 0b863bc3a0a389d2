using SdsServer.Admin.Mapping;
using SdsServer.Admin.Requests;
using SdsServer.Grpc.Server;
using SdsServer.Protos.Admin.V1;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Admin;

/// <summary>sdsserver.admin.v1.TrustDomainService: this server's one trust domain.</summary>
internal sealed class TrustDomainService(
    TrustDomainAccess access, SharedReading<DomainReading> watched, Watches watches, AdminCalls calls, TrustDomainMapper mapper, ResourceNames names)
{
    public static ServiceDescriptor Descriptor { get; } =
        TrustDomainServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>(nameof(TrustDomainService));

    public void Bind(GrpcServiceBuilder service) => service
        .Unary<ListTrustDomainsRequest, ListTrustDomainsResponse>("ListTrustDomains", (request, context) => calls.ReadAsync(context, () => ListAsync(request, context)))
        .Unary<GetTrustDomainRequest, TrustDomain>("GetTrustDomain", (request, context) => calls.ReadAsync(context, () => GetAsync(request, context)))
        .Unary<GetAnchorsRequest, GetAnchorsResponse>("GetAnchors", (request, context) => calls.ReadAsync(context, () => AnchorsAsync(request, context)))
        .ServerStreaming<WatchTrustDomainRequest, WatchTrustDomainResponse>("WatchTrustDomain", WatchAsync);

    private async Task<ListTrustDomainsResponse> ListAsync(ListTrustDomainsRequest request, ServerCallContext context)
    {
        RequestCheck check = new(names);
        int size = Pages.Size(check, request.PageSize);
        ListTrustDomainsRequest scope = new();
        string? after = Pages.After(check, scope, request.PageToken);
        check.Done();
        TrustDomain domain = mapper.Map(await access.ReadAsync(DomainReading.Of, context.CancellationToken));
        (IReadOnlyList<TrustDomain> page, string next) = Pages.Cut([domain], found => found.Name, after, size, scope);
        return new ListTrustDomainsResponse { TrustDomains = { page }, NextPageToken = next };
    }

    private async Task<TrustDomain> GetAsync(GetTrustDomainRequest request, ServerCallContext context)
    {
        Check(request.Name);
        return mapper.Map(await access.ReadAsync(DomainReading.Of, context.CancellationToken));
    }

    private async Task<GetAnchorsResponse> AnchorsAsync(GetAnchorsRequest request, ServerCallContext context)
    {
        Check(request.Name);
        return TrustDomainMapper.MapAnchors(await access.ReadAsync(engine => engine.State, context.CancellationToken));
    }

    private async Task WatchAsync(WatchTrustDomainRequest request, ServerStreamWriter<WatchTrustDomainResponse> responses, ServerCallContext context)
    {
        calls.Enter(context);
        Check(request.Name);
        TrustDomain? sent = null;
        await watches.RunAsync(context, async ended =>
        {
            TrustDomain now = mapper.Map(await watched.ReadAsync(ended));
            if (!now.Equals(sent))
            {
                await responses.WriteAsync(new WatchTrustDomainResponse { TrustDomain = now }, context.CancellationToken);
                sent = now;
            }

            return true;
        });
    }

    private void Check(string name)
    {
        RequestCheck check = new(names);
        check.TrustDomain("name", name);
        check.Done();
    }
}
