using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd;

/// <summary>A test with a real Envoy; skipped, saying how to get one, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EnvoyFactAttribute : FactAttribute
{
    public EnvoyFactAttribute() => Skip = EnvoyBinary.Found.IsEmpty ? EnvoyBinary.HowToGetOne : null;
}
