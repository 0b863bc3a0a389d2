namespace SdsServer.Xds;

internal enum SessionNoteKind
{
    /// <summary>A request answers a response that is not the newest.</summary>
    StaleNonce,

    /// <summary>The caller has no secret of that name.</summary>
    UnknownName,

    /// <summary>An answered request was repeated; its secrets are sent again.</summary>
    Resent,
}
