namespace SdsServer.Tests.Dumps;

/// <summary>A core dump, searched without ever being in memory as a whole.</summary>
internal static class DumpFile
{
    private const int Chunk = 32 << 20;
    private const int Overlap = 16 << 10;

    /// <summary>Where each of some byte sequences stands, by name, with the bytes before it.</summary>
    /// <param name="path">Of the dump.</param>
    /// <param name="wanted">None longer than <see cref="Overlap"/>.</param>
    /// <param name="before">How many bytes before each place are kept.</param>
    public static ILookup<string, byte[]> Search(string path, IReadOnlyList<(string Name, byte[] Bytes)> wanted, int before)
    {
        List<(string, byte[])> found = [];
        byte[] buffer = new byte[Chunk + Overlap + before];
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        int kept = 0;
        for (int read; (read = file.ReadAtLeast(buffer.AsSpan(kept), buffer.Length - kept, throwOnEndOfStream: false)) > 0;)
        {
            int length = kept + read;
            bool last = length < buffer.Length;
            Span<byte> searched = buffer.AsSpan(0, length);

            // What begins in the part that comes again is found then.
            int from = kept == 0 ? 0 : before, end = last ? length : length - Overlap;
            foreach ((string name, byte[] bytes) in wanted)
            {
                for (int at = from, next; at < end && (next = searched[at..].IndexOf(bytes)) >= 0 && at + next < end; at += next + 1)
                {
                    found.Add((name, searched[Math.Max(0, at + next - before)..(at + next)].ToArray()));
                }
            }

            kept = last ? 0 : Overlap + before;
            searched[(length - kept)..].CopyTo(buffer);
        }

        return found.ToLookup(place => place.Item1, place => place.Item2);
    }
}
