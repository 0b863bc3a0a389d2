namespace SdsServer.Core.Rotation;

/// <summary>A part of the fleet that gets leaves of the new authority together. Exactly one of its fields is set.</summary>
public sealed record Wave
{
    /// <summary>So many proxies have been reached when the wave is done, those of earlier waves included; 1 or more.</summary>
    public int? Proxies { get; init; }

    /// <summary>This share of the connected proxies has been reached, those of earlier waves included; above 0 and at most 100, rounded up to whole proxies.</summary>
    public double? Percent { get; init; }

    /// <summary>All proxies that match, whoever else was reached before.</summary>
    public WaveSelector? Selector { get; init; }

    /// <summary>So many proxies.</summary>
    public static Wave Of(int proxies) => new() { Proxies = proxies };

    /// <summary>Such a share.</summary>
    public static Wave OfPercent(double percent) => new() { Percent = percent };

    /// <summary>Whoever matches.</summary>
    public static Wave Of(WaveSelector selector) => new() { Selector = selector };
}
