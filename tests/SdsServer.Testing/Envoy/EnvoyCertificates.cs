using System.Collections.Immutable;
using System.Text.Json;

namespace SdsServer.Testing.Envoy;

/// <summary>The answer of <c>/certs</c>.</summary>
/// <param name="Trusted">Roots in force. Before 1.40 Envoy lists only the first of a bundle.</param>
/// <param name="Leaves">Own leaves in force, without their intermediates.</param>
public sealed record EnvoyCertificates(ImmutableArray<EnvoyCertificate> Trusted, ImmutableArray<EnvoyCertificate> Leaves)
{
    internal static EnvoyCertificates Parse(JsonElement answer)
    {
        JsonElement[] contexts = [.. answer.GetProperty("certificates").EnumerateArray()];
        return new EnvoyCertificates(All(contexts, "ca_cert"), All(contexts, "cert_chain"));
    }

    private static ImmutableArray<EnvoyCertificate> All(JsonElement[] contexts, string kind) =>
    [
        .. contexts
            .SelectMany(context => context.TryGetProperty(kind, out JsonElement list) ? list.EnumerateArray().ToArray() : [])
            .Select(certificate => new EnvoyCertificate(
                certificate.GetProperty("serial_number").GetString()!.TrimStart('0').ToLowerInvariant(),
                Uris(certificate),
                certificate.GetProperty("expiration_time").GetDateTimeOffset(),
                certificate.TryGetProperty("path", out JsonElement path) ? path.GetString()! : "")),
    ];

    private static ImmutableArray<string> Uris(JsonElement certificate) =>
        certificate.TryGetProperty("subject_alt_names", out JsonElement names)
            ? [.. names.EnumerateArray().Where(name => name.TryGetProperty("uri", out _)).Select(name => name.GetProperty("uri").GetString()!)]
            : [];
}
