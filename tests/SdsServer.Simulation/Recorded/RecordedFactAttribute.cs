namespace SdsServer.Simulation.Recorded;

/// <summary>A test over requests recorded from real Envoys; skipped with the reason where they are not.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RecordedFactAttribute : FactAttribute
{
    public RecordedFactAttribute()
    {
        if (!Directory.Exists(Conversation.Folder))
        {
            Skip = "the recorded requests of real Envoys are not on this machine (../shared/envoy/recorded beside the repository)";
        }
    }
}
