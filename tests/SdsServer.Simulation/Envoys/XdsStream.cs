using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;
using SdsServer.Xds;

namespace SdsServer.Simulation.Envoys;

/// <summary>
/// One stream, both ends: the client's messages as Envoy writes them, and the server's production session. What passes between them is
/// bytes.
/// </summary>
internal abstract class XdsStream(XdsClient client, long connection)
{
    private bool _draining;

    public XdsClient Client { get; } = client;

    public long Connection { get; } = connection;

    /// <summary>The client's end.</summary>
    public bool IsOpen { get; set; } = true;

    /// <summary>The server has not noticed the end yet.</summary>
    public bool IsServed { get; set; } = true;

    /// <summary>When the last message of this stream arrives: later ones do not overtake it.</summary>
    public TimeSpan ArrivesAt { get; set; }

    /// <summary>Virtual time at which the request said last arrives, which none said later overtakes.</summary>
    public TimeSpan HeardAt { get; set; }

    /// <summary>What the engine has handed to this stream.</summary>
    public DeliveryMailbox Mailbox { get; } = new();

    /// <summary>By the server's number.</summary>
    public Dictionary<long, SecretSource> Subscriptions { get; } = [];

    public abstract DateTimeOffset? WakeAt { get; }

    public abstract byte[] FirstRequest();

    /// <summary>The client asks for one more name.</summary>
    public abstract byte[] Subscribe(SecretSource added);

    /// <summary>The client lets a name go.</summary>
    public abstract byte[] Unsubscribe(SecretSource removed);

    public abstract ClientResponse Read(byte[] bytes);

    /// <summary>The answer to a response; <paramref name="error"/> makes it a NACK. Takes note of what was accepted.</summary>
    public abstract byte[] Answer(ClientResponse response, string? error);

    public abstract SessionStep Receive(byte[] request, DateTimeOffset now);

    public abstract SessionStep Deliver(ReadOnlySpan<Delivery> deliveries, DateTimeOffset now);

    public abstract SessionStep Wake(DateTimeOffset now);

    public abstract IReadOnlyList<FleetEvent> Close();

    public abstract byte[] Encode(SecretResponse response);

    /// <summary>True once until the mailbox is drained.</summary>
    public bool BeginDrain() => !_draining && (_draining = true);

    public Delivery[] Drain()
    {
        _draining = false;
        return Mailbox.TakeAll();
    }

    public SecretSource Source(string name) => Client.Sources.Find(source => source.Name == name && !source.Removed)
        ?? Client.Sources.First(source => source.Name == name);

    /// <summary>The client takes a response; what comes after the first bad secret is dropped, what came before it stays.</summary>
    /// <returns>The text of a NACK, or null.</returns>
    public string? Take(SimulatedEnvoy envoy, ClientResponse response)
    {
        foreach ((string name, _, HeldSecret secret) in response.Secrets)
        {
            SecretSource source = Source(name);
            if (!source.Removed && envoy.Receive(source, secret) is { } wrong)
            {
                return wrong;
            }
        }

        return null;
    }

    protected static byte[] Concat(ReadOnlyMemory<byte>[] pieces)
    {
        byte[] all = new byte[pieces.Sum(piece => piece.Length)];
        int at = 0;
        foreach (ReadOnlyMemory<byte> piece in pieces)
        {
            piece.Span.CopyTo(all.AsSpan(at));
            at += piece.Length;
        }

        return all;
    }
}
