using SdsServer.Testing;
using System.Text.RegularExpressions;

namespace SdsServer.Tests.Protos;

/// <summary>
/// Requests recorded from real Envoys, with the line the recorder wrote about each: <c>VERSION/TRANSPORT/METHOD-STREAM.NN.request.pb</c>.
/// </summary>
internal static partial class RecordedRequests
{
    public static string Folder { get; } = Path.GetFullPath(Path.Combine(RepositoryRoot.Path, "..", "shared", "envoy", "recorded"));

    public static IReadOnlyList<RecordedRequest> Load() =>
        [.. Directory.EnumerateFiles(Folder, "log.txt", SearchOption.AllDirectories).Order(StringComparer.Ordinal).SelectMany(LoadLog)];

    private static IEnumerable<RecordedRequest> LoadLog(string log)
    {
        var transport = Path.GetDirectoryName(log)!;
        var version = Path.GetFileName(Path.GetDirectoryName(transport)!);
        foreach (var line in File.ReadLines(log))
        {
            var match = LogLine().Match(line);
            Assert.True(match.Success, $"{log}: not a line of the recorder: {line}");
            var number = int.Parse(match.Groups["number"].Value);
            var file = Path.Combine(transport, $"{match.Groups["method"]}-{match.Groups["stream"]}.{number:00}.request.pb");
            var length = int.Parse(match.Groups["length"].Value);
            // Go prints one or two spaces between fields, at random.
            var content = match.Groups["content"].Value.Replace("  ", " ", StringComparison.Ordinal);
            yield return new RecordedRequest(file, new Version(version), match.Groups["method"].Value, length, content, File.ReadAllBytes(file));
        }
    }

    [GeneratedRegex("^(?<method>[A-Za-z]+) (?<stream>[0-9]+) (?<number>[0-9]+) (?<length>[0-9]+) (?<content>.*)$")]
    private static partial Regex LogLine();
}
