using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using SdsServer.Storage.Files;
using SdsServer.Storage.Keys;
using SdsServer.Storage.Tests.Sqlite;

namespace SdsServer.Storage.Tests.Keys;

public sealed class KeyFileAccessTests
{
    private const uint Own = 1000, Mounted = 2000, Foreign = 3000;

    [Theory]
    [InlineData("0600", Foreign)]
    [InlineData("0400", Foreign)]
    [InlineData("0440", Own)]
    [InlineData("0640", Own)]
    [InlineData("0440", Mounted)]
    [InlineData("0440", 0u)]
    public void A_file_that_no_stranger_may_read_is_taken(string mode, uint group) => Assert.Null(Judge(mode, group));

    [Theory]
    [InlineData("0440", Foreign, "chmod 600 '/run/key'")]
    [InlineData("0640", Foreign, "chmod 600 '/run/key'")]
    [InlineData("0460", Own, "chmod 440 '/run/key'")]
    [InlineData("0660", Mounted, "chmod 440 '/run/key'")]
    [InlineData("0620", Own, "chmod 600 '/run/key'")]
    [InlineData("0444", Own, "chmod 440 '/run/key'")]
    [InlineData("0444", Foreign, "chmod 600 '/run/key'")]
    [InlineData("0404", Own, "chmod 600 '/run/key'")]
    [InlineData("0602", Own, "chmod 600 '/run/key'")]
    [InlineData("0450", Own, "chmod 440 '/run/key'")]
    [InlineData("0700", Own, "chmod 600 '/run/key'")]
    public void Every_other_one_is_refused_with_its_mode_and_what_to_run(string mode, uint group, string run)
    {
        string refusal = Judge(mode, group)!;
        Assert.StartsWith($"the key-encryption key '/run/key' has mode {mode}", refusal, StringComparison.Ordinal);
        Assert.EndsWith($"Run: {run}", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_group_that_cannot_be_found_out_is_a_stranger() =>
        Assert.Contains("chmod 600", KeyFileAccess.Refusal("the key-encryption key", "/run/key", Mode("0440"), null, [Own]), StringComparison.Ordinal);

    [Fact]
    public async Task Groups_are_what_the_system_says()
    {
        using TemporaryDirectory directory = new();
        File.WriteAllText(directory["key"], "");
        using SafeFileHandle file = File.OpenHandle(directory["key"]);

        Assert.Equal(await RunAsync("stat", "-c", "%g", directory["key"]), $"{FileGroup.Of(file)}");
        Assert.Equal((await RunAsync("id", "-G")).Split(' ').Order(), FileGroup.OfProcess().Distinct().Select(group => $"{group}").Order());
    }

    private static string? Judge(string mode, uint group) => KeyFileAccess.Refusal("the key-encryption key", "/run/key", Mode(mode), group, [Own, Mounted]);

    private static UnixFileMode Mode(string octal) => (UnixFileMode)Convert.ToInt32(octal, 8);

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output.Trim();
    }
}
