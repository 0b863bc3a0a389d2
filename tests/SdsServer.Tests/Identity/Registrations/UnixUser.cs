using System.Globalization;

namespace SdsServer.Tests.Identity.Registrations;

/// <summary>Who runs the tests.</summary>
internal static class UnixUser
{
    public static int Id { get; } = int.Parse(
        File.ReadLines("/proc/self/status").Single(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[2], CultureInfo.InvariantCulture);
}
