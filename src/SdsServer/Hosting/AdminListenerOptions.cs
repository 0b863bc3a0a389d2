using SdsServer.Admin.Operators;

namespace SdsServer.Hosting;

/// <summary>Where operators connect. Whoever may open the socket may do everything; over TCP certificates and roles decide.</summary>
public sealed class AdminListenerOptions
{
    /// <summary>Path of the Unix socket; default <c>admin.sock</c> in the data directory.</summary>
    public string? Socket { get; set; }

    /// <summary>Octal mode of the socket.</summary>
    public string SocketMode { get; set; } = "0600";

    /// <summary><c>ADDRESS:PORT</c> for operators with certificates, or empty for no TCP.</summary>
    public string Tcp { get; set; } = "";

    /// <summary>PEM of the serving certificate of that address and its intermediates; default: that of the proxies' address.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>PEM of its private key.</summary>
    public string? KeyFile { get; set; }

    /// <summary>PEM of the authorities for operators' certificates; read again when it changes.</summary>
    public string ClientCaFile { get; set; } = "";

    /// <summary>Revocation lists of all those authorities, each file one in DER or any number in PEM; read again when they change. None: nothing is revoked.</summary>
    public List<string> ClientCrlFiles { get; set; } = [];

    /// <summary>Leaves of the mesh are certificates of operators, too: those whose IDs have a role.</summary>
    public bool TrustMesh { get; set; }

    /// <summary>Who may do what over TCP.</summary>
    public List<OperatorRuleOptions> Roles { get; set; } = [];
}
