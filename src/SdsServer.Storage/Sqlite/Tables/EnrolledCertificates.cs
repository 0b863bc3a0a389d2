using Dapper;
using Microsoft.Data.Sqlite;
using SdsServer.Core.Enrolment;

namespace SdsServer.Storage.Sqlite.Tables;

/// <summary>The certificates of enrolled clients.</summary>
internal static class EnrolledCertificates
{
    private const string Columns = "serial, enrolment_id, spiffe_id, authority_id, token_id, key_hash, certificate, issued_at, not_after, revoked_at";

    public static void Insert(SqliteConnection connection, long trustDomain, EnrolledCertificate certificate)
    {
        int added = connection.Execute(
            $"""
            INSERT INTO enrolled_certificates (trust_domain, {Columns})
            VALUES (@trustDomain, @Serial, @EnrolmentId, @SpiffeId, @AuthorityId, @TokenId, @keyHash, @der, @issuedAt, @notAfter, NULL) ON CONFLICT DO NOTHING
            """,
            new
            {
                trustDomain,
                certificate.Serial,
                certificate.EnrolmentId,
                certificate.SpiffeId,
                certificate.AuthorityId,
                certificate.TokenId,
                keyHash = certificate.KeyHash.ToArray(),
                der = certificate.Certificate.ToArray(),
                issuedAt = certificate.IssuedAt.UtcTicks,
                notAfter = certificate.NotAfter.UtcTicks,
            });
        if (added == 0)
        {
            throw new InvalidOperationException($"there already is an enrolled certificate with serial number {certificate.Serial}: nothing was written");
        }
    }

    public static List<EnrolledCertificate> Load(SqliteConnection connection, string trustDomain) =>
        Read(connection, "trust_domain = (SELECT id FROM trust_domains WHERE name = @trustDomain) ORDER BY serial", new { trustDomain });

    /// <summary>The one that this token has brought the same key and identity since then, the newest if there are several; null for none that counts.</summary>
    public static EnrolledCertificate? FindRepeated(SqliteConnection connection, long trustDomain, EnrolledCertificate certificate, DateTimeOffset since) => Read(
        connection,
        """
        trust_domain = @trustDomain AND token_id = @TokenId AND key_hash = @keyHash AND spiffe_id = @SpiffeId
            AND serial = enrolment_id AND revoked_at IS NULL AND issued_at >= @since
        ORDER BY issued_at DESC LIMIT 1
        """,
        new { trustDomain, certificate.TokenId, keyHash = certificate.KeyHash.ToArray(), certificate.SpiffeId, since = since.UtcTicks }).FirstOrDefault();

    /// <summary>It is there, of this enrolment, and not revoked.</summary>
    public static bool Counts(SqliteConnection connection, long trustDomain, string serial, string enrolmentId) => connection.ExecuteScalar<bool>(
        "SELECT count(*) FROM enrolled_certificates WHERE trust_domain = @trustDomain AND serial = @serial AND enrolment_id = @enrolmentId AND revoked_at IS NULL",
        new { trustDomain, serial, enrolmentId });

    /// <summary>How many of an enrolment have not ended at this time and are not revoked.</summary>
    public static long CountOf(SqliteConnection connection, long trustDomain, string enrolmentId, DateTimeOffset now) => connection.ExecuteScalar<long>(
        "SELECT count(*) FROM enrolled_certificates WHERE trust_domain = @trustDomain AND enrolment_id = @enrolmentId AND revoked_at IS NULL AND not_after > @now",
        new { trustDomain, enrolmentId, now = now.UtcTicks });

    public static int Revoke(SqliteConnection connection, long trustDomain, EnrolmentRevocation revocation) => connection.Execute(
        """
        UPDATE enrolled_certificates SET revoked_at = @at
        WHERE trust_domain = @trustDomain AND revoked_at IS NULL AND (
            spiffe_id = @SpiffeId
            OR enrolment_id = (SELECT enrolment_id FROM enrolled_certificates WHERE trust_domain = @trustDomain AND serial = @Serial))
        """,
        new { trustDomain, revocation.Serial, revocation.SpiffeId, at = revocation.At.UtcTicks });

    public static int Prune(SqliteConnection connection, long trustDomain, DateTimeOffset endedBefore) => connection.Execute(
        "DELETE FROM enrolled_certificates WHERE trust_domain = @trustDomain AND not_after < @endedBefore", new { trustDomain, endedBefore = endedBefore.UtcTicks });

    private static List<EnrolledCertificate> Read(SqliteConnection connection, string where, object parameters)
    {
        List<EnrolledCertificate> certificates = [];
        using System.Data.Common.DbDataReader reader = (System.Data.Common.DbDataReader)connection.ExecuteReader($"SELECT {Columns} FROM enrolled_certificates WHERE {where}", parameters);
        while (reader.Read())
        {
            certificates.Add(new EnrolledCertificate
            {
                Serial = reader.GetString(0),
                EnrolmentId = reader.GetString(1),
                SpiffeId = reader.GetString(2),
                AuthorityId = reader.GetString(3),
                TokenId = reader.GetString(4),
                KeyHash = [.. reader.GetFieldValue<byte[]>(5)],
                Certificate = [.. reader.GetFieldValue<byte[]>(6)],
                IssuedAt = new DateTimeOffset(reader.GetInt64(7), TimeSpan.Zero),
                NotAfter = new DateTimeOffset(reader.GetInt64(8), TimeSpan.Zero),
                RevokedAt = reader.IsDBNull(9) ? null : new DateTimeOffset(reader.GetInt64(9), TimeSpan.Zero),
            });
        }

        return certificates;
    }
}
