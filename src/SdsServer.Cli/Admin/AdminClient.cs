using System.Runtime.CompilerServices;
using Google.Protobuf;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Admin;

/// <summary>Calls of the admin API of one server.</summary>
internal sealed class AdminClient : IDisposable
{
    private const int LargestPage = 1000;

    private readonly GrpcChannel _channel;
    private readonly string? _trustDomain;
    private readonly TimeSpan _timeout;
    private readonly CancellationToken _cancellation;
    private string? _parent;

    /// <exception cref="CliException">The address is none, or a file for TLS cannot be used.</exception>
    public AdminClient(string address, TlsFiles tls, string? trustDomain, TimeSpan timeout, CancellationToken cancellation)
    {
        try
        {
            bool isTls = address.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
            _channel = GrpcChannel.ForAddress(
                address, new GrpcChannelOptions { ConnectTimeout = timeout, MaxReceiveMessageSize = 64 * 1024 * 1024, Tls = isTls ? tls.Read() : null });
        }
        catch (ArgumentException)
        {
            throw CliException.Usage($"'{address}' is no server address", "use unix:///path/to/admin.sock, http://host:port or https://host:port");
        }

        (Address, _trustDomain, _timeout, _cancellation) = (address, trustDomain, timeout, cancellation);
    }

    public string Address { get; }

    /// <summary>The trust domain's resource name, <c>trustDomains/example.org</c>.</summary>
    /// <exception cref="CliException">There are several and none was chosen.</exception>
    public async Task<string> ParentAsync()
    {
        if (_trustDomain is not null)
        {
            return ResourceName.TrustDomain(_trustDomain);
        }

        if (_parent is null)
        {
            ListTrustDomainsResponse all = await ListAsync(AdminMethods.ListTrustDomains, new());
            _parent = all.TrustDomains.Count switch
            {
                1 => all.TrustDomains[0].Name,
                0 => throw new CliException(ExitCodes.NotFound, "the server has no trust domain", "set SdsServer:TrustDomain in its configuration"),
                _ => throw CliException.Usage(
                    "the server has several trust domains", $"choose with --trust-domain: {string.Join(", ", all.TrustDomains.Select(t => ResourceName.Id(t.Name)))}"),
            };
        }

        return _parent;
    }

    public async Task<TrustDomain> TrustDomainAsync() =>
        await CallAsync(AdminMethods.GetTrustDomain, new GetTrustDomainRequest { Name = await ParentAsync() });

    public Task<TResponse> CallAsync<TRequest, TResponse>(GrpcMethod<TRequest, TResponse> method, TRequest request)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        _channel.UnaryAsync(method, request, new CallOptions(Timeout: _timeout, CancellationToken: _cancellation));

    /// <summary>Pages joined to one response: all of them, or the first <paramref name="limit"/> items and the token that leads on.</summary>
    public async Task<TResponse> ListAsync<TRequest, TResponse>(PagedMethod<TRequest, TResponse> method, TRequest request, int limit = 0)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        TResponse all = new();
        string next = "";
        do
        {
            method.ClearNextPageToken(all);
            method.SetPage(request, limit == 0 ? LargestPage : Math.Min(LargestPage, limit - method.Count(all)), next);
            TResponse page = await CallAsync(method.Method, request);
            next = method.NextPageToken(page);
            all.MergeFrom(page);
        }
        while (next.Length > 0 && (limit == 0 || method.Count(all) < limit));
        return all;
    }

    /// <summary>The responses of a watch until the server ends it. A break throws; the caller decides whether to open it again.</summary>
    public async IAsyncEnumerable<TResponse> WatchAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, [EnumeratorCancellation] CancellationToken cancellation = default)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(_cancellation, cancellation);
        await using ClientCall<TRequest, TResponse> call =
            await _channel.ServerStreamingAsync(method, request, new CallOptions(CancellationToken: ended.Token));
        await foreach (TResponse response in call.ReadAllAsync(ended.Token))
        {
            yield return response;
        }
    }

    public void Dispose() => _channel.Dispose();
}
