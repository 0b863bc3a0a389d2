using SdsServer.Grpc.Server;

namespace SdsServer.Limits;

/// <summary>
/// What messages that are not whole may take: of a connection, of all from its address, and of all. Without it whoever can connect fills the memory,
/// for a message is parsed when all of it is here. Safe for concurrent use.
/// </summary>
internal sealed class ReceiveBudgets(ConnectionLimits limits)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (ReceiveBudget Budget, int Connections)> _byAddress = [];
    private readonly ReceiveBudget _all = new(limits.Partial);

    /// <summary>Bytes of all.</summary>
    public long Taken => _all.Taken;

    /// <summary>A connection from this address begins; pair it with <see cref="Leave"/>.</summary>
    public ReceiveBudget Enter(string address)
    {
        lock (_lock)
        {
            (ReceiveBudget? budget, int connections) = _byAddress.GetValueOrDefault(address);
            budget ??= new ReceiveBudget(limits.PartialPerAddress, _all);
            _byAddress[address] = (budget, connections + 1);
            return new ReceiveBudget(limits.PartialPerConnection, budget);
        }
    }

    public void Leave(string address)
    {
        lock (_lock)
        {
            (ReceiveBudget budget, int connections) = _byAddress[address];
            if (connections == 1)
            {
                _byAddress.Remove(address);
            }
            else
            {
                _byAddress[address] = (budget, connections - 1);
            }
        }
    }
}
