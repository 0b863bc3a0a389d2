using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Requests;
using SdsServer.Core.Enrolment;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>A certificate of an enrolled client as the API shows it.</summary>
internal sealed class EnrolmentMapper(ResourceNames names)
{
    public Api.Enrolment Map(EnrolledCertificate certificate) => new()
    {
        Name = names.Enrolment(certificate.Serial),
        Serial = certificate.Serial,
        FirstSerial = certificate.EnrolmentId,
        SpiffeId = certificate.SpiffeId,
        Token = names.Token(certificate.TokenId),
        KeyHash = Convert.ToHexStringLower(certificate.KeyHash.AsSpan()),
        CreateTime = certificate.IssuedAt.ToTimestamp(),
        ExpireTime = certificate.NotAfter.ToTimestamp(),
        RevokeTime = certificate.RevokedAt?.ToTimestamp(),
    };
}
