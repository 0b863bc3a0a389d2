using System.Collections;
using System.Collections.Frozen;

namespace SdsServer.Grpc;

/// <summary>
/// Request headers, response headers or trailers. A key may occur several times; entries of one key keep their order.
/// A peer or proxy may join text entries of one key with a comma, as HTTP allows; binary entries come apart again.
/// </summary>
public sealed class Metadata : IEnumerable<MetadataEntry>
{
    public const string BinarySuffix = "-bin";

    // What the protocol writes itself; a second copy would be a protocol error at the peer.
    private static readonly FrozenSet<string> s_reserved = FrozenSet.Create(
        "content-type", "te", "host", "connection", "content-length", "transfer-encoding", "upgrade", "keep-alive", "trailer",
        "grpc-status", "grpc-message", "grpc-timeout", "grpc-encoding", "grpc-accept-encoding", "grpc-message-type");

    private readonly List<MetadataEntry> _entries = [];

    public int Count => _entries.Count;

    /// <exception cref="ArgumentException">The key or value cannot travel as a gRPC header.</exception>
    public void Add(string key, string value)
    {
        string name = Checked(key, binary: false);
        foreach (char c in value)
        {
            if (c is < ' ' or > '~')
            {
                throw new ArgumentException($"The value of metadata '{name}' is not printable ASCII; use a key that ends in '-bin'.", nameof(value));
            }
        }

        _entries.Add(new(name, value));
    }

    /// <exception cref="ArgumentException">The key does not end in <c>-bin</c> or cannot travel as a gRPC header.</exception>
    public void Add(string key, byte[] value) => _entries.Add(new(Checked(key, binary: true), value));

    public void Add(Metadata other) => _entries.AddRange(other._entries);

    /// <summary>The first value of the key, or null.</summary>
    public string? GetValue(string key) => Find(key)?.Value;

    /// <summary>The first value of the key as bytes, or null.</summary>
    public byte[]? GetValueBytes(string key) => Find(key)?.ValueBytes;

    public IEnumerable<MetadataEntry> GetAll(string key) =>
        _entries.Where(entry => entry.Key.Equals(key, StringComparison.OrdinalIgnoreCase));

    public IEnumerator<MetadataEntry> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>An entry off the wire: already decoded, not checked again.</summary>
    internal void AddReceived(string key, object value) => _entries.Add(new(key, value));

    private MetadataEntry? Find(string key)
    {
        foreach (MetadataEntry entry in _entries)
        {
            if (entry.Key.Equals(key, StringComparison.OrdinalIgnoreCase))
            {
                return entry;
            }
        }

        return null;
    }

    private static string Checked(string key, bool binary)
    {
        string name = key.ToLowerInvariant();
        if (name.Length == 0 || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.'))
        {
            throw new ArgumentException($"'{key}' is no metadata key: letters, digits, '-', '_' and '.' only.", nameof(key));
        }

        if (name.EndsWith(BinarySuffix, StringComparison.Ordinal) != binary)
        {
            throw new ArgumentException($"Metadata '{name}': keys that end in '-bin' take bytes, all others text.", nameof(key));
        }

        return s_reserved.Contains(name)
            ? throw new ArgumentException($"Metadata '{name}' belongs to the protocol itself.", nameof(key))
            : name;
    }
}
