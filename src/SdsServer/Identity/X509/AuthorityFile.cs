using System.Collections.Frozen;
using System.Security.Cryptography;
using SdsServer.Core.Pki;

namespace SdsServer.Identity.X509;

/// <summary>
/// The certificates in a file that are trusted as authorities of clients. It is read again when it changes; one that cannot be used is refused with a
/// warning, and those from before count on.
/// </summary>
internal sealed class AuthorityFile
{
    private readonly string _file;
    private readonly ILogger _logger;
    private byte[] _digest;
    private volatile FrozenSet<Certificate> _trusted = [];
    private volatile string _fault = "";

    /// <exception cref="InvalidDataException">The file cannot be read, or holds no certificates.</exception>
    public AuthorityFile(string file, string setting, ILogger logger)
    {
        (_file, _logger) = (file, logger);
        try
        {
            byte[] pem = TrustedFile.Read(file);
            Take(pem);
            _digest = SHA256.HashData(pem);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new InvalidDataException($"{setting}: the authorities in '{file}' cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Authorities that count now.</summary>
    public IReadOnlySet<Certificate> Trusted => _trusted;

    /// <summary>Why the file on disk is refused; empty when it is not.</summary>
    public string Fault => _fault;

    /// <summary>Reads the file again if it has changed.</summary>
    public void Refresh()
    {
        try
        {
            byte[] pem = TrustedFile.Read(_file);
            byte[] digest = SHA256.HashData(pem);
            if (!digest.AsSpan().SequenceEqual(_digest))
            {
                Take(pem);
                _digest = digest;
                CertificateLog.AuthoritiesRead(_logger, _file, _trusted.Count);
            }

            _fault = "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            if (error.Message != _fault)
            {
                _fault = error.Message;
                CertificateLog.AuthoritiesUnreadable(_logger, _file, error.Message);
            }
        }
    }

    private void Take(byte[] pem)
    {
        Certificate[] read = [.. Certificate.ParsePem(pem).Distinct()];
        if (read.Length == 0)
        {
            throw new FormatException("it holds no certificate");
        }

        if (Array.Find(read, certificate => !certificate.IsAuthority) is { } leaf)
        {
            throw new FormatException($"{leaf} is no authority (CA:TRUE)");
        }

        _trusted = read.ToFrozenSet();
    }
}
