namespace SdsServer.Cli.Demo;

/// <summary>A secret that cannot be used; the message goes to the server as the reason of a NACK.</summary>
internal sealed class SecretRejectedException(string message) : Exception(message);
