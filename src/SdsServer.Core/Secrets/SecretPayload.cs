namespace SdsServer.Core.Secrets;

/// <summary>
/// The content of one secret, before any wire encoding. Immutable and shared by reference: every stream that is sent the same
/// object can share one encoding of it.
/// </summary>
public abstract class SecretPayload
{
    private protected SecretPayload(string version) => Version = version;

    /// <summary>
    /// Names the content, never holds secrets: <c>b&lt;epoch&gt;-&lt;digest&gt;</c> for a bundle, <c>l&lt;serial&gt;</c> for a leaf, <c>t&lt;digest&gt;</c> for ticket keys.
    /// </summary>
    public string Version { get; }

    public abstract SecretKind Kind { get; }
}
