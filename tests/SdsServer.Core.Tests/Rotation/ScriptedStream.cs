using SdsServer.Core.Fleet;
using SdsServer.Core.Secrets;

namespace SdsServer.Core.Tests.Rotation;

/// <summary>One name on one stream of a scripted proxy; answers by itself unless told not to.</summary>
internal sealed class ScriptedStream(EngineWorld world, long id, long connection, SecretKind kind, string name)
{
    public long Id { get; } = id;

    public long Connection { get; } = connection;

    public SecretKind Kind { get; } = kind;

    public string Name { get; } = name;

    public bool Answers { get; set; } = true;

    public bool IsOpen { get; private set; } = true;

    /// <summary>How often the server has told it to end.</summary>
    public int Ended { get; set; }

    /// <summary>The version accepted last; null: none was.</summary>
    public string? Accepted { get; private set; }

    public List<Delivery> Got { get; } = [];

    public Delivery Last => Got[^1];

    public IEnumerable<string> Versions => Got.Select(delivery => delivery.Payload!.Version);

    public long Epoch => ((BundlePayload)Last.Payload!).Epoch;

    public string Serial => ((LeafPayload)Last.Payload!).Serial;

    public void Take(Delivery delivery)
    {
        Got.Add(delivery);
        if (Answers)
        {
            world.Time.After(TimeSpan.FromMilliseconds(1), () => Ack(delivery));
        }
    }

    public void Ack() => Ack(Last);

    public void Ack(Delivery delivery)
    {
        if (IsOpen)
        {
            Accepted = delivery.Payload?.Version ?? Accepted;
            world.Server.Post(new DeliveryAcked(Id, delivery.Id));
        }
    }

    public void Nack(string error = "bad certificate") => world.Server.Post(new DeliveryNacked(Id, Last.Id, error));

    public void Close()
    {
        if (IsOpen)
        {
            IsOpen = false;
            world.Server.Post(new SubscriptionClosed(Id));
        }
    }
}
