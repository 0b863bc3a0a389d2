using System.Collections.Immutable;
using SdsServer.Core.Access;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;

namespace SdsServer.Identity.Registrations;

/// <summary>The registrations in force, in memory: those of the store and those of a file. Whoever decides by them learns of changes.</summary>
/// <param name="required">Nobody is a workload without a registration.</param>
internal sealed class RegistrationDirectory(ITrustStore store, TrustDomain trustDomain, LeafPolicy leaves, bool required) : IDisposable
{
    private readonly SemaphoreSlim _changing = new(1);
    private ImmutableArray<Registration> _stored = [];
    private volatile RegistrationSet _set = RegistrationSet.Empty;
    private volatile Listed _file = new([]);

    /// <summary>Called after each change, when <see cref="Decide"/> goes by it already.</summary>
    public event Action? Changed;

    /// <summary>Those of the file, by id.</summary>
    public ImmutableArray<Registration> OfFile => _file.Registrations;

    /// <summary>Everything that is wrong with a registration; empty for a good one.</summary>
    public ImmutableArray<RegistrationFault> Check(Registration registration) => RegistrationRules.Check(registration, trustDomain, leaves);

    /// <summary>Reads those of the store again. One at a time: an older reading must not bring back what a newer one found deleted.</summary>
    /// <exception cref="InvalidDataException">One cannot be used; nothing has changed.</exception>
    public Task ReloadAsync(CancellationToken cancellation) => ChangeAsync(
        async () => ([.. await store.ReadRegistrationsAsync(trustDomain.Name, cancellation)], OfFile), cancellation);

    /// <summary>Puts those of the file in the place of the ones before.</summary>
    /// <exception cref="InvalidDataException">One cannot be used, or has the id of a stored one; nothing has changed.</exception>
    public Task SetFileAsync(ImmutableArray<Registration> registrations, CancellationToken cancellation) =>
        ChangeAsync(() => Task.FromResult((_stored, registrations)), cancellation);

    /// <summary>Whom evidence stands for now; null for nobody.</summary>
    public Workload? Decide(Evidence evidence) => Decide(_set, evidence);

    /// <summary>A question that a stream asks again and again: whether its evidence still stands for the same workload. Not for concurrent use.</summary>
    public Func<bool> Watch(Evidence evidence, Workload workload)
    {
        RegistrationSet? seen = null;
        return () =>
        {
            RegistrationSet current = _set;
            if (ReferenceEquals(current, seen))
            {
                return true;
            }

            bool stands = workload.Equals(Decide(current, evidence));
            seen = stands ? current : null;
            return stands;
        };
    }

    public void Dispose() => _changing.Dispose();

    private Workload? Decide(RegistrationSet registrations, Evidence evidence) =>
        RegistrationMatch.Decide(registrations, evidence.Selectors, evidence.Workload, required);

    private async Task ChangeAsync(Func<Task<(ImmutableArray<Registration> Stored, ImmutableArray<Registration> OfFile)>> read, CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            (ImmutableArray<Registration> stored, ImmutableArray<Registration> file) = await read();
            RegistrationSet next = RegistrationSet.Of([.. stored, .. file], trustDomain, leaves);
            (_stored, _file) = (stored, new Listed(file));
            _set = next;
        }
        finally
        {
            _changing.Release();
        }

        Changed?.Invoke();
    }

    private sealed record Listed(ImmutableArray<Registration> Registrations);
}
