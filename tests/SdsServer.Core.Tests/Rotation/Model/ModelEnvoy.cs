using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation.Model;

/// <summary>
/// One Envoy process as three releases were seen to behave: a hash is stored before the bytes are applied, identical bytes are
/// accepted without being applied, a context is judged as a whole, and a first answer is accepted before the context is complete.
/// </summary>
internal sealed class ModelEnvoy(string name, InstanceKey key, Workload workload, Random random)
{
    private readonly Dictionary<string, bool> _dislikes = [];

    public string Name { get; } = name;

    public InstanceKey Key { get; } = key;

    public Workload Workload { get; } = workload;

    public List<ModelProvider> Providers { get; } = [];

    public List<ModelContext> Contexts { get; } = [];

    public bool Alive { get; set; } = true;

    public long? Connection { get; set; }

    /// <summary>It cannot reach the server before this monotonic time.</summary>
    public TimeSpan CutOffUntil { get; set; }

    /// <summary>It applies but does not answer for now.</summary>
    public bool Silent { get; set; }

    /// <summary>Answers it will give when it speaks again.</summary>
    public List<Action> Withheld { get; } = [];

    /// <summary>What the server has heard to be refused, or lost with its stream: an ACK of these bytes proves nothing.</summary>
    public HashSet<string> Spoilt { get; } = [];

    /// <summary>Part of all secrets that it finds something wrong with.</summary>
    public double Pickiness { get; set; }

    /// <summary>Takes a response; true is an ACK.</summary>
    public bool Receive(ModelProvider provider, SecretPayload payload)
    {
        if (provider.Stored?.Version == payload.Version)
        {
            provider.Accepted = payload.Version;
            return true;
        }

        provider.Stored = payload;
        foreach (ModelContext context in Contexts.Where(context => context.Uses(provider) && context.Complete))
        {
            if (Dislikes(context.Bundle.Stored!) || (context.Leaf is not null && Dislikes(context.Leaf.Stored!)))
            {
                return false;
            }

            context.Build();
        }

        provider.Accepted = payload.Version;
        return true;
    }

    /// <summary>Whatever it found wrong was its own passing trouble.</summary>
    public void Forgive()
    {
        Pickiness = 0;
        _dislikes.Clear();
    }

    private bool Dislikes(SecretPayload payload)
    {
        if (!_dislikes.TryGetValue(payload.Version, out bool dislikes))
        {
            _dislikes[payload.Version] = dislikes = random.NextDouble() < Pickiness;
        }

        return dislikes;
    }
}
