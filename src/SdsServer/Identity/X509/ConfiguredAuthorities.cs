using System.Collections.Immutable;

namespace SdsServer.Identity.X509;

/// <summary>The operator's own authorities and what their certificates stand for.</summary>
internal sealed class ConfiguredAuthorities
{
    /// <summary>How often files with authorities are read.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;

    /// <exception cref="InvalidDataException">A file cannot be read, or holds no certificates.</exception>
    public ConfiguredAuthorities(ImmutableArray<ClientCertificateRule> rules, TimeProvider time, ILogger logger)
    {
        _time = time;
        Rules = [.. rules.Select((rule, index) => (rule, new AuthorityFile(rule.CaFile, $"SdsServer:ClientCertificates:{index}:CaFile", logger)))];
    }

    /// <summary>In the order of the configuration: the first that fits counts.</summary>
    public ImmutableArray<(ClientCertificateRule Rule, AuthorityFile Authorities)> Rules { get; }

    /// <summary>Reads the files again and again until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!Rules.IsEmpty && !stop.IsCancellationRequested)
        {
            await Task.Delay(Every, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach ((_, AuthorityFile authorities) in Rules)
            {
                authorities.Refresh();
            }
        }
    }
}
