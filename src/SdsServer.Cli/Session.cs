using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Grpc;

namespace SdsServer.Cli;

/// <summary>One run of a command: its arguments, its terminal, its connection.</summary>
internal sealed class Session : IDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly ParseResult _arguments;
    private AdminClient? _admin;

    public Session(ParseResult arguments, CliHost host, CancellationToken cancellation)
    {
        (_arguments, Host, Cancellation) = (arguments, host, cancellation);
        Terminal = new Terminal(
            host,
            arguments.GetValue<bool>(GlobalOptions.Json) ? OutputFormat.Json : arguments.GetValue<bool>(GlobalOptions.Plain) ? OutputFormat.Plain : OutputFormat.Human,
            arguments.GetValue<bool>(GlobalOptions.Quiet),
            arguments.GetValue<bool>(GlobalOptions.NoColor));
    }

    public CliHost Host { get; }

    public CancellationToken Cancellation { get; }

    public Terminal Terminal { get; }

    public DateTimeOffset Now => Host.Time.GetUtcNow();

    /// <summary>The server; connects on first use.</summary>
    public AdminClient Admin => _admin ??= new AdminClient(
        ServerAddress.Choose(_arguments.GetValue<string>(GlobalOptions.Server), Host),
        Tls,
        _arguments.GetValue<string>(GlobalOptions.TrustDomain) ?? Host.Environment("SDSCTL_TRUST_DOMAIN"),
        _arguments.GetValue<TimeSpan>(GlobalOptions.CallTimeout),
        Cancellation);

    /// <summary>For https addresses.</summary>
    public TlsFiles Tls => TlsFiles.Choose(
        _arguments.GetValue<string>(GlobalOptions.Certificate), _arguments.GetValue<string>(GlobalOptions.Key), _arguments.GetValue<string>(GlobalOptions.Ca), Host);

    /// <summary>How long one call may take.</summary>
    public TimeSpan CallTimeout => _arguments.GetValue<TimeSpan>(GlobalOptions.CallTimeout);

    /// <summary>What was typed for a field that the server finds wrong.</summary>
    public TypedOptions Typed => new(_arguments);

    public Command Command => _arguments.CommandResult.Command;

    public RootCommand Root => (RootCommand)_arguments.RootCommandResult.Command;

    public T? Get<T>(Option<T> option) => _arguments.GetValue(option);

    public T? Get<T>(Argument<T> argument) => _arguments.GetValue(argument);

    /// <summary>Waits until the server answers at all; looks for its address anew each time. Gives up in silence: the command then says what is wrong.</summary>
    public async Task ReachAsync(TimeSpan limit)
    {
        long begun = Host.Time.GetTimestamp();
        while (Host.Time.GetElapsedTime(begun) < limit)
        {
            try
            {
                await Admin.CallAsync(AdminMethods.ListTrustDomains.Method, new());
                return;
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Unavailable)
            {
                _admin?.Dispose();
                _admin = null;
            }

            await Task.Delay(s_pause, Host.Time, Cancellation);
        }
    }

    /// <summary>Asks before something that cannot be taken back; without a terminal only <c>--force</c> lets it pass.</summary>
    /// <exception cref="CliException">It may not be done.</exception>
    public async Task ConfirmAsync(string question)
    {
        if (_arguments.GetValue<bool>(GlobalOptions.Force))
        {
            return;
        }

        if (!Host.InputIsTerminal || _arguments.GetValue<bool>(GlobalOptions.NoInput))
        {
            throw CliException.Usage($"this cannot be taken back, and nobody can be asked: {question}", "add --force if that is what you want");
        }

        await Host.Error.WriteAsync($"{question} [y/N] ");
        string? answer = await Host.In.ReadLineAsync(Cancellation);
        if (answer?.Trim().ToLowerInvariant() is not ("y" or "yes"))
        {
            throw new CliException(ExitCodes.Failure, "not confirmed, nothing was changed");
        }
    }

    public void Dispose() => _admin?.Dispose();
}
