namespace SdsServer.Storage.Tests;

/// <summary>Entry for the processes the tests start; the test runner does not use it.</summary>
internal static class Program
{
    private static Task Main(string[] arguments) => arguments is ["hold" or "write", _]
        ? Processes.StoreProcess.RunAsync(arguments[0], arguments[1])
        : throw new ArgumentException("this program is started by its own tests: run dotnet test");
}
