using System.Collections.Immutable;

namespace SdsServer.Identity.X509;

/// <summary>The operator's own authorities and what their certificates stand for.</summary>
internal sealed class ConfiguredAuthorities
{
    private readonly ImmutableArray<ClientAuthorities> _files;
    private readonly TimeProvider _time;

    /// <exception cref="InvalidDataException">A file cannot be read, or does not hold what it should.</exception>
    public ConfiguredAuthorities(ImmutableArray<ClientCertificateRule> rules, TimeProvider time, ILogger logger)
    {
        _time = time;
        Dictionary<string, ClientAuthorities> byFile = [];
        List<(ClientCertificateRule, ClientAuthorities)> read = [];
        foreach ((int index, ClientCertificateRule rule) in rules.Index())
        {
            if (!byFile.TryGetValue(rule.CaFile, out ClientAuthorities? authorities))
            {
                byFile.Add(rule.CaFile, authorities = new ClientAuthorities(rule.CaFile, rule.CrlFiles, $"SdsServer:ClientCertificates:{index}", time, logger));
            }

            read.Add((rule, authorities));
        }

        Rules = [.. read];
        _files = [.. byFile.Values];
    }

    /// <summary>In the order of the configuration: the first that fits counts.</summary>
    public ImmutableArray<(ClientCertificateRule Rule, ClientAuthorities Authorities)> Rules { get; }

    /// <summary>What is wrong with the files now, for operators; empty when nothing.</summary>
    public IEnumerable<string> Faults => _files.SelectMany(authorities => authorities.Faults);

    /// <summary>Reads the files again and again until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!_files.IsEmpty && !stop.IsCancellationRequested)
        {
            await Task.Delay(ClientAuthorities.Every, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (ClientAuthorities authorities in _files)
            {
                authorities.Refresh();
            }
        }
    }
}
