namespace SdsServer.Hosting;

/// <summary>The certificate of a TLS listener.</summary>
internal interface IServingCertificate
{
    /// <summary>What the next handshake presents.</summary>
    PresentedCertificate Current { get; }
}
