using System.CommandLine;

namespace SdsServer.Cli.Parsing;

/// <summary>The options every command has.</summary>
internal static class GlobalOptions
{
    public const string Server = "--server";
    public const string Certificate = "--cert";
    public const string Key = "--key";
    public const string Ca = "--ca";
    public const string TrustDomain = "--trust-domain";
    public const string CallTimeout = "--timeout";
    public const string Json = "--json";
    public const string Plain = "--plain";
    public const string Quiet = "--quiet";
    public const string NoColor = "--no-color";
    public const string NoInput = "--no-input";
    public const string Force = "--force";

    public static IEnumerable<Option> Create() =>
    [
        new Option<string>(Server)
        {
            HelpName = "ADDRESS",
            Description = "Admin address of the server: unix:///path, http://host:port or https://host:port. "
                + "Default: SDSCTL_SERVER, else ./sdsserver-data/admin.sock if it is there, else unix:///run/sdsserver/admin.sock.",
        },
        new Option<string>(Certificate)
        {
            HelpName = "FILE",
            Description = "PEM of your certificate and its intermediates, for an https:// address. Default: SDSCTL_CERT.",
        },
        new Option<string>(Key) { HelpName = "FILE", Description = "PEM of its private key. Default: SDSCTL_KEY, else the file of --cert." },
        new Option<string>(Ca)
        {
            HelpName = "FILE",
            Description = "PEM of the authorities by which an https:// server is known. Default: SDSCTL_CA, else this machine's.",
        },
        new Option<string>(TrustDomain)
        {
            HelpName = "NAME",
            Description = "Which trust domain, such as example.org. Default: SDSCTL_TRUST_DOMAIN, else the only one the server has.",
        },
        Duration.Option(CallTimeout, "How long one call to the server may take. Default: 10s.", TimeSpan.FromSeconds(10)),
        new Option<bool>(Json) { Description = "Print JSON: the API's messages. One document, or one line for each message of a watch." },
        new Option<bool>(Plain) { Description = "Print one record a line, fields separated by tabs, no headings, no colour." },
        new Option<bool>(Quiet, "-q") { Description = "Print results and errors only." },
        new Option<bool>(NoColor) { Description = "No colours. NO_COLOR and TERM=dumb do the same." },
        new Option<bool>(NoInput) { Description = "Never ask; what would need an answer is refused." },
    ];

    /// <summary>For commands that cannot be taken back.</summary>
    public static Option<bool> ForceOption() => new(Force, "-f", "--yes", "-y") { Description = "Do it without asking. Required where nobody can be asked." };

    public static Option<string> ReasonOption() => new("--reason") { HelpName = "TEXT", Description = "Why, for the audit log." };

    public static Option<bool> DryRunOption(string description) => new("--dry-run", "-n") { Description = description };

    public static Option<int> LimitOption(int defaultValue)
    {
        Option<int> limit = new("--limit")
        {
            HelpName = "N",
            Description = $"At most this many; 0 for all. Default: {defaultValue}.",
            DefaultValueFactory = _ => defaultValue,
        };
        RequireAtLeast(limit, 0);
        return limit;
    }

    /// <summary>For commands that change what somebody has looked at before.</summary>
    public static Option<long?> RevisionOption()
    {
        Option<long?> revision = new("--revision")
        {
            HelpName = "N",
            Description = "The revision you decided on, as 'sdsctl status' shows it: if the state has moved on since, nothing is changed. Default: the one that is read just before.",
        };
        RequireAtLeast(revision, 1);
        return revision;
    }

    public static void RequireAtLeast(Option option, long least) => option.Validators.Add(result =>
    {
        if (result.Tokens.Count == 1 && long.TryParse(result.Tokens[0].Value, out long value) && value < least)
        {
            result.AddError($"{option.Name} is {least} or more");
        }
    });
}
