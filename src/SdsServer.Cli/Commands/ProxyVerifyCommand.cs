using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SdsServer.Cli.Bootstraps;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;

namespace SdsServer.Cli.Commands;

internal static class ProxyVerifyCommand
{
    public static Command Create()
    {
        Argument<FileInfo[]> files = new("FILE") { Description = "Envoy bootstraps, or files of listeners and clusters; YAML or JSON.", Arity = ArgumentArity.OneOrMore };
        return new CliCommand("verify", "Looks through Envoy's configuration for TLS contexts that let strangers in. Asks no server.") { files }.With(
            [("sdsctl proxy verify /etc/envoy/envoy.yaml", "before it is rolled out"), ("sdsctl proxy verify *.yaml --json", "in a pipeline; the exit code is 1 when something was found")],
            "A listener or cluster whose bundle comes from a secret server needs SAN matchers or a CA of its own: without, Envoy takes an answer without a CA as \"verify nothing\". "
            + "Envoy joins these matchers with those that a registration's peers bring: whoever either lets in is in.")
        .Does(session => RunAsync(session, session.Get(files)!));
    }

    private static async Task<int> RunAsync(Session session, FileInfo[] files)
    {
        int contexts = 0;
        List<BootstrapFinding> findings = [];
        foreach (FileInfo file in files)
        {
            (int found, IReadOnlyList<BootstrapFinding> wrong) = BootstrapCheck.Of(file.ToString(), await File.ReadAllTextAsync(file.FullName, session.Cancellation));
            contexts += found;
            findings.AddRange(wrong);
        }

        if (session.Terminal.Format == OutputFormat.Json)
        {
            JsonArray list = [.. findings.Select(finding => (JsonNode)new JsonObject
            {
                ["file"] = finding.File, ["line"] = finding.Line, ["path"] = finding.Path, ["problem"] = finding.Problem, ["advice"] = finding.Advice,
            })];
            session.Host.Out.WriteLine(new JsonObject { ["contexts"] = contexts, ["findings"] = list }.ToJsonString(Terminal.IndentedNode));
            return findings.Count == 0 ? ExitCodes.Ok : ExitCodes.Failure;
        }

        foreach (BootstrapFinding finding in findings)
        {
            session.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{finding.File}:{finding.Line}: {finding.Path}: {finding.Problem}; {finding.Advice}"));
        }

        session.Terminal.Say(string.Create(CultureInfo.InvariantCulture, $"{contexts} TLS contexts, {findings.Count} findings"));
        return findings.Count == 0 ? ExitCodes.Ok : ExitCodes.Failure;
    }
}
