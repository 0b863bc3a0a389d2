using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd;

/// <summary>A theory with real Envoys; skipped, saying how to get one, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EnvoyTheoryAttribute : TheoryAttribute
{
    public EnvoyTheoryAttribute() => Skip = EnvoyBinary.Found.IsEmpty ? EnvoyBinary.HowToGetOne : null;
}
