using System.Diagnostics;
using System.Text;
using Google.Protobuf;
using SdsServer.Core.Pki;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;
using SdsServer.Protos.Enrolment.V1;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Testing;
using SdsServer.Tests.Enrolment;

namespace SdsServer.Tests.Identity.X509;

/// <summary>A client that comes back with a TLS session, by <c>openssl s_client</c>.</summary>
public sealed class TlsResumptionTests
{
    [RealProgramTheory("openssl")]
    [InlineData("tls1_2")]
    [InlineData("tls1_3")]
    public async Task A_session_from_before_the_certificate_was_revoked_is_not_resumed(string protocol)
    {
        await using MtlsHost host = await MtlsHost.StartAsync();
        EnrolClient client = new(host);
        ClientCertificate given = await client.EnrolAsync(await host.TokenAsync(MtlsHost.Web, uses: 1));
        byte[] key = new byte[client.Key.PemLength];
        client.Key.WritePem(key);
        string pem = await host.PathOfAsync("client.pem", given.CertificateChain + Encoding.ASCII.GetString(key));
        string session = Path.Combine(Path.GetDirectoryName(pem)!, "session");

        string first = await CallAsync(host.XdsPort, protocol, pem, "-sess_out", session);
        Assert.Contains("New, TLSv1.", first, StringComparison.Ordinal);
        Assert.Contains("BEGIN CERTIFICATE", first, StringComparison.Ordinal);
        Assert.DoesNotContain("revoked", first, StringComparison.Ordinal);
        await host.Admin.UnaryAsync(
            new GrpcMethod<RevokeEnrolmentsRequest, RevokeEnrolmentsResponse>(SdsServer.Admin.EnrolmentCommands.Descriptor, "RevokeEnrolments"),
            new RevokeEnrolmentsRequest { Parent = MtlsHost.Domain, Reason = "stolen", Serial = given.Serial }, new CallOptions(Timeout: MtlsHost.Limit));

        // Where no session was given there is none to come back with.
        string again = await CallAsync(host.XdsPort, protocol, pem, File.Exists(session) ? ["-sess_in", session] : []);

        Assert.DoesNotContain("Reused, ", again, StringComparison.Ordinal);
        Assert.Contains("New, TLSv1.", again, StringComparison.Ordinal);
        Assert.Contains("revoked", again, StringComparison.Ordinal);
    }

    /// <summary>One unary call, then the end of the connection. Returns all that openssl saw.</summary>
    private static async Task<string> CallAsync(int port, string protocol, string pem, params string[] session)
    {
        using Process openssl = Process.Start(new ProcessStartInfo(
            Programs.Find("openssl")!, ["s_client", "-connect", $"127.0.0.1:{port}", $"-{protocol}", "-alpn", "h2", "-ign_eof", "-cert", pem, "-key", pem, .. session])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1,
        })!;
        Task<string> said = openssl.StandardOutput.ReadToEndAsync(), complained = openssl.StandardError.ReadToEndAsync();
        await openssl.StandardInput.BaseStream.WriteAsync(Request());
        openssl.StandardInput.Close();
        using CancellationTokenSource limit = new(MtlsHost.Limit);
        try
        {
            await openssl.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            openssl.Kill();
            throw new TimeoutException(await said + await complained);
        }

        return await said + await complained;
    }

    // RFC 9113 section 3.4 and 4.1; RFC 7541, all of it as plain literals.
    private static byte[] Request()
    {
        byte[] message = new DiscoveryRequest { Node = new Node { Id = "node", Cluster = "web" }, ResourceNames = { "ROOTCA" } }.ToByteArray();
        byte[] block =
        [
            0x83, 0x87, .. Literal(":path", "/envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets"), .. Literal(":authority", "localhost"),
            .. Literal("content-type", "application/grpc"), .. Literal("te", "trailers"),
        ];
        return
        [
            .. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(4, 0, 0, []), .. Frame(1, 4, 1, block),
            .. Frame(0, 1, 1, [0, 0, 0, 0, (byte)message.Length, .. message]), .. Frame(7, 0, 0, new byte[8]),
        ];
    }

    private static byte[] Literal(string name, string value) =>
        [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    private static byte[] Frame(byte type, byte flags, byte stream, byte[] payload) =>
        [0, (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, stream, .. payload];
}
