using Xunit;

namespace SdsServer.Testing;

/// <summary>A theory that drives real programs; skipped with the reason when one of them is not on this machine.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RealProgramTheoryAttribute : TheoryAttribute
{
    public RealProgramTheoryAttribute(params string[] programs) => Skip = MissingPrograms.Reason(programs);
}
