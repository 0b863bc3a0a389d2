using SdsServer.Benchmarks;
using SdsServer.Benchmarks.Goals;
using SdsServer.Benchmarks.Issuing;
using SdsServer.Benchmarks.Load;
using SdsServer.Benchmarks.Servers;

if (args is not [string command, .. string[] rest])
{
    Console.Error.WriteLine(Options.Usage);
    return 2;
}

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
