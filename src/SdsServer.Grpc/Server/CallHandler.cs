using System.IO.Pipelines;
using SdsServer.Grpc.Wire;

namespace SdsServer.Grpc.Server;

/// <summary>A method after its types are gone: reads requests, runs the handler, writes responses.</summary>
internal sealed record CallHandler(string Path, bool IsStreaming, Func<MessageReader, PipeWriter, ServerCallContext, Task> RunAsync);
