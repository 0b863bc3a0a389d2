using System.CommandLine;
using System.CommandLine.Completions;
using SdsServer.Cli.Help;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Grpc;

namespace SdsServer.Cli;

/// <summary>The program: reads a command line, runs its command, tells what went wrong.</summary>
internal sealed class Sdsctl(CliHost host)
{
    public async Task<int> RunAsync(IReadOnlyList<string> args, CancellationToken cancellation)
    {
        RootCommand root = CommandTree.Create();
        ParseResult arguments = root.Parse(args);
        if (arguments.GetResult(root.Directives.OfType<SuggestDirective>().Single()) is not null)
        {
            return await arguments.InvokeAsync(new InvocationConfiguration { Output = host.Out, Error = host.Error }, cancellation);
        }

        Command command = arguments.CommandResult.Command;
        if (arguments.GetValue<bool>(CommandTree.Help) || (args.Count == 0 && command == root))
        {
            await host.Out.WriteAsync(HelpText.Of(command));
            return ExitCodes.Ok;
        }

        if (arguments.GetValue<bool>(CommandTree.Version))
        {
            await host.Out.WriteLineAsync($"sdsctl {typeof(Sdsctl).Assembly.GetName().Version?.ToString(3)}");
            return ExitCodes.Ok;
        }

        if (UsageError.Of(arguments) is { } wrong)
        {
            Failure.Of(wrong).WriteTo(host, OutputFormat.Human);
            return wrong.ExitCode;
        }

        using Session session = new(arguments, host, cancellation);
        return await RunAsync(session, ((CliCommand)command).Run!);
    }

    private async Task<int> RunAsync(Session session, Func<Session, Task<int>> run)
    {
        Failure failure;
        try
        {
            return await run(session);
        }
        catch (OperationCanceledException) when (session.Cancellation.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (CliException error)
        {
            failure = Failure.Of(error);
        }
        catch (RpcException error)
        {
            failure = Failure.Of(error, session.Admin.Address, session.Now, session.Typed);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            failure = new(ExitCodes.Failure, error.Message);
        }

        failure.WriteTo(host, session.Terminal.Format);
        return failure.ExitCode;
    }
}
