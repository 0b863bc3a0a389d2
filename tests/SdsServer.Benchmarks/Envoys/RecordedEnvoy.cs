using System.Text;
using SdsServer.Testing;

namespace SdsServer.Benchmarks.Envoys;

/// <summary>First requests as a real Envoy sent them, one for each secret; or short ones made here, where no recording lies beside the repository.</summary>
internal sealed class RecordedEnvoy
{
    private readonly Dictionary<string, byte[]> _requests;

    private RecordedEnvoy(XdsDialect dialect, string source, Dictionary<string, byte[]> requests) => (Dialect, Source, _requests) = (dialect, source, requests);

    public XdsDialect Dialect { get; }

    /// <summary>Where the bytes are from, in words.</summary>
    public string Source { get; }

    /// <param name="dialect">Which protocol.</param>
    /// <param name="version">An Envoy version; null for the newest recording there is.</param>
    public static RecordedEnvoy Load(XdsDialect dialect, string? version = null)
    {
        string recordings = Path.Combine(RepositoryRoot.Path, "..", "shared", "envoy", "recorded");
        string? folder = !Directory.Exists(recordings) ? null
            : Directory.GetDirectories(recordings)
                .Where(path => version is null || Path.GetFileName(path) == version)
                .OrderByDescending(path => Version.Parse(Path.GetFileName(path)))
                .Select(path => Path.Combine(path, dialect.Name))
                .FirstOrDefault(Directory.Exists);
        if (folder is null)
        {
            return new RecordedEnvoy(
                dialect,
                $"synthetic requests, since {Path.Combine("..", "shared", "envoy", "recorded", version ?? "VERSION", dialect.Name)} is not there",
                new() { ["default"] = dialect.Synthetic("default"), ["ROOTCA"] = dialect.Synthetic("ROOTCA") });
        }

        Dictionary<string, byte[]> requests = [];
        foreach (string file in Directory.GetFiles(folder, "*.01.request.pb"))
        {
            byte[] request = File.ReadAllBytes(file);
            requests.Add(Encoding.UTF8.GetString(ProtobufField.Find(request, dialect.NamesField)), request);
        }

        return new RecordedEnvoy(
            dialect, $"Envoy {Path.GetFileName(Path.GetDirectoryName(folder))}, {dialect.Name}, first request {requests["ROOTCA"].Length} bytes", requests);
    }

    public byte[] FirstRequest(string secretName, string nodeId) => Dialect.WithNodeId(_requests[secretName], nodeId);
}
