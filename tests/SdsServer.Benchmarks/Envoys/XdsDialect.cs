using System.Text;

namespace SdsServer.Benchmarks.Envoys;

/// <summary>State-of-the-world or delta: the field numbers and answers that differ.</summary>
internal sealed record XdsDialect(string Name, string Path, int NodeField, int NamesField, int VersionField, int NonceField)
{
    private const int NodeIdField = 1;
    private const int TypeUrlField = 4;
    private const int DeltaTypeUrlField = 2;
    private static readonly byte[] SecretType = Encoding.ASCII.GetBytes("type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret");

    public static XdsDialect Sotw { get; } = new("sotw", "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets", 2, 3, 1, 5);

    public static XdsDialect Delta { get; } = new("delta", "/envoy.service.secret.v3.SecretDiscoveryService/DeltaSecrets", 1, 3, 0, 6);

    /// <summary>The recorded request with another node id; every other byte stays.</summary>
    public byte[] WithNodeId(ReadOnlySpan<byte> request, string nodeId)
    {
        List<byte> result = new(request.Length + nodeId.Length);
        foreach (ProtobufField field in ProtobufField.Read(request))
        {
            if (field.Number != NodeField)
            {
                result.AddRange(request[field.Whole]);
                continue;
            }

            ReadOnlySpan<byte> node = request[field.Content];
            List<byte> patched = new(node.Length + nodeId.Length);
            foreach (ProtobufField part in ProtobufField.Read(node))
            {
                patched.AddRange(part.Number == NodeIdField ? ProtobufField.Encode(NodeIdField, Encoding.UTF8.GetBytes(nodeId)) : node[part.Whole]);
            }

            result.AddRange(ProtobufField.Encode(NodeField, [.. patched]));
        }

        return [.. result];
    }

    /// <summary>A first request of an Envoy that has no extensions: what stands in for the recorded one where there is none.</summary>
    public byte[] Synthetic(string secretName)
    {
        byte[] node = [.. ProtobufField.Encode(NodeIdField, "node"u8), .. ProtobufField.Encode(2, "benchmark"u8), .. ProtobufField.Encode(6, "envoy"u8)];
        return
        [
            .. ProtobufField.Encode(NodeField, node),
            .. ProtobufField.Encode(NamesField, Encoding.UTF8.GetBytes(secretName)),
            .. ProtobufField.Encode(this == Sotw ? TypeUrlField : DeltaTypeUrlField, SecretType),
        ];
    }

    /// <summary>What an Envoy that sends its node once answers to accept a response.</summary>
    public byte[] Accept(ReadOnlySpan<byte> response, byte[] secretName) => this == Sotw
        ?
        [
            .. ProtobufField.Encode(VersionField, ProtobufField.Find(response, 1)),
            .. ProtobufField.Encode(NamesField, secretName),
            .. ProtobufField.Encode(TypeUrlField, SecretType),
            .. ProtobufField.Encode(NonceField, ProtobufField.Find(response, 5)),
        ]
        : [.. ProtobufField.Encode(DeltaTypeUrlField, SecretType), .. ProtobufField.Encode(NonceField, ProtobufField.Find(response, 5))];
}
