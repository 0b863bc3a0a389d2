using Xunit;

namespace SdsServer.Testing.Kubernetes;

/// <summary>A test with a real Kubernetes API server; skipped with the reason where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KubernetesFactAttribute : FactAttribute
{
    public KubernetesFactAttribute() => Skip = MissingReason;

    /// <summary>Why there can be no API server here; null where there can.</summary>
    public static string? MissingReason => StartScript is null || Programs.Find("openssl") is null || Programs.Find("curl") is null
        ? "it needs openssl, curl and a script that runs etcd and kube-apiserver: set START_KUBERNETES to its path, or have ../shared/programs/start-kubernetes beside the repository."
        : null;

    /// <summary>Path of the script; null where there is none.</summary>
    public static string? StartScript { get; } = new[]
    {
        Environment.GetEnvironmentVariable("START_KUBERNETES"),
        Path.Combine(RepositoryRoot.Path, "..", "shared", "programs", "start-kubernetes"),
    }.FirstOrDefault(File.Exists);
}
