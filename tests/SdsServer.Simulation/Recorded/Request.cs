using Google.Protobuf;
using SdsServer.Protos.Envoy.Discovery.V3;

namespace SdsServer.Simulation.Recorded;

/// <summary>What a request says, whoever wrote it.</summary>
/// <param name="Type">Its type_url.</param>
/// <param name="Version">SotW: the last accepted version.</param>
/// <param name="Nonce">Of the response that it answers.</param>
/// <param name="Names">Asked for, in order of the alphabet.</param>
/// <param name="Held">Delta: versions it comes with.</param>
/// <param name="Blames">The beginning of the text of a NACK; null in an ACK.</param>
internal sealed record Request(string Type, string Version, string Nonce, string Names, string Held, string? Blames)
{
    private const int TellingPart = 26;
    private static readonly MessageParser<DiscoveryRequest> s_sotw = DiscoveryRequest.Parser.WithDiscardUnknownFields(true);
    private static readonly MessageParser<DeltaDiscoveryRequest> s_delta = DeltaDiscoveryRequest.Parser.WithDiscardUnknownFields(true);

    public static Request Read(bool isDelta, byte[] bytes)
    {
        if (isDelta)
        {
            DeltaDiscoveryRequest delta = s_delta.ParseFrom(bytes);
            string held = string.Join(' ', delta.InitialResourceVersions.Select(version => $"{version.Key}={version.Value}"));
            return new Request(delta.TypeUrl, "", delta.ResponseNonce, Sorted(delta.ResourceNamesSubscribe), held, Telling(delta.ErrorDetail?.Message));
        }

        DiscoveryRequest sotw = s_sotw.ParseFrom(bytes);
        return new Request(sotw.TypeUrl, sotw.VersionInfo, sotw.ResponseNonce, Sorted(sotw.ResourceNames), "", Telling(sotw.ErrorDetail?.Message));
    }

    private static string Sorted(IEnumerable<string> names) => string.Join(' ', names.Order(StringComparer.Ordinal));

    private static string? Telling(string? message) => message is null ? null : message[..Math.Min(message.Length, TellingPart)];
}
