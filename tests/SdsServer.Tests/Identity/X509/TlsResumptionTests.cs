using System.Text;
using SdsServer.Core.Pki;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Admin.V1;
using SdsServer.Protos.Enrolment.V1;
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

        string first = await OpenSslClient.CallAsync(host.XdsPort, protocol, pem, "-sess_out", session);
        Assert.Contains("New, TLSv1.", first, StringComparison.Ordinal);
        Assert.Contains("BEGIN CERTIFICATE", first, StringComparison.Ordinal);
        Assert.DoesNotContain("revoked", first, StringComparison.Ordinal);
        await host.Admin.UnaryAsync(
            new GrpcMethod<RevokeEnrolmentsRequest, RevokeEnrolmentsResponse>(SdsServer.Admin.EnrolmentCommands.Descriptor, "RevokeEnrolments"),
            new RevokeEnrolmentsRequest { Parent = MtlsHost.Domain, Reason = "stolen", Serial = given.Serial }, new CallOptions(Timeout: MtlsHost.Limit));

        // Where no session was given there is none to come back with.
        string again = await OpenSslClient.CallAsync(host.XdsPort, protocol, pem, File.Exists(session) ? ["-sess_in", session] : []);

        Assert.DoesNotContain("Reused, ", again, StringComparison.Ordinal);
        Assert.Contains("New, TLSv1.", again, StringComparison.Ordinal);
        Assert.Contains("revoked", again, StringComparison.Ordinal);
    }
}
