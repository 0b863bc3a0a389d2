namespace SdsServer.Xds;

internal static class SecretType
{
    public const string Url = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";
}
