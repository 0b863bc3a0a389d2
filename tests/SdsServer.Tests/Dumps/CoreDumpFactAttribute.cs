using System.Runtime.InteropServices;

namespace SdsServer.Tests.Dumps;

/// <summary>A test that dumps another process of this user; skipped with the reason where that is not possible.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CoreDumpFactAttribute : FactAttribute
{
    private const string Restriction = "/proc/sys/kernel/yama/ptrace_scope";
    private const int Attach = 16;
    private const int NoSuchProcess = 3;

    public CoreDumpFactAttribute() => Skip = Reason();

    /// <summary>The runtime's own program for dumps.</summary>
    public static string Program { get; } = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "createdump");

    private static string? Reason() =>
        !OperatingSystem.IsLinux() ? "core dumps are taken on Linux only."
        : !File.Exists(Program) ? $"the runtime has no createdump: {Program}."
        : File.Exists(Restriction) && File.ReadAllText(Restriction).Trim() is not "0" and var scope && !(Environment.IsPrivilegedProcess && scope != "3")
            ? $"{Restriction} is {scope}, so a process may not read another's memory."
        : Trace(Attach, int.MaxValue, 0, 0) != -1 || Marshal.GetLastPInvokeError() != NoSuchProcess ? "this machine forbids ptrace (a container's seccomp profile, for instance)."
        : null;

    [DllImport("libc", EntryPoint = "ptrace", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern long Trace(long request, int process, nint address, nint data);
}
