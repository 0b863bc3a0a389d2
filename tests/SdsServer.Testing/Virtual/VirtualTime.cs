using SdsServer.Core.Fleet;

namespace SdsServer.Testing.Virtual;

/// <summary>Time that passes only when told to: a queue of what is to happen, a monotonic clock, and the server's wall clock, which may be wrong.</summary>
public sealed class VirtualTime
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _queue = new();
    private long _order;

    /// <summary>Monotonic time.</summary>
    public TimeSpan Up { get; private set; }

    /// <summary>By how much the server's wall clock is wrong.</summary>
    public TimeSpan WallError { get; set; }

    /// <summary>The time by which Envoys judge certificates.</summary>
    public DateTimeOffset True => Start + Up;

    /// <summary>The time as the server sees it.</summary>
    public Moment Now => new(True + WallError, Up);

    public void After(TimeSpan delay, Action action) => _queue.Enqueue(action, (Up + delay, ++_order));

    /// <summary>Does the next thing due within the limit; false, and the time is at the limit, if there is none.</summary>
    public bool Step(TimeSpan until)
    {
        if (_queue.TryPeek(out Action? action, out (TimeSpan At, long Order) due) && due.At <= until)
        {
            _queue.Dequeue();
            Up = due.At;
            action();
            return true;
        }

        Up = until;
        return false;
    }

    public void RunFor(TimeSpan span)
    {
        TimeSpan until = Up + span;
        while (Step(until))
        {
        }
    }
}
