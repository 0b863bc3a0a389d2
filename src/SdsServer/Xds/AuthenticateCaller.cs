using SdsServer.Grpc;
using SdsServer.Grpc.Server;
using SdsServer.Protos.Envoy.Core.V3;

namespace SdsServer.Xds;

/// <summary>Turns transport evidence into an identity, once for each call. The node is what the client claims and never evidence by itself.</summary>
/// <exception cref="RpcException">UNAUTHENTICATED or PERMISSION_DENIED; its detail travels to the caller.</exception>
public delegate ValueTask<Caller> AuthenticateCaller(ServerCallContext context, Node node);
