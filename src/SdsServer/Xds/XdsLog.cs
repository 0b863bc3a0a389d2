namespace SdsServer.Xds;

internal static partial class XdsLog
{
    private const int ShownLength = 200;

    /// <summary>What a client wrote, fit for a log line: bounded, without line breaks.</summary>
    public static string Shown(string text)
    {
        string start = text.Length > ShownLength ? text[..ShownLength] + "…" : text;
        return start.Any(char.IsControl) ? string.Concat(start.Select(c => char.IsControl(c) ? ' ' : c)) : start;
    }

    [LoggerMessage(2001, LogLevel.Debug, "Stream {Stream} of {SpiffeId} ({Node}, Envoy {Version}) on connection {Connection} opened: {Method}", EventName = "StreamOpened")]
    public static partial void StreamOpened(
        ILogger logger, long stream, string spiffeId, string node, string version, long connection, string method);

    [LoggerMessage(2002, LogLevel.Debug, "Stream {Stream} closed", EventName = "StreamClosed")]
    public static partial void StreamClosed(ILogger logger, long stream);

    [LoggerMessage(2003, LogLevel.Warning, "{SpiffeId} ({Node}, stream {Stream}) refused '{Name}' (delivery {Delivery}): {Error}", EventName = "SecretRefused")]
    public static partial void SecretRefused(ILogger logger, string spiffeId, string node, long stream, string name, long delivery, string error);

    [LoggerMessage(2004, LogLevel.Warning, "{SpiffeId} ({Node}, stream {Stream}) has not read a response for {Limit}; the stream is dropped", EventName = "SlowReaderDropped")]
    public static partial void SlowReaderDropped(ILogger logger, string spiffeId, string node, long stream, TimeSpan limit);

    [LoggerMessage(2005, LogLevel.Information, "{SpiffeId} ({Node}, stream {Stream}) asks for '{Name}', which it has no secret of", EventName = "UnknownSecretName")]
    public static partial void UnknownSecretName(ILogger logger, string spiffeId, string node, long stream, string name);

    [LoggerMessage(2006, LogLevel.Debug, "Stream {Stream}: a request with the stale nonce '{Nonce}'", EventName = "StaleNonce")]
    public static partial void StaleNonce(ILogger logger, long stream, string nonce);

    [LoggerMessage(2007, LogLevel.Information, "{SpiffeId} ({Node}, stream {Stream}) is sent '{Name}' once more", EventName = "SecretResent")]
    public static partial void SecretResent(ILogger logger, string spiffeId, string node, long stream, string name);

    [LoggerMessage(2008, LogLevel.Debug, "Stream {Stream}: resources of type '{TypeUrl}' are not served here", EventName = "UnknownType")]
    public static partial void UnknownType(ILogger logger, long stream, string typeUrl);

    [LoggerMessage(2009, LogLevel.Debug, "Stream {Stream}: sent version {Version} with nonce {Nonce}", EventName = "ResponseSent")]
    public static partial void ResponseSent(ILogger logger, long stream, string version, string nonce);

    [LoggerMessage(2011, LogLevel.Warning, "{SpiffeId} ({Node}, stream {Stream}) sent more than {Limit} requests in a second; the stream ends", EventName = "TooManyRequests")]
    public static partial void TooManyRequests(ILogger logger, string spiffeId, string node, long stream, int limit);

    [LoggerMessage(2010, LogLevel.Information, "The evidence that {SpiffeId} ({Node}, stream {Stream}) came with has expired or was withdrawn; the stream ends", EventName = "EvidenceExpired")]
    public static partial void EvidenceExpired(ILogger logger, string spiffeId, string node, long stream);

    [LoggerMessage(2012, LogLevel.Information, "{SpiffeId} ({Node}) has opened another connection; stream {Stream} of the older one ends, to be opened anew", EventName = "StreamDisplaced")]
    public static partial void Displaced(ILogger logger, string spiffeId, string node, long stream);
}
