using System.Text;
using SdsServer.Testing;

namespace SdsServer.Cli.Tests.Crashes;

/// <summary>The table of this run in <c>.artifacts/reports/crashes.md</c>; written anew with each story, so that a run that dies leaves what it had.</summary>
internal static class CrashTable
{
    private static readonly List<string> s_lines = [];
    private static readonly Lock s_writing = new();

    public static void Add(CrashReport report)
    {
        lock (s_writing)
        {
            s_lines.Add($"{report}");
            StringBuilder text = new();
            text.AppendLine("# Rotations whose server was killed").AppendLine();
            text.AppendLine("Commits count from the order of the rotation; named are the one asked for and those that were made until the kill took effect. "
                + "By phase: handshakes of the ordered pair that had the fewest.").AppendLine();
            text.AppendLine("| story | killed at | handshakes | of them without a server | by phase | failed | result |");
            text.AppendLine("|---|---|---:|---:|---|---:|---|");
            s_lines.ForEach(line => text.AppendLine(line));
            string folder = Directory.CreateDirectory(Path.Combine(RepositoryRoot.Path, ".artifacts", "reports")).FullName;
            File.WriteAllText(Path.Combine(folder, "crashes.md"), text.ToString());
        }
    }
}
