using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using SdsServer.Admin.Operators;
using SdsServer.Core.Fleet;
using SdsServer.Core.Issuance;
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
public sealed partial class ServerSettings
{
    private const string None = "none";

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

        DataDirectory = FullPath(options.DataDirectory, "SdsServer:DataDirectory", errors);
        KeyEncryptionKeyFile = options.KeyEncryptionKeyFile;
        Dev = options.Dev;
        XdsSocket = options.Xds.Socket == None ? null : FullPath(options.Xds.Socket ?? Path.Combine(DataDirectory, "sds.sock"), "SdsServer:Xds:Socket", errors);
        AdminSocket = FullPath(options.Admin.Socket ?? Path.Combine(DataDirectory, "admin.sock"), "SdsServer:Admin:Socket", errors);
        XdsSocketMode = Mode(options.Xds.SocketMode, "SdsServer:Xds:SocketMode", errors);
        AdminSocketMode = Mode(options.Admin.SocketMode, "SdsServer:Admin:SocketMode", errors);
        XdsTcp = Address(options.Xds.Tcp, "SdsServer:Xds:Tcp", "0.0.0.0:8443", errors);
        CertificateFile = options.Xds.CertificateFile;
        KeyFile = options.Xds.KeyFile;
        AdminTcp = Address(options.Admin.Tcp, "SdsServer:Admin:Tcp", "0.0.0.0:9443", errors);
        AdminCertificateFile = options.Admin.CertificateFile ?? options.Xds.CertificateFile;
        AdminKeyFile = options.Admin.KeyFile ?? options.Xds.KeyFile;
        AdminClientCaFile = options.Admin.ClientCaFile;
        AdminClientCrlFiles = [.. options.Admin.ClientCrlFiles];
        AdminTrustsMesh = options.Admin.TrustMesh;
        OperatorRules = OperatorRule.Read(options.Admin.Roles, errors);
        ServingNames = options.Xds.ServingNames.Count == 0 ? null : Checked(
            "SdsServer:Xds:ServingNames", errors, null, ServingNames? () => Core.Issuance.ServingNames.Read(TrustDomain, options.Xds.ServingNames));
        AnchorsFile = options.Xds.AnchorsFile.Length > 0 ? FullPath(options.Xds.AnchorsFile, "SdsServer:Xds:AnchorsFile", errors) : null;
        CheckServing(errors);
        CheckListeners(errors);
        CheckAdminTcp(options.Admin, errors);
        LeafKeys = options.Leaf.KeyAlgorithm;
        RootKeys = options.Root.KeyAlgorithm;
        RootLifetime = options.Root.Lifetime;
        Fleet = options.Fleet with { MaxLeafLifetime = options.Leaf.Lifetime, DeadLinkWindow = GrpcTransport.DeadLinkNotice, OwnServing = XdsTcp is not null && ServingNames is not null };
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
        CheckPartial(errors);
        RegistrationsFile = options.Registrations.File.Length > 0 ? FullPath(options.Registrations.File, "SdsServer:Registrations:File", errors) : null;
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

    /// <summary>Set where the server issues its serving certificate itself.</summary>
    public ServingNames? ServingNames { get; }

    /// <summary>Absolute path of the file that bootstraps' anchors are kept in; null for none.</summary>
    public string? AnchorsFile { get; }

    /// <summary>Absolute path.</summary>
    public string AdminSocket { get; }

    public UnixFileMode AdminSocketMode { get; }

    /// <summary>Where operators connect with certificates; null: nowhere.</summary>
    public IPEndPoint? AdminTcp { get; }

    /// <summary>Of <see cref="AdminTcp"/>; null: the server's own certificate, or no such listener.</summary>
    public string? AdminCertificateFile { get; }

    public string? AdminKeyFile { get; }

    /// <summary>Empty for none.</summary>
    public string AdminClientCaFile { get; }

    /// <summary>Of the authorities there; empty: nothing is revoked.</summary>
    public ImmutableArray<string> AdminClientCrlFiles { get; }

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

    private static string FullPath(string text, string setting, List<string> errors)
    {
        try
        {
            return Path.GetFullPath(text);
        }
        catch (ArgumentException)
        {
            errors.Add($"{setting}: '{Shown.Text(text)}' is no path");
            return Path.GetFullPath(".");
        }
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
        if (text.Length is > 0 and <= 4 && text.All(static digit => digit is >= '0' and <= '7') && Convert.ToInt32(text, 8) is <= 0x1FF and var mode)
        {
            return (UnixFileMode)mode;
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
