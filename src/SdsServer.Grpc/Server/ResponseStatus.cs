using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using SdsServer.Grpc.Wire;

namespace SdsServer.Grpc.Server;

/// <summary>Writes the end of a call: as trailers, or, when nothing was sent and nothing went well, in the one header block ("trailers-only").</summary>
internal static class ResponseStatus
{
    public static void Write(HttpResponse response, Status status, params ReadOnlySpan<Metadata?> trailers)
    {
        bool trailersOnly = !response.HasStarted && status.Code != StatusCode.OK;
        IHeaderDictionary target = trailersOnly
            ? response.Headers
            : response.HttpContext.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers;
        target[Headers.Status] = ((int)status.Code).ToString(CultureInfo.InvariantCulture);
        if (status.Detail.Length > 0)
        {
            target[Headers.Message] = PercentCoding.Encode(status.Detail);
        }

        foreach (Metadata? metadata in trailers)
        {
            Append(target, metadata);
        }
    }

    public static void Append(IHeaderDictionary target, Metadata? metadata)
    {
        foreach (MetadataEntry entry in metadata ?? [])
        {
            target.Append(entry.Key, entry.Value);
        }
    }
}
