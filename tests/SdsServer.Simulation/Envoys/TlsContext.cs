namespace SdsServer.Simulation.Envoys;

/// <summary>One TLS context: built from what its two sources hold, all or nothing.</summary>
internal sealed class TlsContext(SecretSource? leaf, SecretSource bundle)
{
    /// <summary>Null in a context that only verifies.</summary>
    public SecretSource? Leaf { get; } = leaf;

    public SecretSource Bundle { get; } = bundle;

    /// <summary>In force: what it presents.</summary>
    public HeldSecret? Presents { get; private set; }

    /// <summary>In force: what it accepts; null until it was built for the first time.</summary>
    public HeldSecret? Enforces { get; private set; }

    public bool Complete => Bundle.Stored is not null && (Leaf is null || Leaf.Stored is not null);

    public bool Uses(SecretSource source) => source == Leaf || source == Bundle;

    public void Build()
    {
        Presents = Leaf?.Stored;
        Enforces = Bundle.Stored;
    }
}
