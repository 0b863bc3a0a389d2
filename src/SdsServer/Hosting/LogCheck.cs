using SdsServer.Core.Audit;
using SdsServer.Core.Rotation;

namespace SdsServer.Hosting;

/// <summary>The look at the end of the audit log before a server starts. It never stops one: a log that was tampered with is no reason to refuse certificates.</summary>
internal static class LogCheck
{
    /// <summary>As many as are read in an instant.</summary>
    private const int Lines = 1000;

    /// <summary>Notes the head in the process's log. Returns what operators have to be warned of; empty for nothing.</summary>
    public static async Task<string> RunAsync(ITrustStore store, string trustDomain, ILogger logger, CancellationToken cancellation)
    {
        try
        {
            LogReport report = await LogVerification.TailAsync(store, trustDomain, Lines, cancellation);
            if (report.Break is null)
            {
                HostingLog.LogIntact(logger, report.Head, report.Lines);
                return "";
            }

            HostingLog.LogBroken(logger, report.Break.Text);
            return $"the audit log is not what was written: {report.Break.Text}";
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            HostingLog.LogUnchecked(logger, error);
            return "the audit log could not be looked through when the server started";
        }
    }
}
