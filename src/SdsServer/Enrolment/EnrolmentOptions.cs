namespace SdsServer.Enrolment;

/// <summary>Clients that come with a join token.</summary>
public sealed class EnrolmentOptions
{
    /// <summary>How long their certificates live. They can be revoked at any time, so this bounds only how long a client may be away, and a stolen key go unnoticed.</summary>
    public TimeSpan CertificateLifetime { get; set; } = TimeSpan.FromDays(7);

    /// <summary>PEM of the authorities by which clients are to know this server; given to them with their certificate. Empty: they know it by other means.</summary>
    public string ServerCaFile { get; set; } = "";

    /// <summary>Enrolments and renewals that may be tried from one address in a second, whatever comes of them.</summary>
    public int PerSecondPerAddress { get; set; } = 10;

    /// <summary>The same at once, after a pause.</summary>
    public int BurstPerAddress { get; set; } = 100;

    /// <summary>Enrolments with a good token in a second, from all addresses.</summary>
    public int PerSecond { get; set; } = 100;

    /// <summary>The same at once, after a pause.</summary>
    public int Burst { get; set; } = 500;
}
