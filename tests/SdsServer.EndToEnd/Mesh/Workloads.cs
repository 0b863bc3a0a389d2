namespace SdsServer.EndToEnd.Mesh;

/// <summary>The names in every mesh.</summary>
internal static class Workloads
{
    public const string One = "svc-a";
    public const string Two = "svc-b";
    public const string TrustDomain = "example.org";

    public static string SpiffeId(string workload) => $"spiffe://{TrustDomain}/{workload}";
}
