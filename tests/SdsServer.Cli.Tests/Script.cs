using SdsServer.Cli.Tests.Fakes;

namespace SdsServer.Cli.Tests;

/// <summary>
/// A session in a file: <c>situation NAME</c> chooses the mesh; <c>terminal</c> and <c>answer TEXT</c> set the scene; <c>$ sdsctl …</c> runs a command, of which
/// lines after <c>|</c> are stdout, after <c>!</c> stderr, and <c>= N</c> is the exit code. Lines with <c>#</c> are comments.
/// Run the tests with UPDATE_SCRIPTS=1 to write what the commands print now, and read the difference.
/// </summary>
internal sealed class Script(string path)
{
    public async Task RunAsync()
    {
        string expected = await File.ReadAllTextAsync(path);
        string actual = await PlayAsync(expected.TrimEnd().Split('\n'));
        if (Environment.GetEnvironmentVariable("UPDATE_SCRIPTS") == "1")
        {
            await File.WriteAllTextAsync(path, actual);
            return;
        }

        Assert.Equal(expected, actual);
    }

    private static async Task<string> PlayAsync(string[] lines)
    {
        StringWriter actual = new() { NewLine = "\n" };
        string situation = "steady";
        string? answer = null;
        foreach (string line in lines)
        {
            if (line.StartsWith("| ", StringComparison.Ordinal) || line is "|" || line.StartsWith("! ", StringComparison.Ordinal) || line is "!" || line.StartsWith("= ", StringComparison.Ordinal))
            {
                continue;
            }

            actual.WriteLine(line);
            switch (line.Split(' ', 2))
            {
                case ["situation", var name]:
                    situation = name;
                    break;
                case ["answer", var text]:
                    answer = text;
                    break;
                case ["$", var command]:
                    await RunAsync(actual, situation, command, answer);
                    answer = null;
                    break;
            }
        }

        return actual.ToString();
    }

    private static async Task RunAsync(StringWriter actual, string situation, string command, string? answer)
    {
        FakeAdmin admin = new(FakeMesh.In(situation));
        await using FakeServer server = await FakeServer.StartAsync(routes => admin.Map(routes));
        CliRun run = await CliRun.OfAsync(CliRun.Words(command)[1..], server.Address, answer);
        Write(actual, '|', run.Out, server);
        Write(actual, '!', run.Error, server);
        actual.WriteLine($"= {run.ExitCode}");
    }

    private static void Write(StringWriter actual, char mark, string text, FakeServer server)
    {
        foreach (string line in text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').Where(_ => text.Length > 0))
        {
            actual.WriteLine($"{mark} {line.Replace(server.Address, "ADDRESS", StringComparison.Ordinal)}".TrimEnd());
        }
    }
}
