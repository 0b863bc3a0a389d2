using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using SdsServer.Admin;
using SdsServer.Core.Enrolment;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;

namespace SdsServer.Enrolment;

/// <summary>The enrolment authority that signs, made at first use, and replaced before its end or when an operator says so. Safe for concurrent use.</summary>
internal sealed class EnrolmentSigner(TrustDomainAccess access, ITrustStore store, EnrolmentDirectory directory, EnrolmentSettings settings, TrustDomain trustDomain, TimeProvider time) : IDisposable
{
    private const string Engine = "engine";
    private static readonly TimeSpan s_lifetime = TimeSpan.FromDays(3652);

    private readonly SemaphoreSlim _turn = new(1);
    private (string Id, SigningAuthority Authority, LeafIssuer Issuer)? _open;

    /// <summary>Signs a client certificate, which counts once it is stored.</summary>
    /// <param name="key">A key whose holder has proven that he has it.</param>
    /// <param name="enrolmentId">The enrolment it renews; null for a new one.</param>
    /// <exception cref="CryptographicException">The authority's key cannot be decrypted.</exception>
    public async Task<EnrolledCertificate> SignAsync(SpiffeId id, PublicKeyInfo key, string tokenId, string? enrolmentId, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            DateTimeOffset now = time.GetUtcNow();
            (string authorityId, _, LeafIssuer issuer) = await OpenAsync(now);
            IssuedLeaf leaf = issuer.Issue(new LeafRequest(id), key, now);
            return new EnrolledCertificate
            {
                Serial = leaf.Serial,
                EnrolmentId = enrolmentId ?? leaf.Serial,
                SpiffeId = id.ToString(),
                AuthorityId = authorityId,
                TokenId = tokenId,
                KeyHash = [.. SHA256.HashData(key.Der.Span)],
                Certificate = [.. leaf.Der.Span],
                IssuedAt = now,
                NotAfter = leaf.NotAfter,
            };
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Makes another authority, which signs from now on. Certificates of those before count on until they end or are revoked.</summary>
    /// <param name="entry">Makes the line of the log from the new one's id and the state.</param>
    public async Task<EnrolmentAuthority> ReplaceAsync(string actor, Func<string, TrustState, Decision> entry, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            return await MakeAsync(actor, entry, time.GetUtcNow());
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        _turn.Dispose();
        _open?.Authority.Dispose();
    }

    private async Task<(string Id, SigningAuthority Authority, LeafIssuer Issuer)> OpenAsync(DateTimeOffset now)
    {
        if (_open is null && (await store.ReadEnrolmentsAsync(trustDomain.Name, CancellationToken.None)).Authorities.LastOrDefault(authority => authority.ReplacedAt is null) is { } stored)
        {
            byte[] pkcs8 = await store.ReadKeyAsync(trustDomain.Name, stored.Id, CancellationToken.None);
            try
            {
                Open(stored.Id, SigningAuthority.Load(PrivateKey.FromPkcs8(pkcs8), [Certificate.Parse(stored.Certificate.AsSpan())]));
            }
            finally
            {
                CryptographicOperations.ZeroMemory(pkcs8);
            }
        }

        bool ends = _open is { } open && open.Authority.NotAfter - now < 3 * settings.CertificateLifetime;
        if (_open is null || ends)
        {
            string why = ends ? "the one before nears its end" : "first enrolment";
            await MakeAsync(Engine, (id, state) => new Decision
            {
                At = now,
                Actor = Engine,
                Kind = DecisionKind.RotateEnrolmentAuthority,
                Subject = id,
                Action = $"make enrolment authority {id}",
                Reason = why,
                Revision = state.Decisions,
            }, now);
        }

        return _open!.Value;
    }

    private async Task<EnrolmentAuthority> MakeAsync(string actor, Func<string, TrustState, Decision> entry, DateTimeOffset now)
    {
        TrustState state = await access.ReadAsync(engine => engine.State, CancellationToken.None);
        string id = string.Create(CultureInfo.InvariantCulture, $"{EnrolmentAuthority.IdPrefix}{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");
        AuthorityProfile profile = new(trustDomain) { Lifetime = s_lifetime, PathLength = 0, Organization = "SdsServer Enrolment" };
        SigningAuthority made = SigningAuthority.CreateRoot(profile, now);
        byte[] pkcs8 = GC.AllocateUninitializedArray<byte>(made.Key.Pkcs8Length, pinned: true);
        try
        {
            made.Key.WritePkcs8(pkcs8);
            ImmutableArray<byte> der = [.. made.Root.Der.Span];
            EnrolmentAuthority authority = new() { Id = id, Certificate = der, CreatedAt = now, CreatedBy = actor };
            await store.AddEnrolmentAuthorityAsync(trustDomain.Name, state.Term, authority, pkcs8, entry(id, state), CancellationToken.None);
            await directory.ReloadAsync(CancellationToken.None);
            _open?.Authority.Dispose();
            Open(id, made);
            return authority;
        }
        catch
        {
            made.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    private void Open(string id, SigningAuthority authority) => _open = (id, authority, new LeafIssuer(authority, settings.Policy, LeafUse.Client));
}
