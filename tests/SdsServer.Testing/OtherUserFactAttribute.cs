using Xunit;

namespace SdsServer.Testing;

/// <summary>A test that runs a small program as another user; skipped with the reason where that cannot be.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OtherUserFactAttribute : FactAttribute
{
    /// <summary>The system's own, which every user may run.</summary>
    public const string Python = "/usr/bin/python3";

    public OtherUserFactAttribute() => Skip = !Environment.IsPrivilegedProcess ? "only root may start a program as another user"
        : !File.Exists(Python) ? $"{Python} is not there"
        : Programs.Find("setpriv") is null ? Programs.MissingReason("setpriv")
        : null;
}
