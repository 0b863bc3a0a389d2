using System.Text;

namespace SdsServer.Grpc;

/// <summary>One header or trailer. A key that ends in <c>-bin</c> carries bytes, every other key printable ASCII.</summary>
public readonly struct MetadataEntry
{
    private readonly object _value;

    internal MetadataEntry(string key, object value) => (Key, _value) = (key, value);

    /// <summary>Lower case.</summary>
    public string Key { get; }

    public bool IsBinary => _value is byte[];

    /// <summary>The text; of a binary entry its base64 form.</summary>
    public string Value => _value is byte[] bytes ? Convert.ToBase64String(bytes).TrimEnd('=') : (string)_value;

    /// <summary>The bytes; of a text entry its ASCII form.</summary>
    public byte[] ValueBytes => _value as byte[] ?? Encoding.ASCII.GetBytes((string)_value);

    /// <summary>Never the value: metadata carries bearer tokens.</summary>
    public override string ToString() => Key;
}
