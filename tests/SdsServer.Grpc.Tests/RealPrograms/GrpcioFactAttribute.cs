using System.Diagnostics;

namespace SdsServer.Grpc.Tests.RealPrograms;

/// <summary>A test that needs a Python with grpcio; skipped with the reason when there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GrpcioFactAttribute : FactAttribute
{
    public GrpcioFactAttribute() =>
        Skip = Python is null ? "no Python with grpcio was found: install it (apt install python3-grpcio) or set PYTHON_WITH_GRPCIO to a python3 that has it." : null;

    public static string? Python { get; } =
        new[] { Environment.GetEnvironmentVariable("PYTHON_WITH_GRPCIO"), "python3", "/usr/bin/python3" }.FirstOrDefault(HasGrpcio);

    private static bool HasGrpcio(string? python)
    {
        if (string.IsNullOrEmpty(python))
        {
            return false;
        }

        try
        {
            using Process process = Process.Start(new ProcessStartInfo(python, ["-c", "import grpc"]) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
