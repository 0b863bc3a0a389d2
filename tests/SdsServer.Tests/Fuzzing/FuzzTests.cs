using System.Globalization;

namespace SdsServer.Tests.Fuzzing;

/// <summary>
/// Nonsense for everything that reads what others wrote: it is taken, or refused in the documented way. Some thousand inputs of each kind;
/// with <c>SDSSERVER_FUZZ_MINUTES=N</c> as many as fit into N minutes for each, from a new seed, which a failure names.
/// </summary>
public sealed class FuzzTests
{
    private const int Inputs = 5_000;
    private static readonly string? s_minutes = Environment.GetEnvironmentVariable("SDSSERVER_FUZZ_MINUTES");

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Select(static target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Every_input_is_taken_or_refused_as_documented(string name)
    {
        FuzzTarget target = FuzzTargets.All.Single(target => target.Name == name);
        Assert.All(target.Corpus, static input => Assert.NotEmpty(input));
        int seed = s_minutes is null ? 1 : Environment.TickCount;
        long end = s_minutes is null ? long.MaxValue : TimeProvider.System.GetTimestamp() + (long)(double.Parse(s_minutes, CultureInfo.InvariantCulture) * 60 * TimeProvider.System.TimestampFrequency);
        Mutator mutator = new(new Random(seed), target.Corpus);
        int refused = 0, inputs = 0;
        for (; s_minutes is null ? inputs < Inputs : TimeProvider.System.GetTimestamp() < end; inputs++)
        {
            byte[] input = mutator.Next();
            try
            {
                target.Read(input);
            }
            catch (Exception error) when (target.Refusals.Contains(error.GetType()))
            {
                refused++;
            }
            catch (Exception error)
            {
                Assert.Fail($"{name}: input {inputs} from seed {seed}, {Convert.ToBase64String(input)}: {error}");
            }
        }

        // Something is wrong with a reader that takes all this, or with what it is given.
        Assert.True(target.Refusals.Length == 0 || refused > inputs / 50, $"only {refused} of {inputs} inputs were refused");
    }

    // Else the readers would be given nonsense alone, and refuse it at the first byte.
    [Theory]
    [MemberData(nameof(Targets))]
    public void What_the_nonsense_is_made_from_is_good(string name)
    {
        FuzzTarget target = FuzzTargets.All.Single(target => target.Name == name);
        Exception? refused = Record.Exception(() => target.Read(target.Corpus[0]));
        Assert.Null(refused);
    }
}
