namespace SdsServer.Tests.Protos;

/// <summary>A fact that needs the recorded requests; skipped with the reason where they are not.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RecordedFactAttribute : FactAttribute
{
    public RecordedFactAttribute()
    {
        if (!Directory.Exists(RecordedRequests.Folder))
        {
            Skip = $"No requests recorded from real Envoys in {RecordedRequests.Folder}.";
        }
    }
}
