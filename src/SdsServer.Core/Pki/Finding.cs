namespace SdsServer.Core.Pki;

/// <summary>One thing wrong with key material, found before it can reach a proxy.</summary>
/// <param name="Code">Stable name of the rule: bundle.expired, leaf.key-mismatch.</param>
/// <param name="Where">Which part: a certificate by name and serial, or a line.</param>
/// <param name="What">What is wrong and what Envoy would make of it.</param>
/// <param name="Remedy">What to do.</param>
public sealed record Finding(string Code, string Where, string What, string Remedy)
{
    /// <summary>All of it in one line.</summary>
    public override string ToString() => $"{Code}: {Where}: {What}. {Remedy}.";
}
