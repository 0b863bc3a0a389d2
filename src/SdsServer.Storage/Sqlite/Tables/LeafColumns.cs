using System.Text.Json;
using Microsoft.Data.Sqlite;
using SdsServer.Core.Fleet;

namespace SdsServer.Storage.Sqlite.Tables;

/// <summary>How a <see cref="LedgerRow"/> lies in the table <c>leaves</c>.</summary>
internal static class LeafColumns
{
    public const string Names =
        "serial, kind, instance_id, spiffe_id, node_id, peer, bundle_slots, leaf_slots, authority_id, anchors, not_before, not_after, state";

    public static LedgerRow Read(SqliteDataReader reader) => new()
    {
        Serial = reader.GetString(0),
        Kind = Named<LedgerRowKind>(reader, 1),
        InstanceId = reader.GetString(2),
        Key = new InstanceKey(reader.GetString(3), reader.GetString(4), reader.GetString(5)),
        BundleSlots = reader.GetInt32(6),
        LeafSlots = reader.GetInt32(7),
        AuthorityId = reader.GetString(8),
        Anchors = [.. StateJson.Read(reader.GetString(9), StateJson.Default.StringArray, $"the anchors of leaf {reader.GetString(0)}")],
        NotBefore = new DateTimeOffset(reader.GetInt64(10), TimeSpan.Zero),
        NotAfter = new DateTimeOffset(reader.GetInt64(11), TimeSpan.Zero),
        State = Named<LeafState>(reader, 12),
    };

    public static void Bind(SqliteCommand command, LedgerRow row)
    {
        SqliteParameterCollection parameters = command.Parameters;
        parameters.AddWithValue("@serial", row.Serial);
        parameters.AddWithValue("@kind", row.Kind.ToString());
        parameters.AddWithValue("@instance_id", row.InstanceId);
        parameters.AddWithValue("@spiffe_id", row.Key.SpiffeId);
        parameters.AddWithValue("@node_id", row.Key.NodeId);
        parameters.AddWithValue("@peer", row.Key.Peer);
        parameters.AddWithValue("@bundle_slots", row.BundleSlots);
        parameters.AddWithValue("@leaf_slots", row.LeafSlots);
        parameters.AddWithValue("@authority_id", row.AuthorityId);
        parameters.AddWithValue("@anchors", JsonSerializer.Serialize([.. row.Anchors], StateJson.Default.StringArray));
        parameters.AddWithValue("@not_before", row.NotBefore.UtcTicks);
        parameters.AddWithValue("@not_after", row.NotAfter.UtcTicks);
        parameters.AddWithValue("@state", row.State.ToString());
    }

    private static T Named<T>(SqliteDataReader reader, int column)
        where T : struct, Enum =>
        Enum.TryParse(reader.GetString(column), out T value)
            ? value
            : throw new InvalidDataException(
                $"leaf {reader.GetString(0)} has {reader.GetName(column)} '{reader.GetString(column)}', which this program does not know: "
                + "if a newer version of the server has written it, start that one again");
}
