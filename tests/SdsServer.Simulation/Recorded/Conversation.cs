using SdsServer.Testing;

namespace SdsServer.Simulation.Recorded;

/// <summary>
/// What one real Envoy said on all its streams: first requests; then, answer by answer, to a good secret (v1), a bad one (v2: a leaf with
/// the key of another, a bundle of garbage), and a good one again (v3).
/// </summary>
/// <param name="Name">Release and transport, such as <c>1.40.0/sotw</c>.</param>
/// <param name="IsDelta">The dialect.</param>
/// <param name="Streams">The requests of each stream, in order.</param>
internal sealed record Conversation(string Name, bool IsDelta, IReadOnlyList<IReadOnlyList<Request>> Streams)
{
    public static string Folder { get; } = Path.GetFullPath(Path.Combine(RepositoryRoot.Path, "..", "shared", "envoy", "recorded"));

    public static IReadOnlyList<Conversation> Load() =>
        [.. Directory.EnumerateFiles(Folder, "log.txt", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(log => Load(Path.GetDirectoryName(log)!))];

    private static Conversation Load(string folder)
    {
        string[] files = [.. Directory.EnumerateFiles(folder, "*.request.pb").Order(StringComparer.Ordinal)];
        bool isDelta = Path.GetFileName(files[0]).StartsWith("Delta", StringComparison.Ordinal);
        return new Conversation(
            Path.GetRelativePath(Folder, folder),
            isDelta,
            [.. files.GroupBy(file => Path.GetFileName(file).Split('.')[0]).Select(stream => stream.Select(file => Request.Read(isDelta, File.ReadAllBytes(file))).ToArray())]);
    }
}
