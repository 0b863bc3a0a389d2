using System.Diagnostics;
using SdsServer.Core.Fleet;
using SdsServer.Testing;

namespace SdsServer.Tests.Xds;

/// <summary>Clients that share no line with ours.</summary>
public sealed class OtherImplementationTests
{
    [PythonGrpcFact]
    public async Task Grpcio_subscribes_accepts_and_gets_an_update()
    {
        await using XdsTestServer server = await XdsTestServer.StartAsync();
        server.Fleet.Set("roots/a", TestSecrets.Bundle(1));
        string script = Path.Combine(RepositoryRoot.Path, "tests", "SdsServer.Tests", "Xds", "sds_client.py");
        using Process python = Process.Start(new ProcessStartInfo(PythonGrpcFactAttribute.Python, [script, server.SocketPath, "roots/a", "2"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        try
        {
            Task<string> errors = python.StandardError.ReadToEndAsync();
            await server.Fleet.SeenAsync<DeliveryAcked>();
            server.Fleet.Set("roots/a", TestSecrets.Bundle(2));
            await python.WaitForExitAsync().WaitAsync(XdsTestServer.Patience);

            Assert.True(python.ExitCode == 0, await errors);
            string[] lines = (await python.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal([$"{TestSecrets.Bundle(1).Version} 1 True", $"{TestSecrets.Bundle(2).Version} 1 True"], lines);
            await server.Fleet.EmptyAsync();
        }
        finally
        {
            if (!python.HasExited)
            {
                python.Kill();
            }
        }
    }
}
