namespace SdsServer.Simulation.Envoys;

/// <summary>
/// One mux of a simulated Envoy: a stream at a time, and what outlives a stream. Without ADS each secret source has one of its own; with
/// ADS all share one.
/// </summary>
internal sealed class XdsClient(int number, Dialect dialect, bool aggregated)
{
    public int Number { get; } = number;

    public Dialect Dialect { get; } = dialect;

    public bool Aggregated { get; } = aggregated;

    public List<SecretSource> Sources { get; } = [];

    /// <summary>The version of the last response that was not refused: what the next first request of a SotW stream reports.</summary>
    public string Accepted { get; set; } = "";

    /// <summary>The open stream; null while it waits to try again.</summary>
    public XdsStream? Stream { get; set; }

    /// <summary>Monotonic time at which it last opened a stream.</summary>
    public TimeSpan OpenedAt { get; set; }

    /// <summary>It stays away for longer than Envoy's longest backoff.</summary>
    public bool IsSlow { get; set; }

    public IEnumerable<string> Names => Sources.Where(source => !source.Removed).Select(source => source.Name);

    public override string ToString() => $"{(Aggregated ? "ADS" : "SDS")} {Dialect} {Number}";
}
