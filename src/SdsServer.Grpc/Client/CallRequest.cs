using System.Net;
using System.Net.Http.Headers;
using SdsServer.Grpc.Wire;

namespace SdsServer.Grpc.Client;

/// <summary>The HTTP/2 request that carries a call.</summary>
internal static class CallRequest
{
    private static readonly string s_userAgent = $"grpc-dotnet-sdsserver/{typeof(CallRequest).Assembly.GetName().Version?.ToString(3)}";

    public static HttpRequestMessage Create(Uri uri, string? authority, CallOptions options, HttpContent content)
    {
        HttpRequestMessage request = new(HttpMethod.Post, uri)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        content.Headers.ContentType = new MediaTypeHeaderValue(Headers.ContentType);
        request.Headers.Host = authority;
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Headers.TryAddWithoutValidation(Headers.AcceptEncoding, Headers.SupportedEncodings);
        if (options.Timeout is { } timeout)
        {
            request.Headers.TryAddWithoutValidation(Headers.Timeout, GrpcTimeout.Format(timeout));
        }

        if (options.Headers?.GetValue("user-agent") is null)
        {
            request.Headers.TryAddWithoutValidation("user-agent", s_userAgent);
        }

        foreach (MetadataEntry entry in options.Headers ?? [])
        {
            request.Headers.TryAddWithoutValidation(entry.Key, entry.Value);
        }

        return request;
    }
}
