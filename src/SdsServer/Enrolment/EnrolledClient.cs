using SdsServer.Core.Enrolment;
using SdsServer.Core.Pki;

namespace SdsServer.Enrolment;

/// <summary>A certificate of an enrolled client that counts until it ends or is revoked.</summary>
internal sealed class EnrolledClient : IDisposable
{
    private readonly CancellationTokenSource _revoked = new();

    public EnrolledClient(EnrolledCertificate stored)
    {
        (Stored, Certificate, Revoked) = (stored, Certificate.Parse(stored.Certificate.AsSpan()), _revoked.Token);
        SpiffeId = SpiffeId.Parse(stored.SpiffeId);
    }

    public EnrolledCertificate Stored { get; }

    public Certificate Certificate { get; }

    public SpiffeId SpiffeId { get; }

    /// <summary>Fires when it is revoked: what it opened ends.</summary>
    public CancellationToken Revoked { get; }

    /// <summary>It is revoked, or gone.</summary>
    public void Dispose()
    {
        _revoked.Cancel();
        _revoked.Dispose();
    }
}
