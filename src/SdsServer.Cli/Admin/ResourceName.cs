namespace SdsServer.Cli.Admin;

/// <summary>Names of the admin API's resources, and the ids people type and read.</summary>
internal static class ResourceName
{
    /// <summary>The last part of a name: what people call it.</summary>
    public static string Id(string name) => name[(name.LastIndexOf('/') + 1)..];

    public static string TrustDomain(string idOrName) => Below("", "trustDomains", idOrName);

    public static string Authority(string parent, string idOrName) => Below(parent, "authorities", idOrName);

    public static string Rotation(string parent, string idOrName) => Below(parent, "rotations", idOrName);

    public static string Instance(string parent, string idOrName) => Below(parent, "instances", idOrName);

    public static string Token(string parent, string idOrName) => Below(parent, "tokens", idOrName);

    public static string Registration(string parent, string idOrName) => Below(parent, "registrations", idOrName);

    private static string Below(string parent, string collection, string idOrName) =>
        idOrName.StartsWith("trustDomains/", StringComparison.Ordinal) ? idOrName
        : parent.Length == 0 ? $"{collection}/{idOrName}"
        : $"{parent}/{collection}/{idOrName}";
}
