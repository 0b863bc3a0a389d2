using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Core.Authorities;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Hosting;
using SdsServer.Testing;

namespace SdsServer.Tests.Hosting;

/// <summary>What a store that fails now and then makes of the engine's orders.</summary>
public sealed class EffectRunnerTests
{
    [Fact]
    public async Task A_roster_entry_whose_write_is_tried_again_does_not_outlive_its_removal()
    {
        const string put = nameof(ITrustStore.PutRosterAsync), remove = nameof(ITrustStore.RemoveRosterAsync);
        ConcurrentQueue<string> written = new();
        TaskCompletionSource failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        SimulatedDisk disk = new()
        {
            BeforeCommit = method => method == put && failed.TrySetResult() ? throw new IOException("the disk is full") : Task.CompletedTask,
            AfterCommit = method =>
            {
                written.Enqueue(method);
                return Task.CompletedTask;
            },
        };
        await using InMemoryTrustStore store = new(disk);
        ServerSettings settings = ServerSettings.From(new ServerOptions());
        using Keyring keyring = new(store, settings.TrustDomain.Name);
        await using TrustDomainLoop loop = await TrustDomainStartup.StartAsync(
            settings, store, keyring, new RootFitness(keyring, settings.Leaves, TimeSpan.Zero), TimeProvider.System, NullLogger<TrustDomainLoop>.Instance, default);
        InstanceKey key = new("spiffe://example.org/export", "export", "process:1");
        loop.Port.Open(
            new SubscriptionOpened(1, 1, key, new Workload(key.SpiffeId, [], BundleOnly: true), SecretKind.Bundle, "ROOTCA", null, ""),
            delivery => loop.Port.Post(new DeliveryAcked(delivery.Subscription, delivery.Id)));
        await failed.Task.WaitAsync(TimeSpan.FromSeconds(20));

        loop.Post(new ProcessDeparted(key.Peer));

        string[] roster = await Condition.AwaitAsync(
            "both writes", TimeSpan.FromSeconds(20), _ => Task.FromResult(written.Where(method => method is put or remove).ToArray() is { Length: 2 } both ? both : null));
        Assert.Equal([put, remove], roster);
    }
}
