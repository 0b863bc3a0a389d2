using SdsServer.Testing;

namespace SdsServer.Simulation.Sabotage;

[Trait("Rule", "E14.1")]
public sealed class MutationTests
{
    [Fact]
    public void Each_rule_is_where_its_mutation_looks_for_it()
    {
        List<string> lost = [];
        foreach (Mutation mutation in Mutations.All)
        {
            try
            {
                Assert.All(mutation.Apply(Read), changed => Assert.NotEqual(Read(changed.Key), changed.Value));
            }
            catch (InvalidOperationException problem)
            {
                lost.Add(problem.Message);
            }
        }

        Assert.True(lost.Count == 0, string.Join('\n', lost));
    }

    [Fact]
    public void Each_rule_has_a_name_of_its_own()
    {
        Assert.Equal(Mutations.All.Count, Mutations.All.Select(mutation => mutation.Rule).Distinct().Count());
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(RepositoryRoot.Path, "src", file));
}
