using System.Runtime.CompilerServices;
using SdsServer.Core.Secrets;

namespace SdsServer.Xds;

/// <summary>
/// Deliveries on their way to the loop that owns a stream. Only the newest of each subscription is kept, so that a stream that is stuck
/// costs no more than one delivery a name. Posting never blocks and runs nothing of the loop. One waits at a time: the loop.
/// </summary>
internal sealed class DeliveryMailbox : ICriticalNotifyCompletion, IThreadPoolWorkItem
{
    private readonly Lock _lock = new();
    private readonly OrderedDictionary<long, Delivery> _waiting = [];
    private Action? _loop;
    private Action? _woken;
    private bool _signalled;
    private bool _closed;
    private bool _resend;
    private bool _over;

    /// <summary>There is something to do; until <see cref="TakeAll"/>.</summary>
    public bool IsCompleted
    {
        get
        {
            lock (_lock)
            {
                return _signalled;
            }
        }
    }

    /// <summary>To be awaited: it is its own awaiter, so that a push to ten thousand streams allocates no signals.</summary>
    public DeliveryMailbox GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation)
    {
        lock (_lock)
        {
            if (!_signalled)
            {
                _loop = continuation;
                return;
            }
        }

        continuation();
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
            _waiting[delivery.Subscription] = replaces && !delivery.ReplacesUnanswered ? delivery with { ReplacesUnanswered = true } : delivery;
        }

        Signal(elsewhere: true);
    }

    /// <summary>Makes the loop look at the clock and at its orders.</summary>
    public void Wake() => Signal(elsewhere: true);

    /// <summary>The loop's own request has come: it goes on right here, on the thread that has read it.</summary>
    public void GoOn() => Signal(elsewhere: false);

    /// <summary>The loop is to end its stream.</summary>
    public bool IsOver
    {
        get
        {
            lock (_lock)
            {
                return _over;
            }
        }
    }

    /// <summary>Makes the loop end its stream.</summary>
    public void End()
    {
        lock (_lock)
        {
            _over = true;
        }

        Signal(elsewhere: true);
    }

    /// <summary>Asks the loop to send what the client has accepted once more.</summary>
    public void RequestResend()
    {
        lock (_lock)
        {
            _resend = true;
        }

        Signal(elsewhere: true);
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
            _signalled = false;
            if (_waiting.Count == 0)
            {
                return [];
            }

            Delivery[] taken = [.. _waiting.Values];
            _waiting.Clear();
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

    void IThreadPoolWorkItem.Execute() => _woken!();

    private void Signal(bool elsewhere)
    {
        Action? loop;
        lock (_lock)
        {
            _signalled = true;
            (loop, _loop) = (_loop, null);
            _woken = loop ?? _woken;
        }

        if (loop is null)
        {
            return;
        }

        // It waits no more, so nobody else wakes it before it waits again.
        if (elsewhere)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
        }
        else
        {
            loop();
        }
    }
}
