using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Core.Rotation;
using SdsServer.Storage.Sqlite;

namespace SdsServer.Storage.Tests.Sqlite;

public sealed class SqliteTrustStoreTests : TrustStoreContract, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    protected override async Task<ITrustStore> OpenAsync() =>
        await SqliteTrustStore.OpenAsync(_directory.Options, NullLogger.Instance, CancellationToken.None);
}
