using System.Collections.Immutable;

namespace SdsServer.Testing.Envoy;

/// <summary>
/// A bootstrap of <c>deploy/envoy</c> with the changes its README names, and no others: values marked <c>CHANGE</c>, the TLS
/// cluster for the one on a Unix socket, the token in a file or none. Immutable.
/// </summary>
public sealed class Bootstrap
{
    private const string CdsFileMark = "cds-file";
    private readonly MarkedYaml _main;
    private readonly MarkedYaml? _clusters;

    private Bootstrap(SidecarRole role, MarkedYaml main, MarkedYaml? clusters)
    {
        Role = role;
        _main = main;
        _clusters = clusters;
    }

    public SidecarRole Role { get; }

    /// <summary>The marks of both files that can still be given a value.</summary>
    public ImmutableSortedSet<string> Marks => _main.Marks.Union(_clusters?.Marks ?? []).Remove(CdsFileMark);

    /// <summary>The shipped file for a role and protocol, unchanged.</summary>
    public static Bootstrap Shipped(SidecarRole role, XdsProtocol protocol)
    {
        string side = role is SidecarRole.Client ? "client" : "server";
        string name = protocol switch
        {
            XdsProtocol.Sotw => "sotw",
            XdsProtocol.Delta => "delta",
            XdsProtocol.Ads => "ads",
            _ => "ads-delta",
        };
        bool split = role is SidecarRole.Client && protocol is (XdsProtocol.Ads or XdsProtocol.AdsDelta);
        return new Bootstrap(role, Read($"{side}-{name}.yaml"), split ? Read("client-ads.cds.yaml") : null);
    }

    /// <summary>Another file with marks, such as a test's own.</summary>
    public static Bootstrap FromFile(SidecarRole role, string path) => new(role, new MarkedYaml(File.ReadAllText(path)), null);

    /// <summary>Puts in a marked value.</summary>
    /// <exception cref="ArgumentException">Nothing carries that mark.</exception>
    public Bootstrap With(string mark, string value) => _clusters is { } clusters && clusters.Marks.Contains(mark)
        ? new Bootstrap(Role, _main, clusters.With(mark, value))
        : new Bootstrap(Role, _main.With(mark, value), _clusters);

    /// <summary>The server over TCP and TLS, as <c>sds-over-tls.yaml</c> has it.</summary>
    public Bootstrap OverTls() => new(Role, _main.WithPart("sds cluster", Read("sds-over-tls.yaml").Text), _clusters);

    /// <summary>The same with a client certificate, as <c>sds-over-mtls.yaml</c> has it.</summary>
    public Bootstrap OverMtls() => new(Role, _main.WithPart("sds cluster", Read("sds-over-mtls.yaml").Text), _clusters);

    /// <summary>The same by a certificate that the server issues itself, as <c>sds-over-own-tls.yaml</c> has it.</summary>
    public Bootstrap OverOwnTls() => new(Role, _main.WithPart("sds cluster", Read("sds-over-own-tls.yaml").Text), _clusters);

    /// <summary>What the node says of its anchors, as <c>sdsctl anchors export --metadata</c> prints it.</summary>
    /// <param name="digests">Hex SHA-256 of each root.</param>
    public Bootstrap WithAnchors(IEnumerable<string> digests) =>
        Below("node:\n", $"  metadata:\n    sdsserver.anchors: [{string.Join(", ", digests.Select(digest => $"\"{digest}\""))}]\n");

    /// <summary>The node states where its admin is to be asked, and the admin writes to the log of the process whom it answered what.</summary>
    public Bootstrap WithAdminPort(int stated) => Below("node:\n", $"  metadata:\n    sdsserver.envoy.admin_port: {stated}\n").Below(
        "admin:\n",
        """
          access_log:
          - name: envoy.access_loggers.stdout
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
              log_format: {text_format_source: {inline_string: "admin: [%REQ(USER-AGENT)%] %REQ(:PATH)% %RESPONSE_CODE%\n"}}

        """);

    /// <summary>The file that says where the anchors lie, <c>sds-anchors.yaml</c>.</summary>
    /// <param name="directory">The directory to watch.</param>
    /// <param name="file">Holds the anchors.</param>
    public static string Anchors(string directory, string file) =>
        Read("sds-anchors.yaml").With("sds-anchors-directory", directory).With("sds-anchors-file", file).Text;

    /// <summary>No token: the server knows the process by its Unix uid.</summary>
    public Bootstrap WithoutToken() => new(Role, _main.WithPart("token", ""), _clusters);

    /// <summary>The token from a file, as <c>token-from-file.yaml</c> has it.</summary>
    public Bootstrap WithTokenFromFile()
    {
        const string Below = "        explicit_http_config:\n";
        string text = _main.WithPart("token", "").Text;
        int at = text.IndexOf(Below, StringComparison.Ordinal);
        return new Bootstrap(Role, new MarkedYaml(text.Insert(at, Read("token-from-file.yaml").Text)), _clusters);
    }

    /// <summary>The file that says where the client certificate lies, <c>sds-client-certificate.yaml</c>.</summary>
    /// <param name="directory">The directory to watch.</param>
    /// <param name="file">Holds the certificate and its key.</param>
    public static string ClientCertificate(string directory, string file) => Read("sds-client-certificate.yaml")
        .With("client-certificate-directory", directory).With("client-certificate", file).With("client-key", file).Text;

    /// <summary>The file with a bearer token in it, <c>sds-token.yaml</c>.</summary>
    public static string Token(string token) => Read("sds-token.yaml").With("token", $"Bearer {token}").Text;

    /// <summary>Writes the file, or both, into a folder.</summary>
    /// <returns>The path of the one Envoy is started with.</returns>
    public string WriteTo(string folder)
    {
        string path = Path.Combine(folder, "bootstrap.yaml");
        if (_clusters is null)
        {
            File.WriteAllText(path, _main.Text);
            return path;
        }

        string clusters = Path.Combine(folder, "clusters.yaml");
        File.WriteAllText(clusters, _clusters.Text);
        File.WriteAllText(path, _main.With(CdsFileMark, clusters).Text);
        return path;
    }

    private Bootstrap Below(string line, string more) =>
        new(Role, new MarkedYaml(_main.Text.Insert(_main.Text.IndexOf(line, StringComparison.Ordinal) + line.Length, more)), _clusters);

    private static MarkedYaml Read(string name) => new(File.ReadAllText(Path.Combine(RepositoryRoot.Path, "deploy", "envoy", name)));
}
