using SdsServer.Testing.Envoy;
using SdsServer.Testing.Kubernetes;

namespace SdsServer.EndToEnd;

/// <summary>A theory with real Envoys and a real Kubernetes API server; skipped with the reason where one of them is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EnvoyWithKubernetesTheoryAttribute : TheoryAttribute
{
    public EnvoyWithKubernetesTheoryAttribute() => Skip = EnvoyBinary.Found.IsEmpty ? EnvoyBinary.HowToGetOne : KubernetesFactAttribute.MissingReason;
}
