using System.Globalization;
using System.Net;
using SdsServer.Identity;
using SdsServer.Xds;

namespace SdsServer.Hosting;

/// <summary>What settings must be to each other.</summary>
public sealed partial class ServerSettings
{
    // unix(7): sun_path holds 108 bytes with the final zero.
    private const int LongestSocketPath = 107;

    private void CheckServing(List<string> errors)
    {
        if (ServingNames is not null && CertificateFile is not null)
        {
            errors.Add("SdsServer:Xds: ServingNames are for a certificate that the server issues itself, CertificateFile is one of your own; set one of them");
        }

        if (ServingNames is not null && XdsTcp is null)
        {
            errors.Add("SdsServer:Xds:ServingNames: nobody looks at a certificate on a Unix socket; set SdsServer:Xds:Tcp, or leave the list out");
        }

        if (AnchorsFile is not null && ServingNames is null)
        {
            errors.Add("SdsServer:Xds:AnchorsFile: these are the roots of the certificate that the server issues itself; set SdsServer:Xds:ServingNames, or leave it out");
        }

        if (AnchorsFile is { } file && !Directory.Exists(Path.GetDirectoryName(file)))
        {
            errors.Add($"SdsServer:Xds:AnchorsFile: the directory of '{file}' does not exist; make it");
        }
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

        if (XdsTcp is { } tcp && CertificateFile is null && ServingNames is null && !(Dev && IPAddress.IsLoopback(tcp.Address)))
        {
            errors.Add($"SdsServer:Xds:Tcp: {tcp} without TLS would send private keys in the clear; set ServingNames, or CertificateFile and KeyFile, or use a Unix socket");
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
            if (options.Tcp.Length == 0 && (options.Roles.Count > 0 || options.ClientCaFile.Length > 0 || options.ClientCrlFiles.Count > 0 || options.TrustMesh || options.CertificateFile is not null || options.KeyFile is not null))
            {
                errors.Add("SdsServer:Admin: Roles, ClientCaFile, ClientCrlFiles, TrustMesh, CertificateFile and KeyFile are for operators over TCP; set SdsServer:Admin:Tcp, or leave them out");
            }

            return;
        }

        if (((AdminCertificateFile is null || AdminKeyFile is null) && ServingNames is null) || (options.CertificateFile is null) != (options.KeyFile is null))
        {
            errors.Add($"SdsServer:Admin:Tcp: {AdminTcp} needs TLS; set SdsServer:Admin:CertificateFile and KeyFile together, or SdsServer:Xds:ServingNames");
        }

        if (AdminClientCaFile.Length == 0 && !AdminTrustsMesh)
        {
            errors.Add($"SdsServer:Admin:Tcp: {AdminTcp} knows operators by certificates; set SdsServer:Admin:ClientCaFile to the authorities that give them, or TrustMesh");
        }

        if (options.ClientCrlFiles.Count > 0 && (AdminClientCaFile.Length == 0 || options.ClientCrlFiles.Contains("")))
        {
            errors.Add("SdsServer:Admin:ClientCrlFiles: these are the revocation lists of the authorities in SdsServer:Admin:ClientCaFile; set it, and name a file in each entry");
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
            ("Streams:NodesPerConnection", Streams.NodesPerConnection),
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

    private void CheckPartial(List<string> errors)
    {
        foreach ((string name, int value) in new (string, int)[]
        {
            ("Connections:PartialPerConnection", Connections.PartialPerConnection),
            ("Connections:PartialPerAddress", Connections.PartialPerAddress),
            ("Connections:Partial", Connections.Partial),
        })
        {
            if (value < DiscoveryProtocols.MaxRequestSize)
            {
                errors.Add($"SdsServer:{name}: {value} must be at least {DiscoveryProtocols.MaxRequestSize}, a request of a proxy");
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
            ("SdsServer:Fleet:BootstrapGrace", options.Fleet.BootstrapGrace),
            ("SdsServer:Fleet:KeepDropped", options.Fleet.KeepDropped),
            ("SdsServer:Connections:Identify", options.Connections.Identify),
            ("SdsServer:Streams:FirstRequest", options.Streams.FirstRequest),
            ("SdsServer:Streams:IdleConnection", options.Streams.IdleConnection),
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

        if (options.Fleet.LeavesPerIdentity < 1)
        {
            errors.Add($"SdsServer:Fleet:LeavesPerIdentity: {options.Fleet.LeavesPerIdentity} must be at least 1");
        }

        if (options.Fleet.MaxRoots is < 2 or > Core.Fleet.FleetPolicy.MostRoots)
        {
            errors.Add($"SdsServer:Fleet:MaxRoots: {options.Fleet.MaxRoots} must be 2, or 3 for an emergency in the middle of a rotation");
        }
    }
}
