namespace SdsServer.Core.Audit;

/// <summary>What is wrong with a line of a log.</summary>
public enum LogFault
{
    /// <summary>Its hash does not fit its fields and the line before it: it was altered, or another line stands in its place.</summary>
    Altered,

    /// <summary>It does not follow the line before it, and numbers between them are missing: lines were removed.</summary>
    Missing,

    /// <summary>It was written once, and the log ends before it.</summary>
    Cut,

    /// <summary>It comes after the last line that the store has written.</summary>
    Foreign,

    /// <summary>It is not the line that somebody noted: the log was written anew, or belongs to another server.</summary>
    Unexpected,
}
