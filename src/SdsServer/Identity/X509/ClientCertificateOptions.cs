namespace SdsServer.Identity.X509;

/// <summary>An authority of the operator's own, whose client certificates are workloads here.</summary>
public sealed class ClientCertificateOptions
{
    /// <summary>PEM of its certificates; read again when it changes.</summary>
    public string CaFile { get; set; } = "";

    /// <summary>Revocation lists of all its certificates, each file one in DER or any number in PEM; read again when they change. None: nothing is revoked.</summary>
    public List<string> CrlFiles { get; set; } = [];

    /// <summary>What the certificate's only URI name must be, with places in braces: <c>spiffe://corp.example/{team}/{service}</c>. One of this, Dns and CommonName.</summary>
    public string Uri { get; set; } = "";

    /// <summary>What one of its DNS names must be: <c>{service}.{namespace}.svc.cluster.local</c>.</summary>
    public string Dns { get; set; } = "";

    /// <summary>What the common name of its subject must be.</summary>
    public string CommonName { get; set; } = "";

    /// <summary>The workload, with the same places: <c>spiffe://{trustDomain}/ns/{namespace}/sa/{service}</c>.</summary>
    public string SpiffeId { get; set; } = "";

    /// <summary>DNS names of its leaves, with the same places.</summary>
    public List<string> DnsNames { get; set; } = [];

    /// <summary>It takes the bundle and never a leaf.</summary>
    public bool BundleOnly { get; set; }
}
