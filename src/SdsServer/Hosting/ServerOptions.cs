using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Enrolment;
using SdsServer.Identity;
using SdsServer.Identity.Jwt;
using SdsServer.Identity.Registrations;
using SdsServer.Identity.X509;
using SdsServer.Limits;
using SdsServer.Xds;

namespace SdsServer.Hosting;

/// <summary>Section <c>SdsServer</c> of the configuration, as written. <see cref="ServerSettings"/> is what it means.</summary>
public sealed class ServerOptions
{
    /// <summary>Name of the trust domain, without <c>spiffe://</c>.</summary>
    public string TrustDomain { get; set; } = "example.org";

    /// <summary>Where the store, its key and the sockets are; made if absent, mode 0700.</summary>
    public string DataDirectory { get; set; } = "sdsserver-data";

    /// <summary>The key that encrypts authorities' keys at rest; default <c>key-encryption.key</c> in the data directory.</summary>
    public string? KeyEncryptionKeyFile { get; set; }

    /// <summary>Believe <c>node.id</c>. For a laptop: every listener must be a Unix socket or on loopback.</summary>
    public bool Dev { get; set; }

    /// <summary>Where xDS is served.</summary>
    public XdsListenerOptions Xds { get; set; } = new();

    /// <summary>Where the admin API is served.</summary>
    public AdminListenerOptions Admin { get; set; } = new();

    /// <summary>Further secret names: a name, or a prefix that ends in <c>/</c>, to <c>leaf</c> or <c>bundle</c>.</summary>
    public Dictionary<string, string> Aliases { get; set; } = [];

    /// <summary>Which local users are which workloads.</summary>
    public List<UnixPeerOptions> UnixPeers { get; set; } = [];

    /// <summary>Whose JWTs are believed, and which workloads they name.</summary>
    public List<JwtIssuerOptions> JwtIssuers { get; set; } = [];

    /// <summary>What the proxies' listeners hold of connections whose callers are not known.</summary>
    public ConnectionLimits Connections { get; set; } = new();

    /// <summary>What one proxy, and one identity, may ask for.</summary>
    public XdsLimits Streams { get; set; } = new();

    /// <summary>Who callers are, beyond what their evidence names.</summary>
    public RegistrationOptions Registrations { get; set; } = new();

    /// <summary>Authorities of the operator's own whose client certificates are believed, and which workloads they name.</summary>
    public List<ClientCertificateOptions> ClientCertificates { get; set; } = [];

    /// <summary>Clients that come with a join token.</summary>
    public EnrolmentOptions Enrolment { get; set; } = new();

    /// <summary>New built-in roots.</summary>
    public RootOptions Root { get; set; } = new();

    /// <summary>Leaves.</summary>
    public LeafOptions Leaf { get; set; } = new();

    /// <summary>Windows by which evidence is judged.</summary>
    public FleetPolicy Fleet { get; set; } = new();

    /// <summary>What a rotation does that says nothing else.</summary>
    public RotationOptions Rotation { get; set; } = new();

    /// <summary>Absolute http or https URL that is asked before steps whose gate is left to the webhook; empty for none.</summary>
    public string RotationWebhook { get; set; } = "";

    /// <summary>Whether the server leaves a root by itself before that expires.</summary>
    public AutomaticRotationOptions AutomaticRotation { get; set; } = new();
}
