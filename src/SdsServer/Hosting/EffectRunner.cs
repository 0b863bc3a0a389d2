using System.Threading.Channels;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Issuance;
using SdsServer.Core.Rotation;

namespace SdsServer.Hosting;

/// <summary>Carries out what the engine wants done outside: store, ledger and signers, each without holding up the others.</summary>
internal sealed class EffectRunner : IAsyncDisposable
{
    private const string Broken = "this server could not ask: see its log";

    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(10);

    private readonly ITrustStore _store;
    private readonly LeafSigner _signer;
    private readonly string _trustDomain;
    private readonly long _term;
    private readonly TimeProvider _time;
    private readonly ILogger<TrustDomainLoop> _logger;
    private readonly LedgerWriter _ledger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<Func<Task>> _signing = Channel.CreateUnbounded<Func<Task>>();
    private readonly Channel<(string Serial, LeafState State)> _leafStates = Channel.CreateUnbounded<(string, LeafState)>();
    private readonly InstanceWrites _writes = new();
    private readonly List<Task> _workers = [];
    private readonly RotationWebhook? _webhook;
    private readonly EnvoyAdmins _admins;

    /// <param name="webhook">Whom to ask before steps that are left to the webhook; null: nobody, and no policy leaves one to it.</param>
    public EffectRunner(ITrustStore store, LeafSigner signer, string trustDomain, long term, TimeProvider time, ILogger<TrustDomainLoop> logger, Uri? webhook = null)
    {
        _webhook = webhook is null ? null : new RotationWebhook(webhook, trustDomain, time);
        _admins = new EnvoyAdmins(time);
        _store = store;
        _signer = signer;
        _trustDomain = trustDomain;
        _term = term;
        _time = time;
        _logger = logger;
        _ledger = new LedgerWriter(store, trustDomain, term);
        for (int worker = 0; worker < Environment.ProcessorCount; worker++)
        {
            _workers.Add(Task.Run(SignAsync));
        }

        _workers.Add(Task.Run(RecordLeafStatesAsync));
    }

    /// <summary>Lets old rows go from now on.</summary>
    public void StartPruning(TrustDomainLoop loop) => _workers.Add(LedgerPruning.RunAsync(
        _store, _trustDomain, _term, stop => loop.ReadAsync(engine => engine.JudgedTime, stop), _time, _logger, _stopping.Token));

    /// <summary>Starts the effect; its completion comes back to the loop as an event.</summary>
    public void Run(EngineEffect effect, TrustState state, TrustDomainLoop loop)
    {
        switch (effect)
        {
            case SaveState save: _ = SaveAsync(save, loop); break;
            case SignLeaf sign: _signing.Writer.TryWrite(() => SignAsync(sign, state, loop)); break;
            case WriteLedger write: _writes.Enqueue(write.Insert.Row.InstanceId, () => WriteAsync(write, loop)); break;
            case SetLeafState set: _leafStates.Writer.TryWrite((set.Serial, set.State)); break;
            case RaiseSlots raise:
                _writes.Enqueue(raise.InstanceId, () => PersistAsync(
                    "slots",
                    loop,
                    stop => _store.RaiseSlotsAsync(_trustDomain, _term, raise.InstanceId, raise.BundleSlots, raise.LeafSlots, stop),
                    new SlotsRaised(raise.InstanceId, raise.BundleSlots, raise.LeafSlots)));
                break;
            case WriteRoster write:
                _writes.Enqueue(write.Entry.InstanceId, () => PersistAsync(
                    "roster", loop, stop => _store.PutRosterAsync(_trustDomain, _term, write.Entry, stop), new RosterWritten(write.Entry.InstanceId)));
                break;
            case AskWebhook ask:
                _ = ReportAsync("question to the webhook", loop, async stop => await AskAsync(ask, stop), () => new WebhookAnswered(ask.Ask, WebhookVerdict.Wait, Broken));
                break;
            case ProbeProxy probe:
                _ = ReportAsync("look at an Envoy's admin", loop, async stop => await _admins.LookAsync(probe, stop), () => new ProxyProbed(probe.InstanceId, probe.Serial, Found: false, Broken));
                break;
            case RemoveRoster remove:
                _writes.Enqueue(remove.InstanceId, () => PersistAsync(
                    "roster", loop, stop => _store.RemoveRosterAsync(_trustDomain, _term, remove.InstanceId, stop), null));
                break;
            default: throw new ArgumentException($"unknown effect {effect.GetType().Name}", nameof(effect));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _signing.Writer.TryComplete();
        _leafStates.Writer.TryComplete();
        await _stopping.CancelAsync();
        await Task.WhenAll(_workers);
        await _ledger.DisposeAsync();
        _webhook?.Dispose();
        _admins.Dispose();
        _stopping.Dispose();
    }

    private async Task SaveAsync(SaveState save, TrustDomainLoop loop)
    {
        IReadOnlyList<Decision> log = save.Entry is null ? [] : [save.Entry];
        bool saved = await PersistAsync("trust state", loop, async stop =>
        {
            try
            {
                await _store.SaveAsync(save.State, log, save.Expired, stop);
            }
            catch (StaleRevisionException stale) when (stale.Found == save.State.Revision)
            {
                // An earlier try that seemed to fail has taken effect: nobody else writes in this term.
            }
        }, new StateSaved(save.State));
        if (saved && save.Entry is { } entry)
        {
            HostingLog.Decided(_logger, entry.Actor, entry.Action, entry.Reason, entry.Evidence);
        }
    }

    /// <summary>Tries until it is durable, or this process may not write any more: then false.</summary>
    private async Task<bool> PersistAsync(string what, TrustDomainLoop loop, Func<CancellationToken, Task> write, EngineEvent? done)
    {
        TimeSpan wait = FirstRetry;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await write(_stopping.Token);
                if (done is not null)
                {
                    loop.Post(done);
                }

                return true;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return false;
            }
            catch (Exception error) when (error is StaleTermException or StaleRevisionException)
            {
                loop.Fail(error);
                return false;
            }
            catch (Exception error)
            {
                HostingLog.StoreFailed(_logger, what, wait, error);
            }

            await Task.Delay(wait, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            wait = wait * 2 < LastRetry ? wait * 2 : LastRetry;
        }

        return false;
    }

