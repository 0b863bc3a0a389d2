namespace SdsServer.Benchmarks.Http2;

/// <summary>Takes a whole gRPC message, without its prefix, and gives back what to answer on the same stream, or null. The bytes are gone afterwards.</summary>
internal delegate byte[]? MessageReceived(ReadOnlySpan<byte> message);
