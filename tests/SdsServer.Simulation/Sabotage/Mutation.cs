namespace SdsServer.Simulation.Sabotage;

/// <summary>One rule taken out of the production code: in one place, or in each of the places that would do alone.</summary>
/// <param name="Rule">Which one, in a few words.</param>
/// <param name="Edits">Where, all in one assembly.</param>
internal sealed record Mutation(string Rule, params IReadOnlyList<Edit> Edits)
{
    public Mutation(string rule, string file, string old, string @new)
        : this(rule, new Edit(file, old, @new))
    {
    }

    /// <summary>The changed files, by their path under <c>src</c>.</summary>
    /// <param name="read">The text of a file by its path under <c>src</c>.</param>
    /// <exception cref="InvalidOperationException">A file does not hold its old text exactly once.</exception>
    public IReadOnlyDictionary<string, string> Apply(Func<string, string> read)
    {
        Dictionary<string, string> changed = [];
        foreach (Edit edit in Edits)
        {
            string source = changed.TryGetValue(edit.File, out string? earlier) ? earlier : read(edit.File);
            int first = source.IndexOf(edit.Old, StringComparison.Ordinal);
            changed[edit.File] = first >= 0 && source.IndexOf(edit.Old, first + 1, StringComparison.Ordinal) < 0
                ? source.Replace(edit.Old, edit.New, StringComparison.Ordinal)
                : throw new InvalidOperationException($"the rule '{Rule}' is not where it was: src/{edit.File} must hold this text exactly once: {edit.Old}");
        }

        return changed;
    }
}
