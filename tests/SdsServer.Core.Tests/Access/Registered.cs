using SdsServer.Core.Access;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Access;

/// <summary>Registrations, and callers that show something, in few words.</summary>
internal static class Registered
{
    public static TrustDomain Domain { get; } = TrustDomain.Parse("example.org");

    public static Registration As(string path, params string[] selectors) => new()
    {
        Id = "r", Selectors = [.. selectors], SpiffeId = $"spiffe://example.org/{path}",
    };

    public static RegistrationSet Set(params Registration[] registrations) => RegistrationSet.Of(registrations, Domain, LeafPolicy.Default);

    public static Workload Named(string path) => new($"spiffe://example.org/{path}", [], BundleOnly: false);

    /// <summary>The path of the ID that a caller is taken for; null for nobody.</summary>
    public static string? Who(RegistrationSet registrations, string[] shown, Workload? named = null, bool required = false) =>
        Decide(registrations, shown, named, required)?.SpiffeId["spiffe://example.org/".Length..];

    public static Workload? Decide(RegistrationSet registrations, string[] shown, Workload? named = null, bool required = false) =>
        RegistrationMatch.Decide(registrations, [.. shown.Select(Parse)], named, required);

    private static Selector Parse(string text) => Selector.TryParse(text, out Selector? selector, out string? reason) ? selector : throw new ArgumentException(reason);
}
