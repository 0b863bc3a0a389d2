namespace SdsServer.Benchmarks.Floods;

/// <summary>What a hostile client does.</summary>
internal enum FloodKind
{
    /// <summary>Opens streams and resets them at once (CVE-2023-44487).</summary>
    RapidReset,

    /// <summary>Makes the server reset its streams, by requests that are wrong (CVE-2025-8671).</summary>
    MadeYouReset,

    /// <summary>A header block that does not end (CVE-2024-27316).</summary>
    Continuation,

    /// <summary>PINGs, whose answers it does not read (CVE-2019-9512).</summary>
    Ping,

    /// <summary>SETTINGS, whose acknowledgements it does not read (CVE-2019-9515).</summary>
    Settings,

    /// <summary>Connections on which nothing more comes than the preface.</summary>
    HalfOpen,

    /// <summary>Connections on which nothing comes at all.</summary>
    Silent,

    /// <summary>A caller who is known and sends requests without end, with the largest node that is taken.</summary>
    Requests,

    /// <summary>A thousand streams, on each a message that never becomes whole.</summary>
    HalfMessages,
}
