using System.Buffers.Text;

namespace SdsServer.Testing.Leaks;

/// <summary>
/// Key-encryption keys that tests have used, in every form that they could be shown in: they look like nothing but noise, so <c>tests/leaks</c> can only search for
/// the values. Kept in a file of the folder that <c>SDSSERVER_TEST_KEYS</c> names; nowhere when it names none.
/// </summary>
public static class KnownKeys
{
    private const string Name = "key-encryption-key";
    private const int Length = 32;

    private static readonly Lock s_lock = new();
    private static readonly string? s_folder = Environment.GetEnvironmentVariable("SDSSERVER_TEST_KEYS") is { Length: > 0 } folder ? folder : null;

    /// <summary>Notes those below a directory that is about to be deleted.</summary>
    public static void NoteBelow(string directory)
    {
        if (s_folder is null || !Directory.Exists(directory))
        {
            return;
        }

        foreach (string file in Directory.EnumerateFiles(directory, $"{Name}*", SearchOption.AllDirectories))
        {
            // What a test has put there instead of a key would be found everywhere.
            if (File.ReadAllBytes(file) is { Length: Length } key && key.Distinct().Count() > Length / 2)
            {
                Note(key);
            }
        }
    }

    private static void Note(byte[] key)
    {
        string[] forms = [Convert.ToHexStringLower(key), Convert.ToHexString(key), Convert.ToBase64String(key).TrimEnd('='), Base64Url.EncodeToString(key)];
        lock (s_lock)
        {
            File.AppendAllLines(Path.Combine(s_folder!, $"{Environment.ProcessId}.txt"), forms);
        }
    }
}
