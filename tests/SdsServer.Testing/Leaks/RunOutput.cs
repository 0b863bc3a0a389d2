using System.Runtime.CompilerServices;

namespace SdsServer.Testing.Leaks;

/// <summary>
/// Everything that a test run makes visible to anybody: log lines, output of programs, dumps, messages of exceptions that were thrown. Kept
/// in a file of the folder that <c>SDSSERVER_TEST_OUTPUT</c> names, for <c>tests/leaks</c> to search; nowhere when it names none.
/// </summary>
public static class RunOutput
{
    private static readonly Lock s_lock = new();
    private static readonly StreamWriter? s_file = Open();

    [ThreadStatic]
    private static bool t_writing;

    /// <param name="source">Who has said it.</param>
    /// <param name="text">What.</param>
    public static void Write(string source, string text)
    {
        if (s_file is not null && !t_writing)
        {
            t_writing = true;
            try
            {
                lock (s_lock)
                {
                    s_file.WriteLine($"{source}: {text}");
                }
            }
            finally
            {
                t_writing = false;
            }
        }
    }

    /// <summary>Errors are thrown long before anybody decides where to show them.</summary>
#pragma warning disable CA2255 // The test assemblies are the application here: none of them should have to ask for this.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Watch()
    {
        if (s_file is not null)
        {
            AppDomain.CurrentDomain.FirstChanceException += static (_, thrown) => Write("thrown", $"{thrown.Exception.GetType().Name}: {thrown.Exception.Message}");
        }
    }

    private static StreamWriter? Open()
    {
        if (Environment.GetEnvironmentVariable("SDSSERVER_TEST_OUTPUT") is not { Length: > 0 } folder)
        {
            return null;
        }

        Directory.CreateDirectory(folder);
        return new StreamWriter(Path.Combine(folder, $"{Directory.GetParent(AppContext.BaseDirectory)!.Parent!.Name}-{Environment.ProcessId}.txt")) { AutoFlush = true };
    }
}
