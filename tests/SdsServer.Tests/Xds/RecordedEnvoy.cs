using SdsServer.Testing;

namespace SdsServer.Tests.Xds;

/// <summary>Requests as real Envoys sent them, in <c>../shared/envoy/recorded</c> beside the repository.</summary>
internal static class RecordedEnvoy
{
    public const string Missing = "the recorded requests of real Envoys are not on this machine (../shared/envoy/recorded beside the repository)";

    public static string Folder { get; } = Path.Combine(RepositoryRoot.Path, "..", "shared", "envoy", "recorded");

    public static bool IsPresent => Directory.Exists(Folder);

    /// <summary>Release, protocol and stream of every recording, such as <c>1.40.0/sotw/StreamSecrets-1</c>.</summary>
    public static IEnumerable<string> Streams(bool delta) => !IsPresent
        ? []
        : Directory.EnumerateFiles(Folder, "*.01.request.pb", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Folder, path)[..^".01.request.pb".Length])
            .Where(stream => Path.GetFileName(stream).StartsWith("Delta", StringComparison.Ordinal) == delta)
            .Order(StringComparer.Ordinal);

    public static byte[][] Requests(string stream) =>
        [.. Directory.GetFiles(Path.Combine(Folder, Path.GetDirectoryName(stream)!), Path.GetFileName(stream) + ".*.request.pb")
            .Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
}
