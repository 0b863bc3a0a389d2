namespace SdsServer.Tests.Fuzzing;

/// <summary>Something that reads what strangers or operators wrote.</summary>
/// <param name="Name">Names it in a test.</param>
/// <param name="Corpus">Good input to begin with.</param>
/// <param name="Read">Takes an input, or refuses it with one of <paramref name="Refusals"/>; throws anything else where it is wrong.</param>
/// <param name="Refusals">The exceptions that its documentation names.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Corpus, Action<byte[]> Read, params Type[] Refusals)
{
    public override string ToString() => Name;
}
