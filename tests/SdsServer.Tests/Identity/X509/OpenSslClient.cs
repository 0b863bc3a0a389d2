using System.Diagnostics;
using System.Text;
using Google.Protobuf;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Testing;

namespace SdsServer.Tests.Identity.X509;

/// <summary><c>openssl s_client</c>, which does in a handshake whatever it is told to.</summary>
internal static class OpenSslClient
{
    /// <summary>One unary call, then the end of the connection. Returns all that openssl saw.</summary>
    public static async Task<string> CallAsync(int port, string protocol, string pem, params string[] more)
    {
        using Process openssl = Process.Start(new ProcessStartInfo(
            Programs.Find("openssl")!, ["s_client", "-connect", $"127.0.0.1:{port}", $"-{protocol}", "-alpn", "h2", "-ign_eof", "-cert", pem, "-key", pem, .. more])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1,
        })!;
        Task<string> said = openssl.StandardOutput.ReadToEndAsync(), complained = openssl.StandardError.ReadToEndAsync();
        try
        {
            await openssl.StandardInput.BaseStream.WriteAsync(Request());
            openssl.StandardInput.Close();
        }
        catch (IOException)
        {
            // The handshake has failed, and nobody reads any more.
        }

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
