using System.Collections.Frozen;
using System.Globalization;

namespace SdsServer.Testing.Envoy;

/// <summary>Envoy's counters and gauges at one moment, with the ones that decide about secrets by name.</summary>
public sealed class EnvoyStats
{
    private readonly FrozenDictionary<string, long> _values;

    private EnvoyStats(FrozenDictionary<string, long> values) => _values = values;

    /// <summary>Times a new leaf or bundle was put to use, over all TLS contexts. An ACK without it changed nothing.</summary>
    public long ContextUpdates => Mesh("ssl_context_update_by_sds");

    /// <summary>Handshakes, resumed ones included. A TLS 1.3 client counts those the server then refused.</summary>
    public long Handshakes => Mesh("ssl.handshake");

    public long SessionsReused => Mesh("ssl.session_reused");

    /// <summary>Handshakes in which the certificates of now were checked.</summary>
    public long FullHandshakes => Handshakes - SessionsReused;

    public long ConnectionErrors => Mesh("ssl.connection_error");

    /// <summary>The peer's chain was refused: unknown root, dates, CRL.</summary>
    public long RefusedChains => Mesh("ssl.fail_verify_error");

    public long RefusedNames => Mesh("ssl.fail_verify_san");

    public long MissingClientCertificates => Mesh("ssl.fail_verify_no_cert");

    /// <summary>Connections closed because the secrets were not there.</summary>
    public long SecretsNotReady => Mesh("context_secrets_not_ready");

    /// <summary>Connections to a peer, or to the application, that were given up before they, and their TLS handshake, were done.</summary>
    public long ConnectTimeouts => _values
        .Where(value => value.Key is "cluster.peer.upstream_cx_connect_timeout" or "cluster.app.upstream_cx_connect_timeout")
        .Sum(value => value.Value);

    /// <param name="text">The plain answer of <c>/stats</c>: a line <c>name: value</c> for each.</param>
    public static EnvoyStats Parse(string text)
    {
        Dictionary<string, long> values = [];
        foreach (string line in text.Split('\n'))
        {
            int colon = line.LastIndexOf(": ", StringComparison.Ordinal);
            if (colon > 0 && long.TryParse(line.AsSpan(colon + 2), NumberStyles.Integer, CultureInfo.InvariantCulture, out long value))
            {
                values[line[..colon]] = value;
            }
        }

        return new EnvoyStats(values.ToFrozenDictionary());
    }

    /// <summary>Accepted answers for a secret name, those that changed nothing included.</summary>
    public long UpdateSuccess(string secret) => Value($"sds.{secret}.update_success");

    /// <summary>NACKs for a secret name. Over ADS one NACK counts on every name.</summary>
    public long UpdateRejected(string secret) => Value($"sds.{secret}.update_rejected");

    /// <summary>A value by its full name; 0 when Envoy does not have it (yet).</summary>
    public long Value(string name) => _values.GetValueOrDefault(name);

    // The sds cluster has TLS counters of its own: they say nothing of the mesh.
    private long Mesh(string suffix) => _values
        .Where(value => value.Key.EndsWith(suffix, StringComparison.Ordinal)
            && (value.Key.StartsWith("listener.", StringComparison.Ordinal) || value.Key.StartsWith("cluster.peer.", StringComparison.Ordinal)))
        .Sum(value => value.Value);
}
