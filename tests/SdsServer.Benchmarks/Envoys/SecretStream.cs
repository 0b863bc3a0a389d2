using System.Diagnostics;
using System.Text;
using SdsServer.Benchmarks.Http2;

namespace SdsServer.Benchmarks.Envoys;

/// <summary>One secret of one simulated Envoy. Accepts every response at once, and notes when it came.</summary>
internal sealed class SecretStream
{
    private readonly byte[] _name;
    private readonly XdsDialect _dialect;
    private readonly Http2Stream _stream;
    private readonly bool _keep;
    private readonly Action _arrived;

    public SecretStream(Http2Connection connection, SwarmOptions options, byte[] headers, string name, string nodeId, Action arrived)
    {
        (Name, _name, _dialect, _keep, _arrived) = (name, Encoding.UTF8.GetBytes(name), options.Envoy.Dialect, options.Keep, arrived);
        _stream = connection.Open(headers, options.Envoy.FirstRequest(name, nodeId), Receive);
    }

    public string Name { get; }

    /// <summary>How many responses came.</summary>
    public int Received { get; private set; }

    /// <summary><see cref="Stopwatch.GetTimestamp"/> of the newest.</summary>
    public long ReceivedAt { get; private set; }

    /// <summary>Bytes of the newest response.</summary>
    public int Size { get; private set; }

    /// <summary>The newest response, if they are to be kept.</summary>
    public byte[]? Newest { get; private set; }

    public string? Ended => _stream.Ended;

    private byte[] Receive(ReadOnlySpan<byte> response)
    {
        ReceivedAt = Stopwatch.GetTimestamp();
        Size = response.Length;
        Newest = _keep ? response.ToArray() : null;
        Received++;
        _arrived();
        return _dialect.Accept(response, _name);
    }
}
