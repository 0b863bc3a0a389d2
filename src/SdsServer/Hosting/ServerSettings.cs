using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using SdsServer.Admin.Operators;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Enrolment;
using SdsServer.Grpc.Server;
using SdsServer.Identity.Jwt;
using SdsServer.Identity.X509;
using SdsServer.Identity;
using SdsServer.Limits;
using SdsServer.Xds;

namespace SdsServer.Hosting;

/// <summary>The configuration, checked: whoever holds one can rely on every part of it.</summary>
public sealed class ServerSettings
{
    private const string None = "none";

    // unix(7): sun_path holds 108 bytes with the final zero.
    private const int LongestSocketPath = 107;

    private ServerSettings(ServerOptions options, List<string> errors)
    {
        if (Core.Pki.TrustDomain.TryParse(options.TrustDomain, out TrustDomain? domain, out string? reason))
        {
            TrustDomain = domain;
        }
        else
        {
            errors.Add($"SdsServer:TrustDomain: {reason}");
            TrustDomain = Core.Pki.TrustDomain.Parse("example.org");
        }

        DataDirectory = Path.GetFullPath(options.DataDirectory);
        KeyEncryptionKeyFile = options.KeyEncryptionKeyFile;
        Dev = options.Dev;
        XdsSocket = options.Xds.Socket == None ? null : Path.GetFullPath(options.Xds.Socket ?? Path.Combine(DataDirectory, "sds.sock"));
        AdminSocket = Path.GetFullPath(options.Admin.Socket ?? Path.Combine(DataDirectory, "admin.sock"));
        XdsSocketMode = Mode(options.Xds.SocketMode, "SdsServer:Xds:SocketMode", errors);
        AdminSocketMode = Mode(options.Admin.SocketMode, "SdsServer:Admin:SocketMode", errors);
        XdsTcp = Address(options.Xds.Tcp, "SdsServer:Xds:Tcp", "0.0.0.0:8443", errors);
        CertificateFile = options.Xds.CertificateFile;
        KeyFile = options.Xds.KeyFile;
        AdminTcp = Address(options.Admin.Tcp, "SdsServer:Admin:Tcp", "0.0.0.0:9443", errors);
        AdminCertificateFile = options.Admin.CertificateFile ?? options.Xds.CertificateFile;
        AdminKeyFile = options.Admin.KeyFile ?? options.Xds.KeyFile;
        AdminClientCaFile = options.Admin.ClientCaFile;
        AdminTrustsMesh = options.Admin.TrustMesh;
        OperatorRules = OperatorRule.Read(options.Admin.Roles, errors);
        CheckListeners(errors);
        CheckAdminTcp(options.Admin, errors);
        LeafKeys = options.Leaf.KeyAlgorithm;
        RootKeys = options.Root.KeyAlgorithm;
        RootLifetime = options.Root.Lifetime;
        Fleet = options.Fleet with { MaxLeafLifetime = options.Leaf.Lifetime, DeadLinkWindow = GrpcTransport.DeadLinkNotice };
        RotationWebhook = Webhook(options.RotationWebhook, errors);
        Rotation = options.Rotation.Read(options.Leaf, RotationWebhook is not null, errors);
        Schedule = Scheduled(options.AutomaticRotation, errors);
        IntermediateLifetime = options.Root.IntermediateLifetime;
        Leaves = Checked("SdsServer:Leaf", errors, LeafPolicy.Default, () => new LeafPolicy(
            options.Leaf.Lifetime, options.Leaf.Minimum, options.Leaf.Maximum, options.Leaf.Backdate, options.Fleet.MaxSkew < TimeSpan.FromMinutes(5) ? options.Fleet.MaxSkew : null));
        Names = Checked("SdsServer:Aliases", errors, new SecretNames(TrustDomain.Name, []), () => new SecretNames(TrustDomain.Name, Aliases(options.Aliases, errors)));
        UnixPeers = [.. options.UnixPeers.Select((peer, index) => Rule(peer, index, TrustDomain, errors)).OfType<UnixPeerRule>()];
        CheckUnixPeers(errors);
        JwtIssuers = JwtIssuer.Read(options.JwtIssuers, TrustDomain, errors);
        (Connections, Streams) = (options.Connections, options.Streams);
        CheckLimits(errors);
        RegistrationsFile = options.Registrations.File.Length > 0 ? Path.GetFullPath(options.Registrations.File) : null;
        RegistrationsRequired = options.Registrations.Required;
        ClientCertificates = ClientCertificateRule.Read(options.ClientCertificates, TrustDomain, errors);
        if (ClientCertificates.Length > 0 && XdsTcp is null)
        {
            errors.Add("SdsServer:ClientCertificates: nobody can show a certificate on a Unix socket; set SdsServer:Xds:Tcp, or leave the list out");
        }

        Enrolment = EnrolmentSettings.Read(options.Enrolment, errors);
        CheckDurations(options, errors);
    }

