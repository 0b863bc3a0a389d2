using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using SdsServer.Grpc.Wire;

namespace SdsServer.Grpc.Tests.Wire;

public sealed class MessageReaderTests
{
    [Fact]
    public async Task Messages_come_out_whatever_pieces_they_came_in()
    {
        byte[] stream = [.. Frame(0, "one"u8), .. Frame(0, ""u8), .. Frame(0, "three"u8)];
        for (int piece = 1; piece <= stream.Length; piece++)
        {
            Pipe pipe = new();
            MessageReader reader = Reader(pipe.Reader);
            Task<List<string>> messages = AllAsync(reader);
            foreach (byte[] chunk in stream.Chunk(piece))
            {
                await pipe.Writer.WriteAsync(chunk);
            }

            await pipe.Writer.CompleteAsync();
            Assert.Equal(["one", "", "three"], await messages.WaitAsync(TimeSpan.FromSeconds(20)));
        }
    }

    [Theory]
    [InlineData("01", StatusCode.Internal)] // ends in the prefix
    [InlineData("0000000005AA", StatusCode.Internal)] // ends in the message
    [InlineData("02000000000000", StatusCode.Internal)] // unknown flag
    [InlineData("FF00000000", StatusCode.Internal)]
    [InlineData("0100000001AA", StatusCode.Internal)] // compressed, but the call names no encoding
    [InlineData("00FFFFFFFF", StatusCode.ResourceExhausted)] // 4 GiB: refused on the prefix
    [InlineData("0080000000", StatusCode.ResourceExhausted)] // 2 GiB: negative as an int
    [InlineData("0000000065", StatusCode.ResourceExhausted)] // one more than the limit
    public async Task Refuses_a_malformed_message(string hex, StatusCode status)
    {
        MessageReader reader = Reader(PipeReader.Create(new ReadOnlySequence<byte>(Convert.FromHexString(hex))));
        RpcException first = await Assert.ThrowsAsync<RpcException>(async () => await reader.ReadAsync(Text, default));
        Assert.Equal(status, first.StatusCode);
        RpcException again = await Assert.ThrowsAsync<RpcException>(async () => await reader.ReadAsync(Text, default));
        Assert.Equal(first.Status, again.Status);
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused_before_it_has_come()
    {
        Pipe pipe = new();
        await pipe.Writer.WriteAsync(Convert.FromHexString("00FFFFFFFF"));
        ValueTask<string?> read = Reader(pipe.Reader).ReadAsync(Text, default);
        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(async () => await read)).StatusCode);
    }

    [Fact]
    public async Task Gzip_is_undone()
    {
        MessageReader reader = Reader(Stream(Frame(1, Gzipped("hello"u8.ToArray()))), Gzip.Name);
        Assert.Equal("hello", await reader.ReadAsync(Text, default));
    }

    [Fact]
    public async Task A_gzip_bomb_stops_at_the_limit()
    {
        byte[] bomb = Gzipped(new byte[50_000]);
        Assert.InRange(bomb.Length, 1, 100);
        MessageReader reader = Reader(Stream(Frame(1, bomb)), Gzip.Name);
        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(async () => await reader.ReadAsync(Text, default))).StatusCode);
    }

    [Fact]
    public async Task What_decompresses_to_the_limit_itself_is_taken()
    {
        MessageReader reader = Reader(Stream(Frame(1, Gzipped(new byte[100]))), Gzip.Name);
        Assert.Equal(100, (await reader.ReadAsync(Text, default))?.Length);
    }

    [Theory]
    [InlineData("AABBCC")]
    [InlineData("1F8B08000000000000FF0000")]
    public async Task Broken_gzip_is_an_internal_error(string hex)
    {
        MessageReader reader = Reader(Stream(Frame(1, Convert.FromHexString(hex))), Gzip.Name);
        Assert.Equal(StatusCode.Internal, (await Assert.ThrowsAsync<RpcException>(async () => await reader.ReadAsync(Text, default))).StatusCode);
    }

    [Fact]
    public async Task A_second_enumeration_goes_on_where_the_first_was_left()
    {
        IAsyncEnumerable<string> messages = Reader(Stream([.. Frame(0, "a"u8), .. Frame(0, "b"u8), .. Frame(0, "c"u8)])).ReadAllAsync(Text, default);
        await foreach (string first in messages)
        {
            Assert.Equal("a", first);
            break;
        }

        List<string> rest = [];
        await foreach (string message in messages)
        {
            rest.Add(message);
        }

        Assert.Equal(["b", "c"], rest);
    }

    public static byte[] Frame(byte flag, ReadOnlySpan<byte> body) =>
        [flag, (byte)(body.Length >> 24), (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, .. body];

    public static byte[] Gzipped(byte[] bytes)
    {
        MemoryStream output = new();
        using (GZipStream gzip = new(output, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return output.ToArray();
    }

    private static MessageReader Reader(PipeReader pipe, string? encoding = null) => new(pipe, encoding, 100, error => error);

    private static PipeReader Stream(byte[] bytes) => PipeReader.Create(new ReadOnlySequence<byte>(bytes));

    private static string Text(ReadOnlySequence<byte> bytes) => Encoding.ASCII.GetString(bytes);

    private static async Task<List<string>> AllAsync(MessageReader reader)
    {
        List<string> messages = [];
        await foreach (string message in reader.ReadAllAsync(Text, default))
        {
            messages.Add(message);
        }

        return messages;
    }
}
