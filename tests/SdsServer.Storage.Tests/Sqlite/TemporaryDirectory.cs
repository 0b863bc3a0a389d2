using SdsServer.Storage.Sqlite;
using SdsServer.Testing.Leaks;

namespace SdsServer.Storage.Tests.Sqlite;

/// <summary>A place for data directories that goes away with the test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("sds-storage-");

    public string Data => Path.Combine(_root.FullName, "data");

    public string Database => Path.Combine(Data, "sds.db");

    public string Key => Path.Combine(Data, "key-encryption-key");

    public SqliteOptions Options => new() { DataDirectory = Data };

    public string this[string name] => Path.Combine(_root.FullName, name);

    public void Dispose()
    {
        KnownKeys.NoteBelow(_root.FullName);
        _root.Delete(recursive: true);
    }
}
