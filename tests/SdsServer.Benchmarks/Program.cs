using SdsServer.Benchmarks;
using SdsServer.Benchmarks.Goals;
using SdsServer.Benchmarks.Issuing;
using SdsServer.Benchmarks.Load;
using SdsServer.Benchmarks.Servers;

// Without a word it does what it is for.
string command = args is [string given, ..] ? given : "report";
string[] rest = [.. args.Skip(1)];

try
{
    return command switch
    {
        "report" => await Report.RunAsync(new Options(rest)),
        "micro" => await MicroCommand.RunAsync(new Options(rest)),
        "load" => await LoadCommand.RunAsync(new Options(rest)),
        "self-check" => await SelfCheck.RunAsync(new Options(rest)),
        HelloServer.Command => await HelloServer.RunAsync(rest),
        _ => throw new ArgumentException($"unknown command {command}"),
    };
}
catch (ArgumentException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    Console.Error.WriteLine(Options.Usage);
    return 2;
}
