namespace SdsServer.Core.Pki;

/// <summary>Result of <see cref="ChainVerifier"/>: either a path or a failure.</summary>
public sealed class ChainVerification
{
    private ChainVerification(IReadOnlyList<Certificate> path, ChainFailure? failure, string reason)
    {
        Path = path;
        Failure = failure;
        Reason = reason;
    }

    /// <summary>Every supported Envoy accepts the chain.</summary>
    public bool IsTrusted => Failure is null;

    /// <summary>Leaf first, anchor last, if trusted; else how far it got.</summary>
    public IReadOnlyList<Certificate> Path { get; }

    /// <summary>Why not, if not.</summary>
    public ChainFailure? Failure { get; }

    /// <summary>The failure in words; empty if trusted.</summary>
    public string Reason { get; }

    /// <summary>Issuers that were tried: the work it was, at most <see cref="ChainVerifier.MaxTried"/>.</summary>
    public int Tried { get; private init; }

    internal ChainVerification After(int tried) => new(Path, Failure, Reason) { Tried = tried };

    internal static ChainVerification Trusted(IReadOnlyList<Certificate> path) => new(path, null, "");

    internal static ChainVerification Refused(IReadOnlyList<Certificate> path, ChainFailure failure, string reason) => new(path, failure, reason);

    /// <summary>"trusted by NAME" or the reason.</summary>
    public override string ToString() => IsTrusted ? $"trusted by {Path[^1]}" : $"{Failure}: {Reason}";
}
