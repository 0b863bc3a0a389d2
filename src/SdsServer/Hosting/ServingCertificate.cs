using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Hosting;

/// <summary>
/// An operator's certificate with its intermediates. Its files are read again while handshakes come, so that whoever renews it
/// restarts nothing; a pair that cannot be used is refused with a warning, and the one before serves on.
/// </summary>
internal sealed class ServingCertificate : IServingCertificate
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly string _certificateFile;
    private readonly string _keyFile;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private SslStreamCertificateContext _context;
    private byte[] _digest;
    private long _readAt;

    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="CryptographicException">They hold no certificate and its key.</exception>
    public ServingCertificate(string certificateFile, string keyFile, TimeProvider time, ILogger logger)
    {
        (_certificateFile, _keyFile, _time, _logger) = (certificateFile, keyFile, time, logger);
        (string chain, string key, _digest) = Read();
        (_context, _readAt) = (Parse(chain, key), time.GetTimestamp());
    }

    /// <summary>What the next handshake presents.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            lock (_lock)
            {
                if (_time.GetElapsedTime(_readAt) >= Interval)
                {
                    _readAt = _time.GetTimestamp();
                    Refresh();
                }

                return _context;
            }
        }
    }

    private void Refresh()
    {
        try
        {
            (string chain, string key, byte[] digest) = Read();
            if (!digest.AsSpan().SequenceEqual(_digest))
            {
                (_context, _digest) = (Parse(chain, key), digest);
                HostingLog.CertificateRead(_logger, _certificateFile, _context.TargetCertificate.NotAfter.ToUniversalTime());
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            HostingLog.Warn(_logger, $"the serving certificate cannot be read again, the one before serves on: {error.Message}");
        }
    }

    private (string Chain, string Key, byte[] Digest) Read()
    {
        (string chain, string key) = (File.ReadAllText(_certificateFile), File.ReadAllText(_keyFile));
        return (chain, key, SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(chain + key)));
    }

    private static SslStreamCertificateContext Parse(string chain, string key)
    {
        X509Certificate2Collection certificates = [];
        certificates.ImportFromPem(chain);
        return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(chain, key), [.. certificates.Skip(1)], offline: true);
    }
}
