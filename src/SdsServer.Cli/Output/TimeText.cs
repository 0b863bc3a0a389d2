using System.Globalization;
using Google.Protobuf.WellKnownTypes;

namespace SdsServer.Cli.Output;

/// <summary>Times as an operator reads them: always UTC, and how far away.</summary>
internal static class TimeText
{
    public static string Absolute(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string Absolute(Timestamp? time) => time is null ? "-" : Absolute(time.ToDateTimeOffset());

    public static string Date(Timestamp? time) => time is null ? "-" : time.ToDateTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary><c>in 5h22m</c>, <c>3s ago</c>, <c>now</c>.</summary>
    public static string Relative(DateTimeOffset time, DateTimeOffset now)
    {
        TimeSpan distance = time - now;
        return distance.Duration() < TimeSpan.FromSeconds(1) ? "now" : distance > TimeSpan.Zero ? $"in {Span(distance)}" : $"{Span(-distance)} ago";
    }

    public static string Relative(Timestamp? time, DateTimeOffset now) => time is null ? "-" : Relative(time.ToDateTimeOffset(), now);

    /// <summary>Both: <c>2026-11-21 09:14:02Z (in 5h22m)</c>.</summary>
    public static string Both(Timestamp? time, DateTimeOffset now) => time is null ? "-" : $"{Absolute(time)} ({Relative(time, now)})";

    /// <summary>The two largest units: <c>9y361d</c>, <c>3d4h</c>, <c>1h30m</c>, <c>45s</c>.</summary>
    public static string Span(TimeSpan span)
    {
        long seconds = (long)Math.Round(span.Duration().TotalSeconds);
        (long Length, string Name)[] units = [(365 * 86_400, "y"), (86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];
        for (int i = 0; i < units.Length; i++)
        {
            long count = seconds / units[i].Length;
            if (count > 0)
            {
                long rest = i + 1 < units.Length ? (seconds - count * units[i].Length) / units[i + 1].Length : 0;
                return rest > 0 ? $"{count}{units[i].Name}{rest}{units[i + 1].Name}" : $"{count}{units[i].Name}";
            }
        }

        return "0s";
    }
}
