namespace SdsServer.Identity.Registrations;

/// <summary>Where registrations come from besides the admin API, and what they are needed for.</summary>
public sealed class RegistrationOptions
{
    /// <summary>JSON file with a list of registrations; empty for none.</summary>
    public string File { get; set; } = "";

    /// <summary>Nobody is a workload without a registration, whatever its evidence names.</summary>
    public bool Required { get; set; }
}
