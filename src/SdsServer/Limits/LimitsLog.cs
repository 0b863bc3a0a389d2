namespace SdsServer.Limits;

internal static partial class LimitsLog
{
    [LoggerMessage(7001, LogLevel.Warning, "A connection from {Address} is closed: {PerAddress} from there, or {All} in all, have not said who they are (SdsServer:Connections; {Unlogged} more like it since the line before)", EventName = "ConnectionRefused")]
    public static partial void ConnectionRefused(ILogger logger, string address, int perAddress, int all, long unlogged);

    [LoggerMessage(7002, LogLevel.Information, "A connection from {Address} is closed: nobody on it has said who they are within {Limit}", EventName = "NeverIdentified")]
    public static partial void NeverIdentified(ILogger logger, string address, TimeSpan limit);

    [LoggerMessage(7003, LogLevel.Warning, "A connection from {Address} is cut: it {Excess}; new ones from there come in one a second for the next minute ({Unlogged} more like it since the line before)", EventName = "Flooded")]
    public static partial void Flooded(ILogger logger, string address, string excess, long unlogged);
}
