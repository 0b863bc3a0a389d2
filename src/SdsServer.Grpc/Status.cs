namespace SdsServer.Grpc;

/// <summary>How a call ended. <paramref name="Detail"/> travels to the peer: no secrets, no stack traces.</summary>
public readonly record struct Status(StatusCode Code, string Detail)
{
    public static Status OK => new(StatusCode.OK, "");

    public override string ToString() => Detail.Length == 0 ? $"{Code}" : $"{Code}: {Detail}";
}
