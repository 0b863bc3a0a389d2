using System.Collections.Immutable;
using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Grpc;
using SdsServer.Grpc.Server;
using SdsServer.Limits;

namespace SdsServer.Xds;

/// <summary>
/// The one loop that owns a stream. It takes a request or a delivery, lets the session decide, reports, then writes; it reads on only when
/// the write is done, so a client that does not read costs one response and the newest delivery of each name.
/// </summary>
internal sealed class SecretStream<TRequest>(
    OpenStream stream,
    DiscoverySession<TRequest> session,
    DeliveryMailbox mailbox,
    DiscoveryProtocol<TRequest> protocol,
    DiscoveryServer shared,
    Caller caller,
    Func<EncodedMessage, CancellationToken, Task> write,
    ServerCallContext call) : IDisposable
{
    // The longest time a timer can run is a little more.
    private static readonly TimeSpan s_longestTimer = TimeSpan.FromDays(40);

    private readonly StreamClient _client = stream.Client;
    private readonly SubscriptionPort _port = new(mailbox.Post, mailbox.End);
    private readonly CancellationTokenSource _unread = new();
    private readonly RequestRate _rate = new(shared.Limits.RequestsPerSecond, shared.Limits.RequestBurst, shared.Time);
    private bool _notedUnservedType;

    /// <summary>Runs until the client ends the call (then it returns), or until there is a reason to end it (then it throws).</summary>
    public async Task RunAsync(TRequest first, IAsyncEnumerator<TRequest> requests)
    {
        using CancellationTokenRegistration stopping = call.Stopping.UnsafeRegister(static box => ((DeliveryMailbox)box!).Wake(), mailbox);
        using CancellationTokenRegistration withdrawn = caller.Withdrawn.UnsafeRegister(static box => ((DeliveryMailbox)box!).Wake(), mailbox);
        ITimer? timer = null;
        try
        {
            // What changed before it could be found among the open streams.
            EndIfOver();
            await HandleAsync(first);
            ValueTask<bool> next = Next(requests);
            while (true)
            {
                timer = Schedule(timer);
                await mailbox;
                EndIfOver();
                await DeliverAsync();
                if (next.IsCompleted)
                {
                    if (!await next)
                    {
                        return;
                    }

                    await HandleAsync(requests.Current);
                    next = Next(requests);
                }
            }
        }
        finally
        {
            mailbox.Close();
            foreach (FleetEvent closed in session.Close())
            {
                shared.Port.Post(closed);
            }

            if (timer is not null)
            {
                await timer.DisposeAsync();
            }
        }
    }

    public void Dispose() => _unread.Dispose();

    /// <summary>Reads on; the mailbox tells when there is a request, so that the loop waits for one thing alone.</summary>
    private ValueTask<bool> Next(IAsyncEnumerator<TRequest> requests)
    {
#pragma warning disable CA2012 // Here it is only told whom to wake; the loop takes the result, once.
        ValueTask<bool> next = requests.MoveNextAsync();
#pragma warning restore CA2012
        if (next.IsCompleted)
        {
            mailbox.GoOn();
        }
        else
        {
            next.GetAwaiter().UnsafeOnCompleted(mailbox.GoOn);
        }

        return next;
    }

    private async Task HandleAsync(TRequest request)
    {
        if (!_rate.TryTake())
        {
            XdsLog.TooManyRequests(shared.Logger, _client.Key.SpiffeId, _client.Node.Id, stream.Id, shared.Limits.RequestsPerSecond);
            throw new RpcException(StatusCode.ResourceExhausted, $"more than {shared.Limits.RequestsPerSecond} requests in a second");
        }

        protocol.Node(request);
        string type = protocol.TypeUrl(request);
        if (type.Length == 0 && _client.IsAggregated)
        {
            throw new RpcException(StatusCode.InvalidArgument, "a request of an aggregated stream needs a type_url");
        }

        if (type.Length > 0 && type != SecretType.Url)
        {
            if (!_notedUnservedType)
            {
                _notedUnservedType = true;
                XdsLog.UnknownType(shared.Logger, stream.Id, XdsLog.Shown(type));
            }

            return;
        }

        await ApplyAsync(session.Handle(request, shared.Now));
    }

    private async Task DeliverAsync()
    {
        Delivery[] deliveries = mailbox.TakeAll();
        if (deliveries.Length > 0)
        {
            await ApplyAsync(session.Deliver(deliveries, shared.Now));
        }

        if (mailbox.TakeResend())
        {
            await ApplyAsync(session.Resend(shared.Now));
        }
        else if (session.WakeAt <= shared.Now)
        {
            await ApplyAsync(session.Wake(shared.Now));
        }
    }

    private async Task ApplyAsync(SessionStep step)
    {
        Log(step.Notes);
        foreach (FleetEvent happened in step.Events)
        {
            Report(happened);
        }

        stream.Publish(session.Statuses);
        if (step.Response is { } response)
        {
            // Once more: the write before may have taken long.
            EndIfOver();
            PushGuard.Check(response, shared.Names, _client.Workload);
            await WriteAsync(protocol.Encode(shared.Encoder, response));
            XdsLog.ResponseSent(shared.Logger, stream.Id, response.Version, response.Nonce);
        }
    }

    private void Report(FleetEvent happened)
    {
        if (happened is SubscriptionOpened opened)
        {
            shared.Port.Open(opened, _port);
            return;
        }

        if (happened is DeliveryNacked nacked)
        {
            XdsLog.SecretRefused(
                shared.Logger, _client.Key.SpiffeId, _client.Node.Id, stream.Id,
                XdsLog.Shown(session.NameOf(nacked.Subscription)), nacked.Delivery, nacked.Error);
        }

        shared.Port.Post(happened);
    }

    private async Task WriteAsync(EncodedMessage message)
    {
        Task written = write(message, _unread.Token);
        if (written.IsCompletedSuccessfully)
        {
            return;
        }

        using CancellationTokenSource limit = new(shared.Limits.Write, shared.Time);
        await using CancellationTokenRegistration ended = limit.Token.UnsafeRegister(static box => ((CancellationTokenSource)box!).Cancel(), _unread);
        try
        {
            await written;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // The reset that a cancelled write makes also cancels the call, sooner or later than this is looked at: whose time ran out counts.
            XdsLog.SlowReaderDropped(shared.Logger, _client.Key.SpiffeId, _client.Node.Id, stream.Id, shared.Limits.Write);
            throw new RpcException(StatusCode.DeadlineExceeded, $"no response was read for {shared.Limits.Write}");
        }
    }

    private void EndIfOver()
    {
        if (call.Stopping.IsCancellationRequested)
        {
            throw new RpcException(StatusCode.Unavailable, "the server is shutting down");
        }

        if (caller.Withdrawn.IsCancellationRequested || caller.ValidUntil <= shared.Now || !caller.Stands())
        {
            XdsLog.EvidenceExpired(shared.Logger, _client.Key.SpiffeId, _client.Node.Id, stream.Id);
            throw PushGuard.Withdrawn();
        }

        if (mailbox.IsOver)
        {
            XdsLog.Displaced(shared.Logger, _client.Key.SpiffeId, _client.Node.Id, stream.Id);
            throw new RpcException(StatusCode.Unavailable, "this process has opened another connection: open the stream anew");
        }
    }

    // One timer a stream, and only on those that have something to wait for.
    private ITimer? Schedule(ITimer? timer)
    {
        DateTimeOffset? at = session.WakeAt is { } wake && !(caller.ValidUntil <= wake) ? wake : caller.ValidUntil;
        if (at is null && timer is null)
        {
            return null;
        }

        timer ??= shared.Time.CreateTimer(
            static box => ((DeliveryMailbox)box!).Wake(), mailbox, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        TimeSpan due = at - shared.Now ?? Timeout.InfiniteTimeSpan;
        timer.Change(due == Timeout.InfiniteTimeSpan ? due : TimeSpan.FromTicks(Math.Clamp(due.Ticks, 0, s_longestTimer.Ticks)), Timeout.InfiniteTimeSpan);
        return timer;
    }

    private void Log(ImmutableArray<SessionNote> notes)
    {
        foreach (SessionNote note in notes)
        {
            string subject = XdsLog.Shown(note.Subject);
            switch (note.Kind)
            {
                case SessionNoteKind.UnknownName:
                    XdsLog.UnknownSecretName(shared.Logger, _client.Key.SpiffeId, _client.Node.Id, stream.Id, subject);
                    break;
                case SessionNoteKind.Resent:
                    XdsLog.SecretResent(shared.Logger, _client.Key.SpiffeId, _client.Node.Id, stream.Id, subject);
                    break;
                default:
                    XdsLog.StaleNonce(shared.Logger, stream.Id, subject);
                    break;
            }
        }
    }
}
