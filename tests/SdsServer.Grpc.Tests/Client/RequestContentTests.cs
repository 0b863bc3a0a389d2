using SdsServer.Grpc.Client;

namespace SdsServer.Grpc.Tests.Client;

/// <summary>The request's side of a call, without a connection.</summary>
public sealed class RequestContentTests
{
    // A server that answers without reading can be that quick.
    [Fact]
    public async Task A_write_does_not_wait_for_a_stream_that_ended_while_it_was_opened()
    {
        using RequestContent content = new(CancellationToken.None);
        using CancellationTokenSource ended = new();
        await ended.CancelAsync();
        await content.CopyToAsync(Stream.Null, ended.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => content.WriteAsync(new byte[5]).InTime());
    }
}
