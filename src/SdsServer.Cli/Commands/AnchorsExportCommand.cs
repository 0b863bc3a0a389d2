using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class AnchorsExportCommand
{
    public static Command Create()
    {
        Option<FileInfo> output = new("--output", "-o", "--out") { HelpName = "FILE", Description = "Where they go, replaced in one step: an Envoy that follows the file never sees half of it. Default: standard output." };
        Option<bool> metadata = new("--metadata") { Description = "Print what the bootstraps that have them say in node.metadata, as YAML, instead of the certificates." };
        return new CliCommand("export", "Writes the roots by which bootstraps should know this server, as PEM: those of the bundle and, as soon as it is known, the next one.") { output, metadata }.With(
            [
                ("sdsctl anchors export -o /etc/envoy/sds-anchors.pem", "for trusted_ca of the cluster that leads to the server"),
                ("sdsctl anchors export --metadata", "for node.metadata of the bootstrap beside it"),
            ],
            "deploy/envoy/sds-over-own-tls.yaml shows where both go. Nothing of it is secret.",
            "A node that states anchors it does not have loses its own link to the server when the certificate moves, and harms nobody else.")
        .Does(session => RunAsync(session, session.Get(output), session.Get(metadata)));
    }

    private static async Task RunAsync(Session session, FileInfo? output, bool metadata)
    {
        GetAnchorsResponse anchors = await session.Admin.CallAsync(AdminMethods.GetAnchors, new GetAnchorsRequest { Name = await session.Admin.ParentAsync() });
        string text = metadata ? Metadata(anchors) : anchors.Pem;
        if (output is not null)
        {
            Write(output.FullName, Encoding.ASCII.GetBytes(text));
            foreach (Anchor anchor in anchors.Anchors)
            {
                session.Terminal.Say($"{anchor.RootId}: {anchor.Subject}, until {TimeText.Both(anchor.NotAfter, session.Now)}");
            }

            session.Terminal.Line($"{output} holds {anchors.Anchors.Count} {(metadata ? "digests" : "roots")}");
        }
        else if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(anchors);
        }
        else
        {
            session.Terminal.Line(text.TrimEnd('\n'));
        }
    }

    private static string Metadata(GetAnchorsResponse anchors) =>
        string.Concat((string[])["node:\n  metadata:\n    sdsserver.anchors:\n", .. anchors.Anchors.Select(anchor => $"    - {anchor.Sha256}    # {anchor.Subject}\n")]);

    private static void Write(string path, byte[] content)
    {
        string made = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
        using (FileStream file = new(made, FileMode.CreateNew, FileAccess.Write))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(made, path, overwrite: true);
    }
}
