namespace SdsServer.Tests.Xds;

/// <summary>A test over the recorded requests; skipped with the reason where they are not.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RecordedEnvoyTheoryAttribute : TheoryAttribute
{
    public RecordedEnvoyTheoryAttribute() => Skip = RecordedEnvoy.IsPresent ? null : RecordedEnvoy.Missing;
}
