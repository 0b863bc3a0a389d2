using System.Security.Cryptography;
using SdsServer.Core.Access;
using SdsServer.Core.Enrolment;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Enrolment;
using SdsServer.Testing;

namespace SdsServer.Tests.Enrolment;

public sealed class EnrolmentDirectoryTests : IDisposable
{
    private const string TrustDomain = "example.org";
    private const string Web = "spiffe://example.org/web";

    private readonly SigningAuthority _authority = SigningAuthority.CreateRoot(new AuthorityProfile(Core.Pki.TrustDomain.Parse(TrustDomain)), Now);
    private readonly SimulatedDisk _disk = new();

    private InMemoryTrustStore Store => new(_disk);

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task A_certificate_that_is_revoked_between_its_commit_and_its_entry_does_not_come_in()
    {
        long term = await PopulateAsync();
        using EnrolmentDirectory directory = new(Store, TrustDomain, _ => { });
        await directory.ReloadAsync(default);
        EnrolledCertificate certificate = Signed();
        long readings = directory.Readings;
        await Store.EnrolAsync(TrustDomain, term, certificate, DateTimeOffset.MaxValue, Entry("enrol"), default);
        await Store.RevokeEnrolmentsAsync(TrustDomain, term, new EnrolmentRevocation(certificate.Serial, "", Now, null), Entry("revoke"), default);
        await directory.ReloadAsync(default);

        await directory.AddAsync(certificate, readings);

        Assert.Null(directory.Find(Certificate.Parse(certificate.Certificate.AsSpan())));
    }

    [Fact]
    public async Task One_that_is_entered_late_but_counts_comes_in()
    {
        long term = await PopulateAsync();
        using EnrolmentDirectory directory = new(Store, TrustDomain, _ => { });
        await directory.ReloadAsync(default);
        EnrolledCertificate certificate = Signed();
        long readings = directory.Readings;
        await directory.ReloadAsync(default);
        await Store.EnrolAsync(TrustDomain, term, certificate, DateTimeOffset.MaxValue, Entry("enrol"), default);

        await directory.AddAsync(certificate, readings);

        Assert.Equal(Web, directory.Find(Certificate.Parse(certificate.Certificate.AsSpan()))?.Stored.SpiffeId);
    }

    [Fact]
    public async Task One_that_theStore_holds_and_no_authority_has_signed_is_not_believed()
    {
        long term = await PopulateAsync();
        using SigningAuthority stranger = SigningAuthority.CreateRoot(new AuthorityProfile(Core.Pki.TrustDomain.Parse(TrustDomain)), Now);
        EnrolledCertificate planted = Signed(stranger);
        await Store.EnrolAsync(TrustDomain, term, planted, DateTimeOffset.MaxValue, Entry("enrol"), default);
        using EnrolmentDirectory directory = new(Store, TrustDomain, _ => { });
        await directory.ReloadAsync(default);

        Assert.Null(directory.Find(Certificate.Parse(planted.Certificate.AsSpan())));
    }

    public void Dispose() => _authority.Dispose();

    private async Task<long> PopulateAsync()
    {
        long term = (await Store.BeginTermAsync(TrustDomain, DateTimeOffset.MinValue, default)).Term;
        AccessToken token = new()
        {
            Id = "join", DisplayName = "", SpiffeId = Web, Hash = [.. SHA256.HashData([1])], CreatedAt = Now, NotAfter = Now.AddHours(1), Join = new JoinTerms(0, 0),
        };
        await Store.AddTokenAsync(TrustDomain, term, token, Entry("token"), default);
        EnrolmentAuthority authority = new() { Id = "enrolment/1", Certificate = [.. _authority.Root.Der.Span], CreatedAt = Now, CreatedBy = "test" };
        await Store.AddEnrolmentAuthorityAsync(TrustDomain, term, authority, new byte[] { 1 }, Entry("authority"), default);
        return term;
    }

    private EnrolledCertificate Signed(SigningAuthority? by = null)
    {
        (IssuedLeaf leaf, PrivateKey key) = new LeafIssuer(by ?? _authority, LeafPolicy.Default, LeafUse.Client).Issue(new LeafRequest(SpiffeId.Parse(Web)), KeyAlgorithm.EcdsaP256, Now);
        using (key)
        {
            return new EnrolledCertificate
            {
                Serial = leaf.Serial, EnrolmentId = leaf.Serial, SpiffeId = Web, AuthorityId = "enrolment/1", TokenId = "join", KeyHash = [.. SHA256.HashData(key.PublicKey.Der.Span)],
                Certificate = [.. leaf.Der.Span], IssuedAt = Now, NotAfter = leaf.NotAfter,
            };
        }
    }

    private static Decision Entry(string action) => new() { At = Now, Actor = "test", Kind = DecisionKind.Enrol, Action = action };
}
