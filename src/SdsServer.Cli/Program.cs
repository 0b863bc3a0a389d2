using System.Runtime.InteropServices;
using SdsServer.Cli;

using CancellationTokenSource interrupted = new();
int signalled = 0;
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => End(signal, ExitCodes.Interrupted));
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => End(signal, ExitCodes.Terminated));

int code = await new Sdsctl(CliHost.OfThisProcess()).RunAsync(args, interrupted.Token);
return signalled != 0 ? signalled : code;

// The first signal ends the work in order; a second one ends the process.
void End(PosixSignalContext signal, int exitCode)
{
    signal.Cancel = Interlocked.CompareExchange(ref signalled, exitCode, 0) == 0;
    interrupted.Cancel();
}
