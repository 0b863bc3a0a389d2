namespace SdsServer.Tests.Protos;

/// <summary>One recorded request.</summary>
/// <param name="File">Where its bytes are.</param>
/// <param name="Envoy">The release that sent it.</param>
/// <param name="Method">The RPC, such as <c>StreamSecrets</c>.</param>
/// <param name="Length">Its length in bytes, as the recorder saw it.</param>
/// <param name="Content">What the recorder, built on Envoy's own API, read in it.</param>
/// <param name="Bytes">The message as it came off the wire.</param>
internal sealed record RecordedRequest(string File, Version Envoy, string Method, int Length, string Content, byte[] Bytes)
{
    public bool IsDelta => Method.StartsWith("Delta", StringComparison.Ordinal);
}
