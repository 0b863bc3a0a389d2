using System.Globalization;
using SdsServer.Testing;
using SdsServer.Testing.Processes;

namespace SdsServer.Benchmarks.Issuing;

/// <summary><c>openssl speed</c>, the limit below any signer.</summary>
internal static class OpenSsl
{
    public static bool IsThere => Programs.Find("openssl") is not null;

    /// <summary>P-256 signatures a second on this many processes, measured for whole seconds.</summary>
    public static async Task<double> SignRateAsync(int seconds, int processes)
    {
        string[] many = processes == 1 ? [] : ["-multi", processes.ToString(CultureInfo.InvariantCulture)];
        await using ChildProcess speed = await ChildProcess.StartAsync(
            Programs.Find("openssl")!, ["speed", "-seconds", seconds.ToString(CultureInfo.InvariantCulture), .. many, "ecdsap256"]);
        await speed.Exited;

        // " 256 bits ecdsa (nistp256)   0.0000s   0.0001s  51000.0  17000.0": times for sign and verify, then rates.
        string line = speed.Log.Split('\n').Last(line => line.Contains("bits ecdsa (nistp256)", StringComparison.Ordinal) && line.Contains("s ", StringComparison.Ordinal));
        string[] figures = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return double.Parse(figures[^2], CultureInfo.InvariantCulture);
    }
}