    public TrustDomain TrustDomain { get; }

    /// <summary>Absolute path.</summary>
    public string DataDirectory { get; }

    public string? KeyEncryptionKeyFile { get; }

    /// <summary>Believe <c>node.id</c>.</summary>
    public bool Dev { get; }

    /// <summary>Absolute path, or null for no socket.</summary>
    public string? XdsSocket { get; }

    public UnixFileMode XdsSocketMode { get; }

    public IPEndPoint? XdsTcp { get; }

    public string? CertificateFile { get; }

    public string? KeyFile { get; }

    /// <summary>Absolute path.</summary>
    public string AdminSocket { get; }

    public UnixFileMode AdminSocketMode { get; }

    /// <summary>Where operators connect with certificates; null: nowhere.</summary>
    public IPEndPoint? AdminTcp { get; }

    /// <summary>Set where <see cref="AdminTcp"/> is.</summary>
    public string? AdminCertificateFile { get; }

    public string? AdminKeyFile { get; }

    /// <summary>Empty for none.</summary>
    public string AdminClientCaFile { get; }

    public bool AdminTrustsMesh { get; }

    public KeyAlgorithm LeafKeys { get; }

    public KeyAlgorithm RootKeys { get; }

    public TimeSpan RootLifetime { get; }

    public LeafPolicy Leaves { get; }

    public FleetPolicy Fleet { get; }

    public TimeSpan IntermediateLifetime { get; }

    public RotationPolicy Rotation { get; }

    /// <summary>Whom to ask at gates that are left to the webhook; null: nobody.</summary>
    public Uri? RotationWebhook { get; }

    /// <summary>When roots are left by themselves; null: never.</summary>
    public RotationSchedule? Schedule { get; }

    public SecretNames Names { get; }

    public ImmutableArray<UnixPeerRule> UnixPeers { get; }

    public EnrolmentSettings Enrolment { get; }

    internal ImmutableArray<JwtIssuer> JwtIssuers { get; }

    public ConnectionLimits Connections { get; }

    public XdsLimits Streams { get; }

    /// <summary>Absolute path, or null for no file.</summary>
    public string? RegistrationsFile { get; }

    /// <summary>Nobody is a workload without a registration.</summary>
    public bool RegistrationsRequired { get; }

    internal ImmutableArray<ClientCertificateRule> ClientCertificates { get; }

    internal ImmutableArray<OperatorRule> OperatorRules { get; }

    /// <summary>Reads section <c>SdsServer</c>. A setting nobody knows is an error: a mistyped one would be one that is not in force.</summary>
    /// <exception cref="ConfigurationErrorsException">Something is wrong; holds every error.</exception>
    public static ServerSettings Read(IConfigurationSection section)
    {
        try
        {
            return From(section.Get<ServerOptions>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new ServerOptions());
        }
        catch (InvalidOperationException wrong)
        {
            throw new ConfigurationErrorsException([wrong.InnerException is { } inner ? $"{wrong.Message} {inner.Message}" : wrong.Message]);
        }
    }

