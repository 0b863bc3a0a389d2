using System.Globalization;
using System.Text;
using SdsServer.EndToEnd.Scenarios;
using SdsServer.Testing;
using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd.Report;

/// <summary>The table of this run in <c>.artifacts/reports/envoy.md</c>; written anew with each row, so that a run that dies leaves what it had.</summary>
internal static class ReportTable
{
    private static readonly SortedDictionary<int, string> s_lines = [];
    private static readonly Lock s_writing = new();

    /// <summary>Adds a row.</summary>
    /// <param name="row">Which.</param>
    /// <param name="journal">What was seen.</param>
    /// <param name="failure">Why it failed; null when it passed.</param>
    /// <returns>Its line in the table.</returns>
    public static string Add(MeshRow row, Journal journal, Exception? failure)
    {
        TrafficCount traffic = journal.Traffic;
        string phases = string.Join("; ", journal.Phases.Select(phase => $"{phase.Phase}: {string.Join('/', phase.FullHandshakes)}"));
        string result = failure is null ? "passed" : $"FAILED: {FirstLine(failure)}";
        string line = string.Create(
            CultureInfo.InvariantCulture,
            $"| {row.Scenario.Name} | {row.Envoy.Version} | {row.Protocol} | {row.Transport} | {traffic.Sent} | {traffic.Failed} | {phases} | {journal.IssuerBefore} | {journal.IssuerAfter} | {journal.Elapsed.TotalSeconds:0} s | {result} |");
        lock (s_writing)
        {
            s_lines[MeshPlan.Rows.IndexOf(row)] = line;
            Write();
        }

        return line;
    }

    private static void Write()
    {
        StringBuilder text = new();
        text.AppendLine("# Rotations on real Envoys").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"{s_lines.Count} of {MeshPlan.Rows.Length} planned rows have run. Full handshakes per phase: svc-a to svc-b/svc-b to svc-a, by the sidecar that saw fewer.").AppendLine();
        text.AppendLine("| scenario | Envoy | protocol | transport | requests | failed | full handshakes per phase | issuer before | issuer after | time | result |");
        text.AppendLine("|---|---|---|---|---:|---:|---|---|---|---:|---|");
        foreach (string line in s_lines.Values)
        {
            text.AppendLine(line);
        }

        string folder = Directory.CreateDirectory(Path.Combine(RepositoryRoot.Path, ".artifacts", "reports")).FullName;
        File.WriteAllText(Path.Combine(folder, "envoy.md"), text.ToString());
    }

    private static string FirstLine(Exception failure) => failure.Message.Split('\n')[0].Trim().Replace('|', '/');
}
