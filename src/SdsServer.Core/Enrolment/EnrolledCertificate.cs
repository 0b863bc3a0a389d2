using System.Collections.Immutable;

namespace SdsServer.Core.Enrolment;

/// <summary>A client certificate that this server has given. Only what is stored is believed: a stolen authority key makes nothing that counts.</summary>
public sealed record EnrolledCertificate
{
    /// <summary>Lower-case hex, unique.</summary>
    public required string Serial { get; init; }

    /// <summary>The serial of the first certificate of this enrolment: its own, or that of the one all renewals began with.</summary>
    public required string EnrolmentId { get; init; }

    public required string SpiffeId { get; init; }

    /// <summary>The <see cref="EnrolmentAuthority.Id"/> that signed it.</summary>
    public required string AuthorityId { get; init; }

    /// <summary>The join token the enrolment began with.</summary>
    public required string TokenId { get; init; }

    /// <summary>SHA-256 of the client's SubjectPublicKeyInfo.</summary>
    public required ImmutableArray<byte> KeyHash { get; init; }

    /// <summary>DER.</summary>
    public required ImmutableArray<byte> Certificate { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>When it was taken back; null while it counts.</summary>
    public DateTimeOffset? RevokedAt { get; init; }
}
