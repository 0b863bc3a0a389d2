using System.Net.Security;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using SdsServer.Storage.Keys;

namespace SdsServer.Hosting;

/// <summary>
/// An operator's certificate with its intermediates. Its files are read again while handshakes come, so that whoever renews it
/// restarts nothing; a pair that cannot be used is refused with a warning, and the one before serves on.
/// </summary>
internal sealed class ServingCertificate : IServingCertificate
{
    private const int MaxKeyFile = 1 << 20;
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
    /// <exception cref="UnauthorizedAccessException">Nor by this user; or strangers may read the key.</exception>
    /// <exception cref="CryptographicException">They hold no certificate and its key.</exception>
    public ServingCertificate(string certificateFile, string keyFile, TimeProvider time, ILogger logger)
    {
        (_certificateFile, _keyFile, _time, _logger) = (certificateFile, keyFile, time, logger);
        byte[] key = [];
        try
        {
            (string chain, key, _digest) = Read();
            (_context, _readAt) = (ServingContext.Create(chain, key), time.GetTimestamp());
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>What the next handshake presents.</summary>
    public PresentedCertificate Current
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

                return new PresentedCertificate(_context, RootId: null);
            }
        }
    }

    private void Refresh()
    {
        byte[] key = [];
        try
        {
            (string chain, key, byte[] digest) = Read();
            if (!digest.AsSpan().SequenceEqual(_digest))
            {
                (_context, _digest) = (ServingContext.Create(chain, key), digest);
                HostingLog.CertificateRead(_logger, _certificateFile, _context.TargetCertificate.NotAfter.ToUniversalTime());
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            HostingLog.Warn(_logger, $"the serving certificate cannot be read again, the one before serves on: {error.Message}");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>The caller zeroes the key.</summary>
    private (string Chain, byte[] Key, byte[] Digest) Read()
    {
        string chain = File.ReadAllText(_certificateFile);
        using SafeFileHandle file = File.OpenHandle(_keyFile);
        if (KeyFileAccess.Refusal("the private key", _keyFile, file) is { } refusal)
        {
            throw new UnauthorizedAccessException(refusal);
        }

        byte[] key = GC.AllocateUninitializedArray<byte>((int)Math.Min(RandomAccess.GetLength(file), MaxKeyFile), pinned: true);
        int read = RandomAccess.Read(file, key, 0);
        if (read < key.Length)
        {
            throw new IOException($"'{_keyFile}' changed while it was read");
        }

        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes(chain));
        hash.AppendData(key);
        return (chain, key, hash.GetHashAndReset());
    }
}
