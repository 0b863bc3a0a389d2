using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using SdsServer.Grpc.Tests.Protos;
using SdsServer.Grpc.Tests.Wire;

namespace SdsServer.Grpc.Tests.Malformed;

/// <summary>Requests no gRPC client sends: each gets its status, and the connection goes on.</summary>
public sealed class MalformedRequestTests : IAsyncLifetime, IDisposable
{
    private const string Unary = "/grpc.testing.TestService/UnaryCall";
    private const string Duplex = "/grpc.testing.TestService/FullDuplexCall";

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler());
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _http.Dispose();

    [Theory]
    [InlineData(Unary, "", 13)] // no message
    [InlineData(Unary, "00", 13)]
    [InlineData(Unary, "0000000005AA", 13)]
    [InlineData(Unary, "0300000000", 13)]
    [InlineData(Unary, "0100000001AA", 13)] // compressed without an encoding
    [InlineData(Unary, "00FFFFFFFF", 8)]
    [InlineData(Unary, "0000100001", 8)] // 1 MiB + 1
    [InlineData(Unary, "00000000000000000000", 13)] // two messages
    [InlineData(Unary, "0000000001FF", 13)] // no protobuf
    [InlineData(Duplex, "0000000002", 13)]
    [InlineData(Duplex, "00000000010A", 13)]
    [InlineData(Duplex, "", 0)]
    public async Task Bad_frames_get_a_status(string path, string hex, int status) =>
        Assert.Equal(status, await StatusAsync(Request(path, Convert.FromHexString(hex))));

    [Fact]
    public async Task A_message_nested_too_deep_is_refused()
    {
        // Groups of unknown fields, one in the other: a parser without a limit overflows its stack.
        byte[] groups = [.. Enumerable.Repeat((byte)0x7B, 100_000), .. Enumerable.Repeat((byte)0x7C, 100_000)];
        Assert.Equal(13, await StatusAsync(Request(Unary, MessageReaderTests.Frame(0, groups))));
    }

    [Fact]
    public async Task A_compressed_request_is_served()
    {
        byte[] message = new SimpleRequest { ResponseSize = 10, Payload = new Payload { Body = ByteString.CopyFrom(new byte[5000]) } }.ToByteArray();
        HttpRequestMessage request = Request(Unary, MessageReaderTests.Frame(1, MessageReaderTests.Gzipped(message)));
        request.Headers.Add("grpc-encoding", "gzip");
        Assert.Equal(0, await StatusAsync(request));
    }

    [Fact]
    public async Task A_compressed_bomb_is_refused()
    {
        HttpRequestMessage request = Request(Unary, MessageReaderTests.Frame(1, MessageReaderTests.Gzipped(new byte[100 * 1024 * 1024])));
        request.Headers.Add("grpc-encoding", "gzip");
        Assert.Equal(8, await StatusAsync(request));
    }

    [Fact]
    public async Task An_unknown_encoding_is_unimplemented_and_the_known_ones_are_named()
    {
        HttpRequestMessage request = Request(Unary, MessageReaderTests.Frame(1, [1]));
        request.Headers.Add("grpc-encoding", "snappy");
        using HttpResponseMessage response = await SendAsync(request);
        Assert.Equal("12", response.Headers.GetValues("grpc-status").Single());
        Assert.Equal("identity,gzip", response.Headers.GetValues("grpc-accept-encoding").Single());
    }

    [Theory]
    [InlineData("1x")]
    [InlineData("123456789S")]
    [InlineData("-1S")]
    public async Task A_bad_timeout_is_an_internal_error(string timeout)
    {
        HttpRequestMessage request = Request(Unary, MessageReaderTests.Frame(0, []));
        request.Headers.Add("grpc-timeout", timeout);
        Assert.Equal(13, await StatusAsync(request));
    }

    [Fact]
    public async Task The_longest_timeout_is_none()
    {
        HttpRequestMessage request = Request(Unary, MessageReaderTests.Frame(0, []));
        request.Headers.Add("grpc-timeout", "99999999H");
        Assert.Equal(0, await StatusAsync(request));
    }

    [Fact]
    public async Task A_binary_header_that_is_no_base64_is_an_internal_error()
    {
        HttpRequestMessage request = Request(Unary, MessageReaderTests.Frame(0, []));
        request.Headers.TryAddWithoutValidation("x-bin", "!!!");
        Assert.Equal(13, await StatusAsync(request));
    }

    [Theory]
    [InlineData("/grpc.testing.TestService/Nope", "service grpc.testing.TestService has no method 'Nope' here")]
    [InlineData("/grpc.testing.TestService/unarycall", "service grpc.testing.TestService has no method 'unarycall' here")]
    [InlineData("/nope.Service/Call", "no service 'nope.Service' here")]
    [InlineData("/nope", "no service '' here")]
    [InlineData("/", "no service '' here")]
    [InlineData("/a/b/c", "no service 'a/b' here")]
    public async Task An_unknown_path_is_unimplemented(string path, string message)
    {
        using HttpResponseMessage response = await SendAsync(Request(path, []));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("12", response.Headers.GetValues("grpc-status").Single());
        Assert.Equal(message, response.Headers.GetValues("grpc-message").Single());
    }

    [Theory]
    [InlineData(null, HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/json", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/grpc-web", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/grpc+json", HttpStatusCode.UnsupportedMediaType)]
    public async Task Another_content_type_is_415(string? contentType, HttpStatusCode status)
    {
        HttpRequestMessage request = Request(Unary, MessageReaderTests.Frame(0, []));
        request.Content!.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        using HttpResponseMessage response = await SendAsync(request);
        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task Another_content_type_elsewhere_is_not_ours()
    {
        HttpRequestMessage request = Request("/healthz", []);
        request.Content!.Headers.ContentType = null;
        using HttpResponseMessage response = await SendAsync(request);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("NONSENSE")]
    public async Task Another_method_than_POST_is_405(string method)
    {
        HttpRequestMessage request = Request(Unary, MessageReaderTests.Frame(0, []));
        request.Method = new HttpMethod(method);
        using HttpResponseMessage response = await SendAsync(request);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["POST"], response.Content.Headers.Allow);
    }

    private HttpRequestMessage Request(string path, byte[] body) => new(HttpMethod.Post, new Uri(_server.Address, path))
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
    };

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        using CancellationTokenSource late = new(TimeSpan.FromSeconds(60));
        return await _http.SendAsync(request, late.Token);
    }

    private async Task<int> StatusAsync(HttpRequestMessage request)
    {
        using HttpResponseMessage response = await SendAsync(request);
        await response.Content.CopyToAsync(System.IO.Stream.Null);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        HttpResponseHeaders headers = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        Assert.DoesNotContain(_server.Log.Lines, line => line.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
        return int.Parse(headers.GetValues("grpc-status").Single(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