    /// <exception cref="ConfigurationErrorsException">Something is wrong; holds every error.</exception>
    public static ServerSettings From(ServerOptions options)
    {
        List<string> errors = [];
        ServerSettings settings = new(options, errors);
        return errors.Count == 0 ? settings : throw new ConfigurationErrorsException(errors);
    }

    private void CheckListeners(List<string> errors)
    {
        if (XdsSocket is null && XdsTcp is null)
        {
            errors.Add("SdsServer:Xds: there is neither a Socket nor a Tcp address, so no proxy can connect; set one");
        }

        if (XdsSocket == AdminSocket)
        {
            errors.Add($"SdsServer:Admin:Socket: {AdminSocket} is the proxies' socket too, and whoever may connect to it would be an operator; choose another path");
        }

        foreach ((string where, string? path) in new[] { ("SdsServer:Xds:Socket", XdsSocket), ("SdsServer:Admin:Socket", AdminSocket) })
        {
            if (path is not null && System.Text.Encoding.UTF8.GetByteCount(path) > LongestSocketPath)
            {
                errors.Add($"{where}: '{path}' is longer than the {LongestSocketPath} bytes a Unix socket's path may have; choose a shorter one");
            }
        }

        if ((CertificateFile is null) != (KeyFile is null))
        {
            errors.Add("SdsServer:Xds: CertificateFile and KeyFile go together; set both or neither");
        }

        if (XdsTcp is { } tcp && CertificateFile is null && !(Dev && IPAddress.IsLoopback(tcp.Address)))
        {
            errors.Add($"SdsServer:Xds:Tcp: {tcp} without TLS would send private keys in the clear; set CertificateFile and KeyFile, or use a Unix socket");
        }

        if (Dev && XdsTcp is { } open && !IPAddress.IsLoopback(open.Address))
        {
            errors.Add($"SdsServer:Dev: node.id is no evidence, so dev mode serves loopback only, not {open}; set SdsServer:Xds:Tcp to 127.0.0.1:PORT");
        }
    }

    private void CheckAdminTcp(AdminListenerOptions options, List<string> errors)
    {
        if (AdminTcp is null)
        {
            if (options.Tcp.Length == 0 && (options.Roles.Count > 0 || options.ClientCaFile.Length > 0 || options.TrustMesh || options.CertificateFile is not null || options.KeyFile is not null))
            {
                errors.Add("SdsServer:Admin: Roles, ClientCaFile, TrustMesh, CertificateFile and KeyFile are for operators over TCP; set SdsServer:Admin:Tcp, or leave them out");
            }

            return;
        }

        if (AdminCertificateFile is null || AdminKeyFile is null || (options.CertificateFile is null) != (options.KeyFile is null))
        {
            errors.Add($"SdsServer:Admin:Tcp: {AdminTcp} needs TLS; set SdsServer:Admin:CertificateFile and KeyFile together");
        }

        if (AdminClientCaFile.Length == 0 && !AdminTrustsMesh)
        {
            errors.Add($"SdsServer:Admin:Tcp: {AdminTcp} knows operators by certificates; set SdsServer:Admin:ClientCaFile to the authorities that give them, or TrustMesh");
        }

        if (options.Roles.Count == 0)
        {
            errors.Add($"SdsServer:Admin:Tcp: nobody has a role; set SdsServer:Admin:Roles");
        }

        if (AdminTcp.Port != 0 && AdminTcp.Equals(XdsTcp))
        {
            errors.Add($"SdsServer:Admin:Tcp: {AdminTcp} is the proxies' address; choose another port");
        }
    }

    // The first rule that fits decides, so one behind a wider one of the same user would never be asked.
    private void CheckUnixPeers(List<string> errors)
    {
        for (int index = 0; index < UnixPeers.Length; index++)
        {
            UnixPeerRule rule = UnixPeers[index];
            if (UnixPeers.Take(index).Any(wider => wider.Uid == rule.Uid && (wider.Gid is null || wider.Gid == rule.Gid)))
            {
                errors.Add($"SdsServer:UnixPeers: '{rule.Workload.SpiffeId}' for user {rule.Uid} can never apply, because an entry before it fits the same peers; put the one with the Gid first");
            }
        }
    }

