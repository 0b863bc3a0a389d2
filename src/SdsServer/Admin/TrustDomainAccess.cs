using SdsServer.Admin.Requests;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Commands;
using SdsServer.Hosting;

namespace SdsServer.Admin;

/// <summary>The owner of the trust domain as the admin API asks it: never waits for an owner that has ended.</summary>
internal sealed class TrustDomainAccess(TrustDomainLoop loop, TimeProvider time)
{
    private static readonly TimeSpan OrderLimit = TimeSpan.FromSeconds(30);

    /// <summary>Reads between two events. The function must be quick and let nothing mutable out.</summary>
    public Task<T> ReadAsync<T>(Func<TrustDomainEngine, T> read, CancellationToken cancellation) => AliveAsync(loop.ReadAsync(read, cancellation));

    /// <summary>Gives an order and waits until what became of it is durable, also when the caller has left: an order cannot be taken back.</summary>
    /// <param name="command">The call that gives it; learns whether the log has its line.</param>
    /// <param name="order">Makes the order from its number.</param>
    public async Task<CommandOutcome> OrderAsync(OperatorCommand command, Func<long, EngineCommand> order)
    {
        try
        {
            CommandOutcome outcome = await AliveAsync(loop.OrderAsync(order, CancellationToken.None).WaitAsync(OrderLimit, time));
            command.Logged |= outcome.Logged;
            return outcome;
        }
        catch (TimeoutException)
        {
            throw AdminErrors.StoreUnavailable("the order was taken, but the store has not confirmed it yet: read the state again before you repeat it");
        }
    }

    public Task ChangedAsync(CancellationToken cancellation) => loop.ChangedAsync(cancellation);

    private async Task<T> AliveAsync<T>(Task<T> answer)
    {
        try
        {
            return await answer;
        }
        catch (Exception) when (loop.Failed.IsCompleted)
        {
            throw AdminErrors.NotLeader();
        }
    }
}
