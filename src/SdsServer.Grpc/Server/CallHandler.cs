using System.IO.Pipelines;
using SdsServer.Grpc.Wire;

namespace SdsServer.Grpc.Server;

/// <summary>A method after its types are gone: reads requests, runs the handler, writes responses.</summary>
/// <param name="MaxRequestSize">Of one request message, in bytes; null: what the options say.</param>
internal sealed record CallHandler(string Path, bool IsStreaming, int? MaxRequestSize, Func<MessageReader, PipeWriter, ServerCallContext, Task> RunAsync);
