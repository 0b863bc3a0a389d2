namespace SdsServer.Hosting;

/// <summary>Whether the server leaves a root by itself before that expires.</summary>
public sealed class AutomaticRotationOptions
{
    public bool Enabled { get; set; }

    /// <summary>At this part of the signing root's life a new root is made and distributed.</summary>
    public double Prepare { get; set; } = 0.8;

    /// <summary>At this part of it the new root begins to sign.</summary>
    public double Activate { get; set; } = 0.85;
}
