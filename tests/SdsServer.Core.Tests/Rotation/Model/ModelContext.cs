using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation.Model;

/// <summary>One TLS context: built from what its two sources hold, all or nothing.</summary>
internal sealed class ModelContext(ModelProvider? leaf, ModelProvider bundle)
{
    /// <summary>Null in a context that only verifies.</summary>
    public ModelProvider? Leaf { get; } = leaf;

    public ModelProvider Bundle { get; } = bundle;

    /// <summary>In force: what it presents.</summary>
    public LeafPayload? Presents { get; private set; }

    /// <summary>In force: what it accepts; null until it was built for the first time.</summary>
    public BundlePayload? Enforces { get; private set; }

    public bool Complete => Bundle.Stored is not null && (Leaf is null || Leaf.Stored is not null);

    public bool Uses(ModelProvider provider) => provider == Leaf || provider == Bundle;

    public void Build()
    {
        Presents = (LeafPayload?)Leaf?.Stored;
        Enforces = (BundlePayload)Bundle.Stored!;
    }
}
