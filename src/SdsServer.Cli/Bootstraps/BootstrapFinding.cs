namespace SdsServer.Cli.Bootstraps;

/// <summary>Something in an Envoy's configuration that lets in whom it should not.</summary>
/// <param name="File">The file, as it was named.</param>
/// <param name="Line">Where the TLS context begins, from 1.</param>
/// <param name="Path">Where that is in the document: <c>static_resources.listeners[inbound].filter_chains[0].transport_socket.typed_config</c>.</param>
/// <param name="Problem">What is wrong.</param>
/// <param name="Advice">What to do.</param>
internal sealed record BootstrapFinding(string File, long Line, string Path, string Problem, string Advice);
