using System.Threading.Channels;
using SdsServer.Core.Authorities;
using SdsServer.Core.Rotation;

namespace SdsServer.Hosting;

/// <summary>
/// The roots by which bootstraps should know this server, kept current in a file that others read. Replaced by a rename: whoever reads it sees
/// the old roots or the new ones, and an Envoy that watches its directory notices.
/// </summary>
internal sealed class AnchorsFile(string path, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(5);

    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile TrustState? _wanted;
    private byte[] _written = [];
    private string _fault = "";

    /// <summary>Takes over a state; it is written soon, by <see cref="RunAsync"/>.</summary>
    public void Follow(TrustState state)
    {
        _wanted = state;
        _changed.Writer.TryWrite(true);
    }

    /// <summary>Writes the file if it is not what it should be.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public void Write()
    {
        TrustState state = _wanted!;
        byte[] pem = BootstrapAnchors.ToPem(state);
        if (pem.AsSpan().SequenceEqual(_written))
        {
            return;
        }

        string unfinished = $"{path}.new";
        File.Delete(unfinished);
        using (FileStream file = new(unfinished, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
        }))
        {
            file.Write(pem);
            file.Flush(flushToDisk: true);
        }

        File.Move(unfinished, path, overwrite: true);
        _written = pem;
        HostingLog.AnchorsWritten(logger, path, BootstrapAnchors.Of(state).Length);
    }

    /// <summary>Keeps the file current until stopped; where it cannot be written, it is tried again.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            _changed.Reader.TryRead(out _);
            bool failed = !TryWrite();
            using CancellationTokenSource round = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            await Task.WhenAny(_changed.Reader.WaitToReadAsync(round.Token).AsTask(), Task.Delay(failed ? s_retry : Timeout.InfiniteTimeSpan, time, round.Token));
            await round.CancelAsync();
        }
    }

    private bool TryWrite()
    {
        try
        {
            Write();
            _fault = "";
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (error.Message != _fault)
            {
                _fault = error.Message;
                HostingLog.Warn(logger, $"SdsServer:Xds:AnchorsFile: '{path}' cannot be written, whoever reads it keeps the anchors of before: {error.Message}");
            }

            return false;
        }
    }
}
