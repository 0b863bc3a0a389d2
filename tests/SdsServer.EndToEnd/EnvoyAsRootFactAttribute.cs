using SdsServer.Testing.Envoy;

namespace SdsServer.EndToEnd;

/// <summary>A test that starts a real Envoy as another user; skipped with the reason where that cannot be.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EnvoyAsRootFactAttribute : FactAttribute
{
    public EnvoyAsRootFactAttribute() => Skip = EnvoyBinary.Found.IsEmpty ? EnvoyBinary.HowToGetOne
        : !Environment.IsPrivilegedProcess ? "only root may start a sidecar as another user"
        : null;
}