    private void CheckLimits(List<string> errors)
    {
        foreach ((string name, int value) in new (string, int)[]
        {
            ("Connections:UnidentifiedPerAddress", Connections.UnidentifiedPerAddress),
            ("Connections:Unidentified", Connections.Unidentified),
            ("Streams:NamesPerStream", Streams.NamesPerStream),
            ("Streams:NameLength", Streams.NameLength),
            ("Streams:NodeIdLength", Streams.NodeIdLength),
            ("Streams:Streams", Streams.Streams),
            ("Streams:StreamsPerIdentity", Streams.StreamsPerIdentity),
            ("Streams:ConnectionsPerIdentity", Streams.ConnectionsPerIdentity),
            ("Streams:RequestsPerSecond", Streams.RequestsPerSecond),
            ("Streams:RequestBurst", Streams.RequestBurst),
        })
        {
            if (value < 1)
            {
                errors.Add($"SdsServer:{name}: {value} must be at least 1");
            }
        }
    }

    private static void CheckDurations(ServerOptions options, List<string> errors)
    {
        foreach ((string name, TimeSpan value) in new (string, TimeSpan)[]
        {
            ("SdsServer:Root:Lifetime", options.Root.Lifetime),
            ("SdsServer:Fleet:ReconnectWindow", options.Fleet.ReconnectWindow),
            ("SdsServer:Fleet:SuccessionWindow", options.Fleet.SuccessionWindow),
            ("SdsServer:Fleet:AckTimeout", options.Fleet.AckTimeout),
            ("SdsServer:Fleet:MaxSkew", options.Fleet.MaxSkew),
            ("SdsServer:Fleet:NackBackoff", options.Fleet.NackBackoff),
            ("SdsServer:Fleet:MaxNackBackoff", options.Fleet.MaxNackBackoff),
            ("SdsServer:Fleet:BundleCheck", options.Fleet.BundleCheck),
            ("SdsServer:Fleet:AskAgain", options.Fleet.AskAgain),
            ("SdsServer:Fleet:TicketKeyLife", options.Fleet.TicketKeyLife),
            ("SdsServer:Connections:Identify", options.Connections.Identify),
            ("SdsServer:Streams:FirstRequest", options.Streams.FirstRequest),
            ("SdsServer:Streams:Write", options.Streams.Write),
            ("SdsServer:Streams:Resend", options.Streams.Resend),
        })
        {
            if (value <= TimeSpan.Zero)
            {
                errors.Add($"{name}: {value} must be more than zero");
            }
        }

        if (options.Fleet.RenewAt is <= 0.1 or > 0.8)
        {
            errors.Add(string.Create(CultureInfo.InvariantCulture, $"SdsServer:Fleet:RenewAt: {options.Fleet.RenewAt} must be above 0.1 and at most 0.8: later leaves no time to try again"));
        }

        if (options.Fleet.IssuesInFlight < 1)
        {
            errors.Add($"SdsServer:Fleet:IssuesInFlight: {options.Fleet.IssuesInFlight} must be at least 1");
        }

        if (options.Root.Lifetime <= options.Leaf.Lifetime * 3)
        {
            errors.Add($"SdsServer:Root:Lifetime: {options.Root.Lifetime} must be more than three times SdsServer:Leaf:Lifetime ({options.Leaf.Lifetime}), or no rotation could finish");
        }

        if (options.Root.IntermediateLifetime < options.Leaf.Lifetime * 3)
        {
            errors.Add($"SdsServer:Root:IntermediateLifetime: {options.Root.IntermediateLifetime} must be at least three times SdsServer:Leaf:Lifetime ({options.Leaf.Lifetime})");
        }

        if (options.Fleet.IssuesPerSecond < 1)
        {
            errors.Add($"SdsServer:Fleet:IssuesPerSecond: {options.Fleet.IssuesPerSecond} must be at least 1");
        }

        if (options.Fleet.MaxRoots is < 2 or > 3)
        {
            errors.Add($"SdsServer:Fleet:MaxRoots: {options.Fleet.MaxRoots} must be 2, or 3 for an emergency in the middle of a rotation");
        }
    }

