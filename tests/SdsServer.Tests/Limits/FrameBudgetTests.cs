using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using SdsServer.Limits;
using SdsServer.Testing;

namespace SdsServer.Tests.Limits;

/// <summary>What a connection may send: all that an Envoy does, and no flood.</summary>
public sealed class FrameBudgetTests
{
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) { IsMonotonic = true };

    /// <summary>What is in the log, the flood, and how long its last frame is.</summary>
    public static TheoryData<string, byte[], int> Floods => new()
    {
        { "CVE-2023-44487", new Frames().Settings().Repeat(101, (frames, stream) => frames.Headers(stream).Reset(stream)).Bytes, 13 },
        { "CVE-2023-44487", new Frames().Settings().Repeat(6_001, (frames, stream) => frames.Headers(stream).Data(stream, 30).Reset(stream)).Bytes, 13 },
        { "CVE-2025-8671", new Frames().Settings().Repeat(101, (frames, stream) => frames.Headers(stream).WindowUpdate(stream, 0)).Bytes, 13 },
        { "CVE-2025-8671", new Frames().Settings().Repeat(101, (frames, stream) => frames.Headers(stream).WindowUpdate(stream, int.MaxValue)).Bytes, 13 },
        { "CVE-2019-9512", new Frames().Settings().Repeat(1_001, (frames, _) => frames.Ping()).Bytes, 17 },
        { "CVE-2019-9515", new Frames().Repeat(21, (frames, _) => frames.Settings()).Bytes, 9 },
        { "CVE-2019-9518", new Frames().Headers(1).Repeat(1_001, (frames, _) => frames.Data(1, 0)).Bytes, 9 },
        { "CVE-2019-9518", new Frames().Headers(1).Repeat(1_001, (frames, _) => frames.Add(0, 8, 1, 2, 0, 0)).Bytes, 12 },
        { "CVE-2024-27316", new Frames().Add(1, 0, 1, 0x83).Repeat(1_001, (frames, _) => frames.Add(9, 0, 1, 0x86)).Bytes, 10 },
        { "streams without end", new Frames().Settings().Repeat(8_001, (frames, stream) => frames.Headers(stream)).Bytes, 15 },
        { "nobody needs", new Frames().Headers(1).Repeat(1_001, (frames, _) => frames.Add(2, 0, 1, 0, 0, 0, 0, 16)).Bytes, 14 },
    };

    [Theory]
    [MemberData(nameof(Floods))]
    public void A_flood_is_over_it_with_its_last_frame_however_it_is_cut(string what, byte[] bytes, int last)
    {
        Assert.Null(new FrameBudget(_time, static () => true).See(new ReadOnlySequence<byte>(bytes[..^last])));
        Assert.Contains(what, new FrameBudget(_time, static () => true).See(new ReadOnlySequence<byte>(bytes)), StringComparison.Ordinal);
        FrameBudget slowly = new(_time, static () => true);
        string?[] seen = [.. bytes.Select(one => slowly.See(new ReadOnlySequence<byte>(new[] { one }))).Where(excess => excess is not null)];
        Assert.Contains(what, Assert.Single(seen), StringComparison.Ordinal);
    }

    [Fact]
    public void An_Envoy_opens_a_thousand_streams_at_once_and_drops_them_later_and_does_so_again()
    {
        FrameBudget budget = new(_time, static () => true);
        byte[] opens = new Frames().Settings().Repeat(1_000, (frames, stream) => frames.Headers(stream).Data(stream, 60_000).WindowUpdate(stream, 200)).Bytes;
        Assert.Null(budget.See(new ReadOnlySequence<byte>(opens)));
        _time.Advance(TimeSpan.FromSeconds(1));
        byte[] drops = new Frames().Repeat(1_000, (frames, stream) => frames.Reset(stream)).Bytes;
        Assert.Null(budget.See(new ReadOnlySequence<byte>(drops[24..])));
        byte[] anew = new Frames().Repeat(1_000, (frames, stream) => frames.Headers(stream + 2_000).Data(stream + 2_000, 300)).Bytes;
        Assert.Null(budget.See(new ReadOnlySequence<byte>(anew[24..])));
    }

    // It resets what the server has ended, and its backoff doubles from half a second (without its jitter, which makes it slower or a little faster).
    [Fact]
    public void An_Envoy_whose_thousand_streams_are_all_refused_tries_again_and_is_not_taken_for_a_flood()
    {
        FrameBudget budget = new(_time, static () => true);
        for (int turn = 0; turn < 200; turn++)
        {
            Frames frames = new Frames().Repeat(1_000, (refused, stream) => refused.Headers(stream + (uint)(2_000 * turn)).Data(stream + (uint)(2_000 * turn), 300).Reset(stream + (uint)(2_000 * turn)));
            Assert.Null(budget.See(new ReadOnlySequence<byte>(turn == 0 ? frames.Bytes : frames.Bytes[24..])));
            _time.Advance(TimeSpan.FromSeconds(Math.Min(15, 0.25 * (1 << Math.Min(turn, 10)))));
        }
    }

    // Else a stranger could have the server remember streams without end, and one who drops what never got a message would be cut for it.
    [Fact]
    public void A_stream_that_is_older_than_a_second_is_remembered_no_more()
    {
        FrameBudget budget = new(_time, static () => true);
        Assert.Null(budget.See(new ReadOnlySequence<byte>(new Frames().Repeat(1_000, (frames, stream) => frames.Headers(stream)).Bytes)));
        Assert.Equal(1_000, budget.Remembered);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(budget.See(new ReadOnlySequence<byte>(new Frames().Repeat(1_000, (frames, stream) => frames.Reset(stream)).Bytes[24..])));
        Assert.Equal(0, budget.Remembered);
    }

    [Fact]
    public void From_an_address_that_is_distrusted_less_is_taken()
    {
        byte[] opens = new Frames().Repeat(2_001, (frames, stream) => frames.Headers(stream).Data(stream, 30)).Bytes;
        byte[] resets = new Frames().Repeat(1_001, (frames, stream) => frames.Headers(stream).Data(stream, 30).Reset(stream)).Bytes;
        Assert.Null(new FrameBudget(_time, static () => true).See(new ReadOnlySequence<byte>([.. opens])));
        Assert.Null(new FrameBudget(_time, static () => true).See(new ReadOnlySequence<byte>([.. resets])));
        Assert.Contains("streams without end", new FrameBudget(_time, static () => true, isDistrusted: true).See(new ReadOnlySequence<byte>([.. opens])), StringComparison.Ordinal);
        Assert.Contains("CVE-2023-44487", new FrameBudget(_time, static () => true, isDistrusted: true).See(new ReadOnlySequence<byte>([.. resets])), StringComparison.Ordinal);
    }

    // Of its own budget nothing is used up.
    [Theory]
    [InlineData(true, "CVE-2023-44487")]
    [InlineData(false, "CVE-2025-8671")]
    public void What_all_connections_of_its_address_may_counts_too(bool resets, string what)
    {
        Frames frames = new Frames().Settings().Headers(1).Headers(3);
        byte[] bytes = (resets ? frames.Data(1, 30).Reset(1).Reset(3) : frames.WindowUpdate(1, 0).WindowUpdate(3, 0)).Bytes;
        Assert.Null(new FrameBudget(_time, static () => true).See(new ReadOnlySequence<byte>(bytes)));
        int left = 1;
        Assert.Contains(what, new FrameBudget(_time, () => left-- > 0).See(new ReadOnlySequence<byte>(bytes)), StringComparison.Ordinal);
        Assert.Equal(-1, left);
    }

    [Fact]
    public void What_was_used_up_comes_back_with_time()
    {
        FrameBudget budget = new(_time, static () => true);
        Assert.Null(budget.See(new ReadOnlySequence<byte>(new Frames().Repeat(1_000, (frames, _) => frames.Ping()).Bytes)));
        byte[] ping = new Frames().Ping().Bytes[24..];
        for (int second = 0; second < 100; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Null(budget.See(new ReadOnlySequence<byte>([.. Enumerable.Repeat(ping, 100).SelectMany(one => one)])));
        }

        Assert.NotNull(budget.See(new ReadOnlySequence<byte>(ping)));
    }

    // Kestrel takes all of a buffer, but a reader need not.
    [Fact]
    public async Task What_is_read_twice_counts_once_and_what_is_over_is_not_read()
    {
        Pipe pipe = new();
        List<string> exceeded = [];
        FrameWatch watch = new(new Transport(pipe.Reader, pipe.Writer), new FrameBudget(_time, static () => true), exceeded.Add);
        byte[] bytes = new Frames().Settings().Repeat(1_000, (frames, _) => frames.Ping()).Bytes;
        await pipe.Writer.WriteAsync(bytes);
        for (int taken = 0; taken < bytes.Length; taken += 7)
        {
            ReadResult result = await watch.ReadAsync();
            Assert.Equal(bytes[taken..], result.Buffer.ToArray());
            watch.AdvanceTo(result.Buffer.GetPosition(Math.Min(7, result.Buffer.Length)));
        }

        Assert.Empty(exceeded);
        await pipe.Writer.WriteAsync(new Frames().Ping().Bytes.AsMemory(24));
        await Assert.ThrowsAsync<ConnectionAbortedException>(async () => await watch.ReadAsync());
        Assert.Single(exceeded);
    }

    private sealed record Transport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
