using System.Buffers.Binary;

namespace SdsServer.Cli.Tests.Crashes;

/// <summary>SQLite's write-ahead log, read from outside (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).</summary>
internal static class WriteAheadLog
{
    private const int HeaderLength = 32;
    private const int FrameHeaderLength = 24;

    /// <summary>Where each commit in the log ends, in bytes from its begin; none if there is no log yet.</summary>
    public static List<long> Commits(string path)
    {
        List<long> ends = [];
        if (!File.Exists(path))
        {
            return ends;
        }

        using FileStream log = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        Span<byte> header = stackalloc byte[HeaderLength];
        Span<byte> frame = stackalloc byte[FrameHeaderLength];
        if (RandomAccess.Read(log.SafeFileHandle, header, 0) < HeaderLength)
        {
            return ends;
        }

        int length = FrameHeaderLength + BinaryPrimitives.ReadInt32BigEndian(header[8..]);
        for (long offset = HeaderLength; RandomAccess.Read(log.SafeFileHandle, frame, offset) == FrameHeaderLength; offset += length)
        {
            // Frames of other salts are left from before a checkpoint.
            if (!frame[8..16].SequenceEqual(header[16..24]))
            {
                break;
            }

            // The last frame of a transaction tells how many pages the database has after it; the others say 0.
            if (BinaryPrimitives.ReadInt32BigEndian(frame[4..]) != 0)
            {
                ends.Add(offset + length);
            }
        }

        return ends;
    }
}
