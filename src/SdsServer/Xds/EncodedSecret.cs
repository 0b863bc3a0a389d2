using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Protos.Envoy.Discovery.V3;

namespace SdsServer.Xds;

/// <summary>
/// The bytes of one secret under one name, shared by every stream that is sent it. Around the Secret stand the few bytes that make it an
/// element of <c>resources</c>, which differ between state-of-the-world (an Any) and delta (an Any in a Resource).
/// </summary>
internal sealed class EncodedSecret
{
    public EncodedSecret(string name, string version, ByteString secret)
    {
        (Name, Secret) = (name, secret);
        byte[] any = [.. new Any { TypeUrl = SecretType.Url }.ToByteArray(), .. Prefix(Any.ValueFieldNumber, secret.Length)];
        byte[] wrapped = [
            .. new Resource { Name = name, Version = version }.ToByteArray(),
            .. Prefix(Resource.Resource_FieldNumber, any.Length + secret.Length), .. any];
        SotwHead = (byte[])[.. Prefix(DiscoveryResponse.ResourcesFieldNumber, any.Length + secret.Length), .. any];
        DeltaHead = (byte[])[.. Prefix(DeltaDiscoveryResponse.ResourcesFieldNumber, wrapped.Length + secret.Length), .. wrapped];
    }

    public string Name { get; }

    /// <summary>The Secret message; follows either head.</summary>
    public ByteString Secret { get; }

    public ReadOnlyMemory<byte> SotwHead { get; }

    public ReadOnlyMemory<byte> DeltaHead { get; }

    /// <summary>Withheld: the bytes may hold a private key.</summary>
    public override string ToString() => $"encoded secret of {Secret.Length} bytes (withheld)";

    private static byte[] Prefix(int field, int length)
    {
        uint tag = WireFormat.MakeTag(field, WireFormat.WireType.LengthDelimited);
        byte[] prefix = new byte[CodedOutputStream.ComputeUInt32Size(tag) + CodedOutputStream.ComputeLengthSize(length)];
        using CodedOutputStream output = new(prefix);
        output.WriteUInt32(tag);
        output.WriteLength(length);
        output.Flush();
        return prefix;
    }
}
