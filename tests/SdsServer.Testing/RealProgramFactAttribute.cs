using Xunit;

namespace SdsServer.Testing;

/// <summary>A test that drives real programs; skipped with the reason when one of them is not on this machine.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RealProgramFactAttribute : FactAttribute
{
    public RealProgramFactAttribute(params string[] programs) => Skip = MissingPrograms.Reason(programs);
}
