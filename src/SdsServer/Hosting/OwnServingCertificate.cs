using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using SdsServer.Core.Issuance;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;

namespace SdsServer.Hosting;

/// <summary>
/// The certificate that the server issues itself, under the authority that the engine says. Its key is in memory alone: a new process makes a
/// new one. Replaced when that authority changes, and well before its end; where that fails the one before serves on, and it is tried again.
/// </summary>
internal sealed class OwnServingCertificate : IServingCertificate
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(5);

    // The wall clock may jump: nobody sleeps through half of a life.
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(30);

    private readonly ServingSigner _signer;
    private readonly TrustDomainLoop _loop;
    private readonly double _renewAt;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<bool> _moved = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile Shown? _current;
    private volatile string? _wanted;
    private string _fault = "";

    private OwnServingCertificate(ServingSigner signer, TrustDomainLoop loop, double renewAt, TimeProvider time, ILogger logger) =>
        (_signer, _loop, _renewAt, _time, _logger) = (signer, loop, renewAt, time, logger);

    public PresentedCertificate Current => _current!.Presented;

    /// <summary>Its end.</summary>
    public DateTimeOffset NotAfter => _current!.Leaf.NotAfter;

    /// <summary>Issues the first one.</summary>
    /// <param name="renewAt">At which part of its life the next one is issued.</param>
    /// <exception cref="CryptographicException">The authority's key cannot be opened.</exception>
    /// <exception cref="InvalidOperationException">The authority cannot sign it.</exception>
    public static async Task<OwnServingCertificate> StartAsync(ServingSigner signer, TrustDomainLoop loop, double renewAt, TimeProvider time, ILogger logger, CancellationToken cancellation)
    {
        OwnServingCertificate certificate = new(signer, loop, renewAt, time, logger);
        await loop.FollowTrustAsync(certificate.Follow, cancellation);
        try
        {
            await certificate.IssueAsync(cancellation);
            return certificate;
        }
        catch (IssuanceException error)
        {
            throw new InvalidOperationException($"the server's own serving certificate: {error.Message}", error);
        }
    }

    /// <summary>Replaces it as need be until stopped.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            _moved.Reader.TryRead(out _);
            bool failed = IsDue && !await TryIssueAsync(stopping);
            using CancellationTokenSource round = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            await Task.WhenAny(_moved.Reader.WaitToReadAsync(round.Token).AsTask(), Task.Delay(failed ? s_retry : s_look, _time, round.Token));
            await round.CancelAsync();
        }
    }

    private bool IsDue => _current is not { } current || current.AuthorityId != _wanted || _time.GetUtcNow() >= current.RenewAt;

    private void Follow(TrustState state)
    {
        if (state.Serving is { } serving && serving.AuthorityId != _wanted)
        {
            _wanted = serving.AuthorityId;
            _moved.Writer.TryWrite(true);
        }
    }

    private async Task<bool> TryIssueAsync(CancellationToken stopping)
    {
        try
        {
            await IssueAsync(stopping);
            _fault = "";
            return true;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return true;
        }
        catch (Exception error)
        {
            if (error.Message != _fault)
            {
                _fault = error.Message;
                HostingLog.Warn(_logger, $"the server's own serving certificate cannot be replaced, the one before serves on until {NotAfter:u}: {error.Message}");
            }

            return false;
        }
    }

    private async Task IssueAsync(CancellationToken cancellation)
    {
        (TrustState state, DateTimeOffset judged) = await _loop.ReadAsync(engine => (engine.State, engine.JudgedTime), cancellation);
        DateTimeOffset now = _time.GetUtcNow();
        using ServingLeaf made = await _signer.SignAsync(state, judged, now, cancellation);
        _current = Show(made, now + ((made.Leaf.NotAfter - now) * _renewAt));
        HostingLog.ServingIssued(_logger, made.AuthorityId, made.Leaf.Serial, made.Leaf.NotAfter);
    }

    private static Shown Show(ServingLeaf made, DateTimeOffset renewAt)
    {
        string chain = Encoding.ASCII.GetString(made.Leaf.ChainPem.Span);
        byte[] key = GC.AllocateUninitializedArray<byte>(made.Key.PemLength, pinned: true);
        try
        {
            made.Key.WritePem(key);
            return new Shown(made.AuthorityId, made.Leaf, renewAt, new PresentedCertificate(ServingContext.Create(chain, key), made.RootId));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private sealed record Shown(string AuthorityId, IssuedLeaf Leaf, DateTimeOffset RenewAt, PresentedCertificate Presented);
}