    private static RotationSchedule? Scheduled(AutomaticRotationOptions options, List<string> errors)
    {
        if (!(options.Prepare is > 0 and < 1 && options.Activate >= options.Prepare && options.Activate < 1))
        {
            errors.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"SdsServer:AutomaticRotation: Prepare ({options.Prepare}) and Activate ({options.Activate}) are parts of a root's life: above 0, below 1, and Activate not before Prepare"));
        }

        return options.Enabled ? new RotationSchedule(options.Prepare, options.Activate) : null;
    }

    private static Uri? Webhook(string text, List<string> errors)
    {
        if (text.Length == 0)
        {
            return null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp) && url.UserInfo.Length == 0)
        {
            return url;
        }

        // Not repeated: it may hold a password.
        errors.Add("SdsServer:RotationWebhook: must be an absolute http or https URL without user and password");
        return null;
    }

    private static T Checked<T>(string section, List<string> errors, T otherwise, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            errors.Add($"{section}: {error.Message}");
            return otherwise;
        }
    }

    private static List<KeyValuePair<string, SecretKind>> Aliases(Dictionary<string, string> aliases, List<string> errors)
    {
        List<KeyValuePair<string, SecretKind>> result = [];
        foreach ((string name, string kind) in aliases)
        {
            if (Enum.TryParse(kind, ignoreCase: true, out SecretKind parsed) && Enum.IsDefined(parsed))
            {
                result.Add(KeyValuePair.Create(name, parsed));
            }
            else
            {
                errors.Add($"SdsServer:Aliases:{name}: '{kind}' is neither 'leaf' nor 'bundle' nor 'ticketKeys'");
            }
        }

        return result;
    }

    private static UnixPeerRule? Rule(UnixPeerOptions peer, int index, TrustDomain domain, List<string> errors)
    {
        string where = $"SdsServer:UnixPeers:{index}";
        if (peer.Uid is not { } uid || uid < 0)
        {
            errors.Add($"{where}:Uid: a user id is required");
            return null;
        }

        if (!SpiffeId.TryParse(peer.SpiffeId, out SpiffeId? id, out string? reason))
        {
            errors.Add($"{where}:SpiffeId: {reason}");
            return null;
        }

        if (!id.TrustDomain.Equals(domain) || !id.IsWorkload)
        {
            errors.Add($"{where}:SpiffeId: '{id}' must be a workload of this trust domain, such as spiffe://{domain}/web");
            return null;
        }

        foreach (string name in peer.DnsNames)
        {
            if (DnsName.Refuse(name) is { } wrong)
            {
                errors.Add($"{where}:DnsNames: '{name}': {wrong}");
            }
        }

        return new UnixPeerRule(uid, peer.Gid, new Workload(id.ToString(), [.. peer.DnsNames], peer.BundleOnly));
    }

    private static UnixFileMode Mode(string text, string where, List<string> errors)
    {
        try
        {
            int mode = Convert.ToInt32(text, 8);
            if (mode is >= 0 and <= 0x1FF)
            {
                return (UnixFileMode)mode;
            }
        }
        catch (FormatException)
        {
        }

        errors.Add($"{where}: '{text}' is no octal mode such as 0660");
        return UnixFileMode.None;
    }

    private static IPEndPoint? Address(string text, string setting, string example, List<string> errors)
    {
        if (text.Length == 0)
        {
            return null;
        }

        // "::1" alone parses too, as an address with port 0, which is whatever port is free.
        string address = text.Replace("localhost:", "127.0.0.1:", StringComparison.Ordinal);
        if (IPEndPoint.TryParse(address, out IPEndPoint? endpoint) && !IPAddress.TryParse(address, out _))
        {
            return endpoint;
        }

        errors.Add($"{setting}: '{text}' is no ADDRESS:PORT such as {example}");
        return null;
    }
}
