using Dapper;
using Microsoft.Data.Sqlite;
using SdsServer.Core.Enrolment;

namespace SdsServer.Storage.Sqlite.Tables;

/// <summary>Who signs, and has signed, the certificates of enrolled clients.</summary>
internal static class EnrolmentAuthorities
{
    /// <summary>Adds the one that signs from now on; the key of the one before goes.</summary>
    public static void Replace(SqliteConnection connection, long trustDomain, EnrolmentAuthority authority)
    {
        connection.Execute(
            """
            DELETE FROM authority_keys WHERE trust_domain = @trustDomain
                AND authority_id IN (SELECT id FROM enrolment_authorities WHERE trust_domain = @trustDomain);
            UPDATE enrolment_authorities SET replaced_at = @at WHERE trust_domain = @trustDomain AND replaced_at IS NULL
            """,
            new { trustDomain, at = authority.CreatedAt.UtcTicks });
        int added = connection.Execute(
            """
            INSERT INTO enrolment_authorities (trust_domain, id, certificate, created_at, created_by)
            VALUES (@trustDomain, @Id, @certificate, @at, @CreatedBy) ON CONFLICT (trust_domain, id) DO NOTHING
            """,
            new { trustDomain, authority.Id, certificate = authority.Certificate.ToArray(), at = authority.CreatedAt.UtcTicks, authority.CreatedBy });
        if (added == 0)
        {
            throw new InvalidOperationException($"there already is an enrolment authority '{authority.Id}'; choose another id");
        }
    }

    public static List<EnrolmentAuthority> Load(SqliteConnection connection, string trustDomain) =>
        [.. connection.Query<(string Id, byte[] Certificate, long CreatedAt, string CreatedBy, long? ReplacedAt)>(
            """
            SELECT enrolment_authorities.id, certificate, created_at, created_by, replaced_at
            FROM enrolment_authorities JOIN trust_domains ON trust_domains.id = trust_domain
            WHERE name = @trustDomain ORDER BY created_at, enrolment_authorities.id
            """,
            new { trustDomain })
            .Select(row => new EnrolmentAuthority
            {
                Id = row.Id,
                Certificate = [.. row.Certificate],
                CreatedAt = new DateTimeOffset(row.CreatedAt, TimeSpan.Zero),
                CreatedBy = row.CreatedBy,
                ReplacedAt = row.ReplacedAt is { } ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null,
            })];

    /// <summary>Lets those go that have signed nothing that is stored.</summary>
    public static void Prune(SqliteConnection connection, long trustDomain) => connection.Execute(
        """
        DELETE FROM enrolment_authorities WHERE trust_domain = @trustDomain AND replaced_at IS NOT NULL
            AND id NOT IN (SELECT authority_id FROM enrolled_certificates WHERE trust_domain = @trustDomain)
        """,
        new { trustDomain });
}
