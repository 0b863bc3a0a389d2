using System.Globalization;
using SdsServer.Benchmarks.Floods;

namespace SdsServer.Benchmarks;

/// <summary>The command line.</summary>
internal sealed class Options
{
    public const string Usage = """
        SdsServer.Benchmarks COMMAND [options]
          report      measure against the baselines and print one table; also .artifacts/reports/benchmarks.md
          micro       issuing, encoding, sessions: rates of the parts
          load        open streams to a server and print each push until interrupted
          self-check  check the load generator itself
        Options
          --streams N       simulated Envoys (2000; the goals say 10000)
          --pairs N         interleaved pairs a ratio (5)
          --quick           2 pairs, short loops, at most 500 streams unless --streams is given
          --only G5,G6      these goals alone (report)
          --flood KIND      this flood alone, such as HalfOpen (report, G12)
          --server ADDRESS  127.0.0.1:PORT or the path of a Unix socket (load)
          --secrets A,B     one stream each, per Envoy (load; ROOTCA)
          --delta           delta instead of state-of-the-world
          --per-connection N  Envoys that share a connection (1)
          --stuck N         Envoys more that close their windows once they are served (load)
          --pid N           print the processor time and memory of this process (load)
          --envoy VERSION   whose recorded requests to send (newest)
        """;

    private readonly Dictionary<string, string> _values = [];

    /// <exception cref="ArgumentException">An option is unknown or lacks its value.</exception>
    public Options(IEnumerable<string> arguments)
    {
        string[] rest = [.. arguments];
        for (int i = 0; i < rest.Length; i++)
        {
            _values[rest[i]] = rest[i] switch
            {
                "--quick" or "--delta" => "true",
                "--streams" or "--pairs" or "--only" or "--flood" or "--server" or "--secrets" or "--per-connection" or "--stuck" or "--pid" or "--envoy" =>
                    i + 1 < rest.Length ? rest[++i] : throw new ArgumentException($"{rest[i]} needs a value"),
                _ => throw new ArgumentException($"unknown option {rest[i]}"),
            };
        }
    }

    public bool Quick => _values.ContainsKey("--quick");

    public bool Delta => _values.ContainsKey("--delta");

    public int Streams => Number("--streams", Quick ? 500 : 2_000);

    public int Pairs => Number("--pairs", Quick ? 2 : 5);

    public int EnvoysPerConnection => Number("--per-connection", 1);

    public int Stuck => Number("--stuck", 0);

    public int Pid => Number("--pid", 0);

    /// <summary>The one flood to measure; null for all.</summary>
    public FloodKind? Flood => !_values.TryGetValue("--flood", out string? name) ? null
        : Enum.TryParse(name, ignoreCase: true, out FloodKind kind) ? kind
        : throw new ArgumentException($"--flood {name}: none of {string.Join(", ", Enum.GetNames<FloodKind>())}");

    public string? Server => _values.GetValueOrDefault("--server");

    public string? Envoy => _values.GetValueOrDefault("--envoy");

    public string[] Secrets => _values.GetValueOrDefault("--secrets", "ROOTCA").Split(',');

    /// <summary>How long one loop of a rate runs.</summary>
    public TimeSpan Loop => Quick ? TimeSpan.FromMilliseconds(250) : TimeSpan.FromSeconds(1);

    public bool Wants(string goal) => !_values.TryGetValue("--only", out string? only) || only.Split(',').Contains(goal, StringComparer.OrdinalIgnoreCase);

    private int Number(string name, int otherwise) => !_values.TryGetValue(name, out string? text) ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number
        : throw new ArgumentException($"{name} {text}: not a number");
}
