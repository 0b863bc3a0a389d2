using System.Security.Cryptography.X509Certificates;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Requests;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>An authority as the API shows it; its role in Open Service Mesh's words.</summary>
internal sealed class AuthorityMapper(ResourceNames names)
{
    private const string OrganizationOid = "2.5.4.10";
    private const string CommonNameOid = "2.5.4.3";

    /// <param name="role">By the engine: what it signed may still be out.</param>
    public Api.Authority Map(TrustState state, Authority authority, AuthorityRole role)
    {
        List<Certificate> chain = [.. authority.Chain.Select(der => Certificate.Parse(der.AsSpan()))];
        Certificate signing = chain[0];
        TrustRoot root = state.Root(authority.RootId);
        bool trusted = state.Trusts(root.Id);
        return new Api.Authority
        {
            Name = names.Authority(authority.Id),
            DisplayName = DisplayName(signing),
            Provider = authority.Provider switch
            {
                AuthorityProvider.BuiltIn => Api.AuthorityProvider.Builtin,
                _ => throw new ArgumentOutOfRangeException(nameof(authority), authority.Provider, null),
            },
            Role = Labels.Of(role),
            CertificateChain = string.Concat(chain.Select(certificate => Encoding.ASCII.GetString(certificate.ToPem()))),
            RootId = root.Id,
            Subject = signing.Subject.ToString(),
            Ski = Ski(signing),
            NotBefore = signing.NotBefore.ToTimestamp(),
            NotAfter = signing.NotAfter.ToTimestamp(),
            Tainted = authority.Tainted,
            Since = trusted ? root.Since ?? 0 : 0,
            DroppedAt = trusted ? 0 : root.DroppedAt ?? 0,
            CreatedBy = authority.CreatedBy,
            CreateTime = authority.CreatedAt.ToTimestamp(),
            KeyAlgorithm = Algorithm(signing.PublicKey.Algorithm),
            Revision = state.Decisions,
        };
    }

    public static string Ski(Certificate certificate) =>
        certificate.SubjectKeyIdentifier is { } ski ? Convert.ToHexStringLower(ski.Span) : "";

    public static Api.KeyAlgorithm Algorithm(KeyAlgorithm? algorithm) => algorithm switch
    {
        KeyAlgorithm.EcdsaP256 => Api.KeyAlgorithm.P256,
        KeyAlgorithm.EcdsaP384 => Api.KeyAlgorithm.P384,
        KeyAlgorithm.Rsa2048 => Api.KeyAlgorithm.Rsa2048,
        KeyAlgorithm.Rsa4096 => Api.KeyAlgorithm.Rsa4096,
        _ => Api.KeyAlgorithm.Unspecified,
    };

    // A display name is kept where nothing can separate it from its certificate: as the organization in the subject.
    private static string DisplayName(Certificate certificate)
    {
        Dictionary<string, string> attributes = new X500DistinguishedName(certificate.Subject.Der.Span)
            .EnumerateRelativeDistinguishedNames()
            .Where(part => !part.HasMultipleElements)
            .DistinctBy(part => part.GetSingleElementType().Value)
            .ToDictionary(part => part.GetSingleElementType().Value ?? "", part => part.GetSingleElementValue() ?? "");
        string organization = attributes.GetValueOrDefault(OrganizationOid, "");
        return organization.Length > 0 && organization != NewRoots.DefaultOrganization ? organization : attributes.GetValueOrDefault(CommonNameOid, "");
    }
}
