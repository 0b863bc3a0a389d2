namespace SdsServer.Testing.Envoy;

/// <summary>A certificate Envoy has in force.</summary>
/// <param name="SerialNumber">Lower-case hexadecimal digits without leading zeros.</param>
/// <param name="Uris">Its URI SANs.</param>
/// <param name="NotAfter">When it expires.</param>
/// <param name="Origin"><c>&lt;inline&gt;</c> for one that came over SDS, else its file.</param>
public sealed record EnvoyCertificate(string SerialNumber, IReadOnlyList<string> Uris, DateTimeOffset NotAfter, string Origin);
