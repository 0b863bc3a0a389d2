using System.Diagnostics;

namespace SdsServer.Tests.Xds;

/// <summary>A test that needs Python with grpcio; skipped with the reason where it is not.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PythonGrpcFactAttribute : FactAttribute
{
    public const string Python = "/usr/bin/python3";

    public PythonGrpcFactAttribute() =>
        Skip = HasGrpc() ? null : $"{Python} with the module grpc is not on this machine (Debian: apt install python3-grpcio)";

    private static bool HasGrpc()
    {
        if (!File.Exists(Python))
        {
            return false;
        }

        using Process process = Process.Start(new ProcessStartInfo(Python, ["-c", "import grpc"]) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
