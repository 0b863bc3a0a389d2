using System.Net.Security;

namespace SdsServer.Hosting;

/// <summary>What a handshake of this server presents.</summary>
/// <param name="Context">The certificate with its intermediates and key.</param>
/// <param name="RootId">The root of this mesh that it is under; null where it is an operator's.</param>
internal sealed record PresentedCertificate(SslStreamCertificateContext Context, string? RootId);
