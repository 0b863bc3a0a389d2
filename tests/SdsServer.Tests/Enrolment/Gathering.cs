namespace SdsServer.Tests.Enrolment;

/// <summary>Holds everybody who comes until so many are there.</summary>
internal sealed class Gathering(int size) : IDisposable
{
    private readonly CountdownEvent _missing = new(size);
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task JoinAsync()
    {
        if (_missing.Signal())
        {
            _complete.SetResult();
        }

        return _complete.Task;
    }

    public void Dispose() => _missing.Dispose();
}
