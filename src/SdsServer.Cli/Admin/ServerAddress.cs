namespace SdsServer.Cli.Admin;

/// <summary>Finds the server's admin address.</summary>
internal static class ServerAddress
{
    public const string Default = "unix:///run/sdsserver/admin.sock";

    /// <summary>The flag, else <c>SDSCTL_SERVER</c>, else the socket of a server started in this directory, else the installed one's.</summary>
    public static string Choose(string? flag, CliHost host)
    {
        string? chosen = flag ?? host.Environment("SDSCTL_SERVER");
        if (!string.IsNullOrEmpty(chosen))
        {
            return chosen;
        }

        string local = Path.GetFullPath(Path.Combine(host.Directory, "sdsserver-data", "admin.sock"));
        return File.Exists(local) ? $"unix://{local}" : Default;
    }
}
