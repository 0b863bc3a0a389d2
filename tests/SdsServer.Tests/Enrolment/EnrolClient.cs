using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using SdsServer.Core.Pki;
using SdsServer.Enrolment;
using SdsServer.Grpc;
using SdsServer.Grpc.Client;
using SdsServer.Protos.Enrolment.V1;
using SdsServer.Tests.Identity.X509;
using EnrolmentService = SdsServer.Enrolment.EnrolmentService;

namespace SdsServer.Tests.Enrolment;

/// <summary>A machine that joins: its key, and its calls.</summary>
/// <param name="host">Where.</param>
/// <param name="unix">It enrols on the Unix socket.</param>
internal sealed class EnrolClient(MtlsHost host, bool unix = false)
{
    private static readonly GrpcMethod<EnrolRequest, EnrolResponse> s_enrol = new(EnrolmentService.Descriptor, "Enrol");
    private static readonly GrpcMethod<RenewRequest, RenewResponse> s_renew = new(EnrolmentService.Descriptor, "Renew");

    public PrivateKey Key { get; } = PrivateKey.Generate(KeyAlgorithm.EcdsaP256);

    /// <summary>Joins with a request for an ID, or for the token's.</summary>
    public Task<ClientCertificate> EnrolAsync(string token, string? spiffeId = null) =>
        EnrolAsync(token, CertificateSigningRequest.Create(Key, spiffeId is null ? null : SpiffeId.Parse(spiffeId)));

    /// <summary>Joins with these bytes.</summary>
    public async Task<ClientCertificate> EnrolAsync(string token, byte[] request)
    {
        using GrpcChannel channel = unix ? GrpcChannel.ForAddress($"unix://{host.XdsSocket}") : host.Connect();
        Metadata headers = token.Length > 0 ? new Metadata { { "authorization", $"Bearer {token}" } } : [];
        EnrolResponse response = await channel.UnaryAsync(s_enrol, new EnrolRequest { CertificateRequest = ByteString.CopyFrom(request) }, new CallOptions(headers, MtlsHost.Limit));
        return response.ClientCertificate;
    }

    public async Task<ClientCertificate> RenewAsync(X509Certificate2? shown, PrivateKey? key = null, string? spiffeId = null)
    {
        using GrpcChannel channel = host.Connect(shown);
        byte[] request = CertificateSigningRequest.Create(key ?? Key, spiffeId is null ? null : SpiffeId.Parse(spiffeId));
        return (await channel.UnaryAsync(s_renew, new RenewRequest { CertificateRequest = ByteString.CopyFrom(request) }, new CallOptions(Timeout: MtlsHost.Limit))).ClientCertificate;
    }

    /// <summary>What it shows from then on.</summary>
    public X509Certificate2 Show(ClientCertificate given, PrivateKey? key = null)
    {
        PrivateKey held = key ?? Key;
        byte[] pem = new byte[held.PemLength];
        held.WritePem(pem);
        return X509Certificate2.CreateFromPem(given.CertificateChain, System.Text.Encoding.ASCII.GetString(pem));
    }

    /// <summary>The call must fail so; returns what the caller is told.</summary>
    public static async Task<string> FailsAsync(Task call, StatusCode code)
    {
        RpcException error = await Assert.ThrowsAsync<RpcException>(() => call);
        Assert.Equal(code, error.StatusCode);
        return error.Status.Detail;
    }
}
