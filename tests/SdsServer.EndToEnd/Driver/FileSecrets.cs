using SdsServer.Testing.Processes;

namespace SdsServer.EndToEnd.Driver;

/// <summary>The two secrets of one sidecar in files that Envoy watches.</summary>
internal sealed class FileSecrets : IDisposable
{
    private readonly TemporaryDirectory _folder = new("secrets");

    public string LeafFile => _folder.PathOf("default.yaml");

    public string BundleFile => _folder.PathOf("ROOTCA.yaml");

    public FileSecrets() => _folder.OpenToOthers();

    public void WriteLeaf((string ChainPem, string KeyPem) leaf) => Replace(LeafFile, $"""
        name: default
          tls_certificate:
            certificate_chain: {Inline(leaf.ChainPem)}
            private_key: {Inline(leaf.KeyPem)}
        """);

    public void WriteBundle(params string[] rootPems) => Replace(BundleFile, $"""
        name: ROOTCA
          validation_context:
            trusted_ca: {Inline(string.Join('\n', rootPems))}
        """);

    public void Dispose() => _folder.Dispose();

    private static string Inline(string pem) => $"{{inline_string: \"{pem.ReplaceLineEndings("\\n")}\"}}";

    // Envoy notices a file that is moved over, not one that is written to.
    private static void Replace(string path, string secret)
    {
        File.WriteAllText($"{path}.new", $"""
            resources:
            - "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
              {secret}
            """);
        File.Move($"{path}.new", path, overwrite: true);
    }
}
