using Dapper;
using Microsoft.Data.Sqlite;
using SdsServer.Core.Fleet;

namespace SdsServer.Storage.Sqlite.Tables;

/// <summary>The consumers of the bundle that never take a leaf.</summary>
internal static class Roster
{
    public static List<RosterEntry> Load(SqliteConnection connection, long trustDomain) =>
        [.. connection.Query<(string InstanceId, string SpiffeId, string NodeId, string Peer, long BundleSlots)>(
            "SELECT instance_id, spiffe_id, node_id, peer, bundle_slots FROM roster WHERE trust_domain = @trustDomain ORDER BY instance_id",
            new { trustDomain })
            .Select(row => new RosterEntry(row.InstanceId, new InstanceKey(row.SpiffeId, row.NodeId, row.Peer), (int)row.BundleSlots))];

    public static void Put(SqliteConnection connection, long trustDomain, RosterEntry entry) => connection.Execute(
        """
        INSERT INTO roster (trust_domain, instance_id, spiffe_id, node_id, peer, bundle_slots)
        VALUES (@trustDomain, @InstanceId, @SpiffeId, @NodeId, @Peer, @BundleSlots)
        ON CONFLICT (trust_domain, instance_id) DO UPDATE SET
            spiffe_id = excluded.spiffe_id, node_id = excluded.node_id, peer = excluded.peer, bundle_slots = excluded.bundle_slots
        """,
        new { trustDomain, entry.InstanceId, entry.Key.SpiffeId, entry.Key.NodeId, entry.Key.Peer, entry.BundleSlots });

    public static void RaiseSlots(SqliteConnection connection, long trustDomain, string instanceId, int bundleSlots) => connection.Execute(
        "UPDATE roster SET bundle_slots = max(bundle_slots, @bundleSlots) WHERE trust_domain = @trustDomain AND instance_id = @instanceId",
        new { trustDomain, instanceId, bundleSlots });

    public static void Remove(SqliteConnection connection, long trustDomain, string instanceId) => connection.Execute(
        "DELETE FROM roster WHERE trust_domain = @trustDomain AND instance_id = @instanceId", new { trustDomain, instanceId });
}
