using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Core.Pki;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Enrolment.V1;

namespace SdsServer.Cli.Commands;

internal static class EnrolCommand
{
    private const string ClientFile = "client.pem";
    private const string CaFile = "server-ca.crt";

    private static readonly ServiceDescriptor s_service = EnrolmentServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>("EnrolmentService");
    private static readonly GrpcMethod<EnrolRequest, EnrolResponse> s_enrol = new(s_service, "Enrol");
    private static readonly GrpcMethod<RenewRequest, RenewResponse> s_renew = new(s_service, "Renew");

    public static Command Create()
    {
        Argument<string> address = new("ADDRESS") { Description = "The proxies' address of the server, https://host:port." };
        Option<string> spiffeId = new("--spiffe-id") { HelpName = "ID", Description = "Who to be. Required where the join token fits several; it must be one of them." };
        Option<FileInfo> token = new("--token-file") { HelpName = "FILE", Description = "File with the join token. Default: SDSCTL_JOIN_TOKEN. Not needed with --renew." };
        Option<DirectoryInfo> output = new("--output", "-o") { HelpName = "DIRECTORY", Description = $"Where {ClientFile}, the certificate and its key, and {CaFile} go; made if absent.", Required = true };
        Option<bool> renew = new("--renew") { Description = "Show the certificate in the directory and get the next one, with a new key." };
        return new CliCommand("enrol", "Joins this machine: makes a key, shows a join token, and writes the client certificate it gets for it.") { address, spiffeId, token, output, renew }.With(
            [
                ("sdsctl enrol https://sds.example:8443 --ca sds-ca.crt --token-file shop.token --spiffe-id spiffe://example.org/ns/shop/cart -o /var/lib/cart", "once"),
                ("sdsctl enrol https://sds.example:8443 --ca sds-ca.crt -o /var/lib/cart --renew", "again and again, before it ends"),
            ],
            "An Envoy shows the certificate to the server: deploy/envoy/sds-over-mtls.yaml shows how. It follows the file when it is renewed.",
            "The key never leaves this machine.")
        .Does(session => RunAsync(session, session.Get(address)!, session.Get(spiffeId), session.Get(token), session.Get(output)!, session.Get(renew)));
    }

    private static async Task RunAsync(Session session, string address, string? spiffeId, FileInfo? tokenFile, DirectoryInfo output, bool renew)
    {
        if (!address.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || !Uri.TryCreate(address, UriKind.Absolute, out _))
        {
            throw CliException.Usage($"'{address}' is no address to enrol at", "use https://host:port: the token is worth an identity, and must not travel in the clear");
        }

        SpiffeId? id = null;
        if (spiffeId is not null && !SpiffeId.TryParse(spiffeId, out id, out string? reason))
        {
            throw CliException.Usage($"--spiffe-id: {reason}", "such as spiffe://example.org/ns/shop/cart");
        }

        Metadata headers = [];
        TlsFiles tls = session.Tls;
        if (renew)
        {
            tls = tls with { Certificate = PathOf(ClientFile), Key = null };
        }
        else
        {
            string text = tokenFile is not null ? await File.ReadAllTextAsync(tokenFile.FullName, session.Cancellation) : session.Host.Environment("SDSCTL_JOIN_TOKEN") ?? "";
            headers.Add("authorization", $"Bearer {(text.Trim() is { Length: > 0 } token ? token : throw CliException.Usage("there is no join token", "name its file with --token-file; an operator makes one with: sdsctl token create --join"))}");
        }

        using PrivateKey key = PrivateKey.Generate(KeyAlgorithm.EcdsaP256);
        ByteString request = ByteString.CopyFrom(CertificateSigningRequest.Create(key, id));
        using GrpcChannel channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { ConnectTimeout = session.CallTimeout, Tls = tls.Read() });
        CallOptions options = new(headers, session.CallTimeout, session.Cancellation);
        ClientCertificate given = renew
            ? (await channel.UnaryAsync(s_renew, new RenewRequest { CertificateRequest = request }, options)).ClientCertificate
            : (await channel.UnaryAsync(s_enrol, new EnrolRequest { CertificateRequest = request }, options)).ClientCertificate;
        output.Create();

        // In one file, so that whoever follows it never sees a certificate with the key of another.
        Write(PathOf(ClientFile), [.. Encoding.ASCII.GetBytes(given.CertificateChain), .. Pem(key)]);
        if (given.ServerCa.Length > 0)
        {
            Write(PathOf(CaFile), Encoding.ASCII.GetBytes(given.ServerCa));
        }

        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(given);
        }
        else
        {
            session.Terminal.Line($"{(renew ? "renewed" : "enrolled as")} {given.SpiffeId} with certificate {given.Serial} until {TimeText.Both(given.ExpireTime, session.Now)}");
            session.Terminal.Say($"renew it after {TimeText.Both(given.RenewTime, session.Now)} with: sdsctl enrol {address} -o {output} --renew");
        }

        string PathOf(string name) => Path.Combine(output.FullName, name);
    }

    private static byte[] Pem(PrivateKey key)
    {
        byte[] pem = new byte[key.PemLength];
        key.WritePem(pem);
        return pem;
    }

    // Beside it and then in its place: whoever follows the file never sees half of one.
    private static void Write(string path, byte[] content)
    {
        string made = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
        using (FileStream file = new(made, PrivateFile.New))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(made, path, overwrite: true);
    }
}
