using SdsServer.Core.Secrets;

namespace SdsServer.Xds;

/// <summary>
/// Deliveries on their way to the loop that owns a stream. Only the newest of each subscription is kept, so that a stream that is stuck
/// costs no more than one delivery a name. Posting never blocks and runs nothing of the loop.
/// </summary>
internal sealed class DeliveryMailbox
{
    private readonly Lock _lock = new();
    private readonly OrderedDictionary<long, Delivery> _waiting = [];
    private TaskCompletionSource _arrived = NewSignal();
    private bool _closed;
    private bool _resend;

    /// <summary>Completes when there is something to do.</summary>
    public Task Arrived
    {
        get
        {
            lock (_lock)
            {
                return _arrived.Task;
            }
        }
    }

    public void Post(Delivery delivery)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            bool replaces = _waiting.TryGetValue(delivery.Subscription, out Delivery? older) && older.ReplacesUnanswered;
            _waiting[delivery.Subscription] = delivery with { ReplacesUnanswered = delivery.ReplacesUnanswered || replaces };
            _arrived.TrySetResult();
        }
    }

    /// <summary>Makes the loop look at the clock and at its orders.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            _arrived.TrySetResult();
        }
    }

    /// <summary>Asks the loop to send what the client has accepted once more.</summary>
    public void RequestResend()
    {
        lock (_lock)
        {
            _resend = true;
            _arrived.TrySetResult();
        }
    }

    public bool TakeResend()
    {
        lock (_lock)
        {
            (bool asked, _resend) = (_resend, false);
            return asked;
        }
    }

    public Delivery[] TakeAll()
    {
        lock (_lock)
        {
            Delivery[] taken = [.. _waiting.Values];
            _waiting.Clear();
            _arrived = _arrived.Task.IsCompleted ? NewSignal() : _arrived;
            return taken;
        }
    }

    /// <summary>The loop has ended: what comes now, and what is there, is dropped.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            _waiting.Clear();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
