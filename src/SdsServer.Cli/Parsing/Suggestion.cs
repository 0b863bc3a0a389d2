namespace SdsServer.Cli.Parsing;

/// <summary>Finds the word that was meant.</summary>
internal static class Suggestion
{
    /// <summary>The candidate at most two edits away, the nearest; null when none is near.</summary>
    public static string? Nearest(string typed, IEnumerable<string> candidates) => candidates
        .Select(candidate => (candidate, distance: Distance(typed, candidate)))
        .Where(pair => pair.distance <= Math.Min(2, typed.Length / 2))
        .OrderBy(pair => pair.distance)
        .Select(pair => pair.candidate)
        .FirstOrDefault();

    // Levenshtein, and a swap of neighbours counts as one edit.
    private static int Distance(string a, string b)
    {
        int[,] cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    cost[i, j] = i + j;
                    continue;
                }

                int change = a[i - 1] == b[j - 1] ? 0 : 1;
                cost[i, j] = Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + change);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }

        return cost[a.Length, b.Length];
    }
}
