namespace SdsServer.Grpc.Server;

/// <summary>The client reset the call or its connection ended. To a handler it is a cancellation like any other.</summary>
internal sealed class ClientGoneException(Exception? inner = null) : OperationCanceledException("The client has left the call.", inner);
