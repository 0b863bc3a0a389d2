using System.Collections.Immutable;
using System.Threading.Channels;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Hosting;

/// <summary>
/// Runs the engine of a trust domain: takes events from everywhere into one queue, has them handled one after the other, and
/// hands the effects on. Nothing here decides anything.
/// </summary>
public sealed class TrustDomainLoop : IAsyncDisposable
{
    private readonly Channel<LoopTurn> _queue = Channel.CreateUnbounded<LoopTurn>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<long, SubscriptionPort> _streams = [];
    private readonly Dictionary<long, TaskCompletionSource<CommandOutcome>> _commands = [];
    private readonly TrustDomainEngine _engine;
    private readonly EffectRunner _effects;
    private readonly MonotonicClock _clock;
    private readonly ITimer _timer;
    private readonly ILogger<TrustDomainLoop> _logger;
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _changed;
    private TimeSpan? _armedFor;
    private BundlePayload _bundle;
    private long _lastCommand;
    private Action<TrustState>? _followTrust;
    private (ImmutableArray<string> Bundle, ImmutableArray<Authority> Authorities, string? Serving) _followed;
    private Task? _running;

    internal TrustDomainLoop(TrustDomainEngine engine, EffectRunner effects, MonotonicClock clock, ILogger<TrustDomainLoop> logger)
    {
        _engine = engine;
        _effects = effects;
        _clock = clock;
        _logger = logger;
        _bundle = engine.Bundle;
        _timer = clock.Time.CreateTimer(_ => Post(new ClockTicked()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Port = new FleetPort(Open, Post);
    }

    /// <summary>How streams talk to the engine.</summary>
    public FleetPort Port { get; }

    /// <summary>Done when the term has begun and secrets are served.</summary>
    public Task Begun => _begun.Task;

    /// <summary>Fails when this process must not write any more, when the engine itself broke, or when it was disposed.</summary>
    public Task Failed => _failed.Task;

    /// <summary>The current bundle, as members share it.</summary>
    public BundlePayload Bundle => Volatile.Read(ref _bundle);

    /// <summary>Begins the leader's term and handles events until it is disposed.</summary>
    public void Start()
    {
        Enqueue(() => Run(_engine.Begin(_clock.Now)));
        _running = RunAsync();
    }

    /// <summary>Tells the engine what happened.</summary>
    public void Post(EngineEvent happened) => _queue.Writer.TryWrite(new LoopTurn(happened, null));

    /// <summary>Gives an order and waits for what became of it: that is after the change is durable.</summary>
    /// <param name="order">Makes the command from its id.</param>
    /// <remarks>Throws what <see cref="Failed"/> failed with; what became of the order then shows after the next start.</remarks>
    public Task<CommandOutcome> OrderAsync(Func<long, EngineCommand> order, CancellationToken cancellation)
    {
        TaskCompletionSource<CommandOutcome> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        long id = Interlocked.Increment(ref _lastCommand);
        EngineCommand command = order(id);
        Enqueue(() =>
        {
            _commands.Add(id, done);
            Run(_engine.Handle(command, _clock.Now));
        });
        return AnswerAsync(done.Task, cancellation);
    }

    /// <summary>Reads from the engine between two events; the function must be quick and must let nothing mutable out.</summary>
    public Task<T> ReadAsync<T>(Func<TrustDomainEngine, T> read, CancellationToken cancellation)
    {
        TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(() =>
        {
            try
            {
                answer.SetResult(read(_engine));
            }
            catch (Exception error)
            {
                answer.SetException(error);
            }
        });
        return AnswerAsync(answer.Task, cancellation);
    }

    /// <summary>
    /// Shows the state now, before this returns, and whenever its bundle, its authorities or that of the server's own certificate have changed, before anything else happens. One at a time;
    /// it must be quick.
    /// </summary>
    public Task FollowTrustAsync(Action<TrustState> follow, CancellationToken cancellation) => ReadAsync(
        engine =>
        {
            _followTrust += follow;
            _followed = Followed(engine.State);
            follow(engine.State);
            return true;
        },
        cancellation);

    /// <summary>Done at the next event after this call: whoever watches reads again then.</summary>
    public Task ChangedAsync(CancellationToken cancellation)
    {
        TaskCompletionSource fresh = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return (Interlocked.CompareExchange(ref _changed, fresh, null) ?? fresh).Task.WaitAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        _queue.Writer.TryComplete();
        if (_running is not null)
        {
            await _running;
        }

        await _effects.DisposeAsync();
        _failed.TrySetException(new ObjectDisposedException(nameof(TrustDomainLoop)));
    }

    /// <summary>Ends the loop for good: the process must begin a term of its own before it writes again.</summary>
    internal void Fail(Exception error)
    {
        _failed.TrySetException(error);
        _begun.TrySetException(error);
        Interlocked.Exchange(ref _changed, null)?.TrySetResult();
        _queue.Writer.TryComplete();
    }

    private async Task<T> AnswerAsync<T>(Task<T> answer, CancellationToken cancellation)
    {
        await await Task.WhenAny(answer, _failed.Task).WaitAsync(cancellation);
        return await answer;
    }

    private void Enqueue(Action work) => _queue.Writer.TryWrite(new LoopTurn(null, work));

    private void Open(SubscriptionOpened opened, SubscriptionPort port) => Enqueue(() =>
    {
        _streams.Add(opened.Subscription, port);
        Run(_engine.Handle(opened, _clock.Now));
    });

    private async Task RunAsync()
    {
        while (await _queue.Reader.WaitToReadAsync())
        {
            while (_queue.Reader.TryRead(out LoopTurn next))
            {
                if (_failed.Task.IsCompleted)
                {
                    return;
                }

                try
                {
                    Take(next);
                }
                catch (Exception error)
                {
                    // A broken engine must not guess: what it has told the proxies stands, and nothing new is issued.
                    HostingLog.EngineBroke(_logger, error);
                    Fail(error);
                }
            }
        }
    }

    private void Take(LoopTurn turn)
    {
        if (turn.Happened is not { } happened)
        {
            turn.Work!();
            return;
        }

        switch (happened)
        {
            case SubscriptionClosed closed: _streams.Remove(closed.Subscription); break;
            case ClockTicked: _armedFor = null; break;
            default: break;
        }

        Run(_engine.Handle(happened, _clock.Now));
    }

    private void Run(IReadOnlyList<EngineEffect> effects)
    {
        foreach (EngineEffect effect in effects)
        {
            switch (effect)
            {
                case Deliver deliver:
                    if (_streams.TryGetValue(deliver.Delivery.Subscription, out SubscriptionPort? receiver))
                    {
                        receiver.Deliver(deliver.Delivery);
                    }

                    break;
                case EndStream over:
                    if (_streams.TryGetValue(over.Subscription, out SubscriptionPort? stream))
                    {
                        stream.End();
                    }

                    break;
                case CommandDone done:
                    if (_commands.Remove(done.Command, out TaskCompletionSource<CommandOutcome>? waiting))
                    {
                        waiting.SetResult(done.Outcome);
                    }

                    break;
                case Noted noted:
                    HostingLog.Noted(_logger, noted.InstanceId.Length == 0 ? "trust domain" : $"instance {noted.InstanceId}", noted.Text);
                    break;
                default:
                    _effects.Run(effect, _engine.State, this);
                    break;
            }
        }

        Volatile.Write(ref _bundle, _engine.Bundle);
        TellOfTrust();
        if (_engine.Serving && !_begun.Task.IsCompleted)
        {
            _begun.TrySetResult();
        }

        Arm();
        if (Volatile.Read(ref _changed) is not null)
        {
            Interlocked.Exchange(ref _changed, null)?.SetResult();
        }
    }

    private void TellOfTrust()
    {
        TrustState state = _engine.State;
        if (_followTrust is { } follow && Followed(state) != _followed)
        {
            _followed = Followed(state);
            follow(state);
        }
    }

    private static (ImmutableArray<string> Bundle, ImmutableArray<Authority> Authorities, string? Serving) Followed(TrustState state) =>
        (state.Bundle, state.Authorities, state.Serving?.AuthorityId);

    /// <summary>Sets the timer where it would ring too late. One that rings early costs a look, setting it anew at every event costs more.</summary>
    private void Arm()
    {
        if (_engine.NextWake is { } wake && !(_armedFor <= wake))
        {
            TimeSpan now = _clock.Now.Up;
            TimeSpan wait = Clamp(wake - now);
            _armedFor = now + wait;
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }

    private static TimeSpan Clamp(TimeSpan wait) =>
        wait < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : wait > TimeSpan.FromHours(1) ? TimeSpan.FromHours(1) : wait;
}