    private async Task SignAsync()
    {
        await foreach (Func<Task> sign in _signing.Reader.ReadAllAsync())
        {
            if (!_stopping.IsCancellationRequested)
            {
                await sign();
            }
        }
    }

    private async Task SignAsync(SignLeaf sign, TrustState state, TrustDomainLoop loop)
    {
        try
        {
            loop.Post(new LeafSigned(sign.Ticket, await _signer.SignAsync(sign, state, _stopping.Token)));
        }
        catch (Exception error)
        {
            loop.Post(new LeafSignFailed(sign.Ticket, error.Message));
        }
    }

    // A rotation may have been started when there was a webhook in the settings.
    private Task<WebhookAnswered> AskAsync(AskWebhook ask, CancellationToken stop) => _webhook is { } webhook
        ? webhook.AskAsync(ask, stop)
        : Task.FromResult(new WebhookAnswered(ask.Ask, WebhookVerdict.Wait, "this server has none to ask: set SdsServer:RotationWebhook"));

    /// <summary>What somebody outside said. Whatever goes wrong, the engine gets an answer: it asks nothing anew that is still open.</summary>
    private async Task ReportAsync(string what, TrustDomainLoop loop, Func<CancellationToken, Task<EngineEvent>> askAsync, Func<EngineEvent> failed)
    {
        try
        {
            loop.Post(await askAsync(_stopping.Token));
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            // Nobody is left to be told.
        }
        catch (Exception error)
        {
            HostingLog.AskingBroke(_logger, what, error);
            loop.Post(failed());
        }
    }

    private async Task WriteAsync(WriteLedger write, TrustDomainLoop loop)
    {
        try
        {
            loop.Post(new LedgerWritten(write.Ticket, await _ledger.InsertAsync(write.Insert, _stopping.Token)));
        }
        catch (StaleTermException error)
        {
            loop.Fail(error);
        }
        catch (Exception error)
        {
            loop.Post(new LedgerFailed(write.Ticket, error.Message));
        }
    }

    /// <summary>What became of leaves is evidence: written in batches, lost at worst, which only counts too much.</summary>
    private async Task RecordLeafStatesAsync()
    {
        while (await _leafStates.Reader.WaitToReadAsync())
        {
            List<(string, LeafState)> batch = [];
            while (batch.Count < 1_000 && _leafStates.Reader.TryRead(out (string, LeafState) next))
            {
                batch.Add(next);
            }

            try
            {
                await _store.SetLeafStatesAsync(_trustDomain, _term, batch, CancellationToken.None);
            }
            catch (Exception error)
            {
                HostingLog.StoreFailed(_logger, "leaf states", TimeSpan.Zero, error);
            }
        }
    }
}
