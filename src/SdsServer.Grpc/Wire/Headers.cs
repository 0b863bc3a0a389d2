using System.Buffers.Text;

namespace SdsServer.Grpc.Wire;

/// <summary>Names and values of the HTTP/2 headers gRPC speaks with, and the way between them and <see cref="Metadata"/>.</summary>
internal static class Headers
{
    public const string ContentType = "application/grpc";
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";
    public const string Timeout = "grpc-timeout";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";
    public const string Identity = "identity";
    public const string SupportedEncodings = $"{Identity},{Gzip.Name}";

    /// <summary>application/grpc or application/grpc+proto, parameters ignored; not grpc-web, not another codec.</summary>
    public static bool IsGrpc(ReadOnlySpan<char> contentType)
    {
        int end = contentType.IndexOf(';');
        ReadOnlySpan<char> mediaType = (end < 0 ? contentType : contentType[..end]).Trim();
        return mediaType.Equals(ContentType, StringComparison.OrdinalIgnoreCase)
            || mediaType.Equals($"{ContentType}+proto", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Adds one received header line; pseudo headers and the protocol's own stay out.</summary>
    /// <exception cref="RpcException">A binary value is no base64.</exception>
    public static void Receive(Metadata metadata, string name, string? value)
    {
        string key = name.ToLowerInvariant();
        if (value is null || key is Status or Message or Timeout or Encoding or AcceptEncoding or "content-type" or "te" || key.StartsWith(':'))
        {
            return;
        }

        if (!key.EndsWith(Metadata.BinarySuffix, StringComparison.Ordinal))
        {
            metadata.AddReceived(key, value);
            return;
        }

        foreach (string part in value.Split(',', StringSplitOptions.TrimEntries))
        {
            metadata.AddReceived(key, Base64Bytes(key, part));
        }
    }

    /// <summary>The status a peer sent as text; a code out of range is UNKNOWN.</summary>
    public static Status ReceiveStatus(string code, string? message) => new(
        int.TryParse(code, out int number) && Enum.IsDefined((StatusCode)number) ? (StatusCode)number : StatusCode.Unknown,
        PercentCoding.Decode(message ?? ""));

    // Peers send base64 with or without padding.
    private static byte[] Base64Bytes(string key, string text)
    {
        string unpadded = text.TrimEnd('=');
        string padded = (unpadded.Length % 4) switch
        {
            2 => unpadded + "==",
            3 => unpadded + "=",
            _ => unpadded,
        };
        return Base64.IsValid(padded)
            ? Convert.FromBase64String(padded)
            : throw new RpcException(StatusCode.Internal, $"the header '{key}' is no base64");
    }
}
