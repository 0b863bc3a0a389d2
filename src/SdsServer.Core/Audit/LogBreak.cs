namespace SdsServer.Core.Audit;

/// <summary>The first place at which a log is not what was written.</summary>
/// <param name="Number">Number of the line.</param>
/// <param name="Fault">What is wrong there.</param>
/// <param name="LastGood">The last line that is as it was written; number 0 where none is known to be.</param>
public sealed record LogBreak(long Number, LogFault Fault, LogHead LastGood)
{
    /// <summary>The same as a sentence.</summary>
    public string Text => Fault switch
    {
        LogFault.Altered => $"line {Number} does not fit its hash: it was altered, or another line stands in its place",
        LogFault.Missing when Number - LastGood.Number == 2 => $"line {Number - 1} is missing: line {Number} does not follow line {LastGood.Number}",
        LogFault.Missing => $"lines {LastGood.Number + 1} to {Number - 1} are missing: line {Number} does not follow line {LastGood.Number}",
        LogFault.Cut => $"line {Number} was written once, but the log ends at line {LastGood.Number}: its end was cut off",
        LogFault.Foreign => $"line {Number} was not written by the server: the last that was is line {LastGood.Number}",
        _ => $"line {Number} is not the one that was noted: the log was written anew, or the note is of another server",
    };
}
