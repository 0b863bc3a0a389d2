namespace SdsServer.Testing;

internal static class MissingPrograms
{
    /// <summary>Null when all are there.</summary>
    public static string? Reason(string[] programs)
    {
        string[] reasons = [.. programs.Where(name => Programs.Find(name) is null).Select(Programs.MissingReason)];
        return reasons.Length == 0 ? null : string.Join(' ', reasons);
    }
}
