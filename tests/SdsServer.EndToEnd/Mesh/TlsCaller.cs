using System.Diagnostics;
using System.Globalization;
using System.Net;
using SdsServer.Testing;
using SdsServer.Testing.Processes;

namespace SdsServer.EndToEnd.Mesh;

/// <summary>Somebody with a leaf who calls a listener by <c>openssl s_client</c>, and can keep sessions and come back with them.</summary>
internal sealed class TlsCaller : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _folder = new("caller");

    public TlsCaller(HeldLeaf leaf)
    {
        File.WriteAllText(_folder.PathOf("leaf.pem"), leaf.ChainPem);
        File.WriteAllText(_folder.PathOf("leaf.key"), leaf.KeyPem);
    }

    /// <summary>One request on a connection of its own.</summary>
    /// <param name="listener">Where.</param>
    /// <param name="protocol"><c>tls1_2</c> or <c>tls1_3</c>.</param>
    /// <param name="keepAs">Name under which the session is kept, if there is one.</param>
    /// <param name="resume">Name of a kept session to come back with.</param>
    public async Task<TlsAnswer> CallAsync(IPEndPoint listener, string protocol = "tls1_3", string? keepAs = null, string? resume = null)
    {
        string[] arguments =
        [
            "s_client", "-connect", $"{listener}", $"-{protocol}", "-ign_eof", "-cert", _folder.PathOf("leaf.pem"), "-cert_chain", _folder.PathOf("leaf.pem"),
            "-key", _folder.PathOf("leaf.key"),
            .. keepAs is null ? Array.Empty<string>() : ["-sess_out", _folder.PathOf(keepAs)],
            .. resume is null ? Array.Empty<string>() : ["-sess_in", _folder.PathOf(resume)],
        ];
        using Process openssl = Process.Start(new ProcessStartInfo(Programs.Find("openssl") ?? "openssl", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> said = openssl.StandardOutput.ReadToEndAsync();
        Task<string> complained = openssl.StandardError.ReadToEndAsync();
        try
        {
            await openssl.StandardInput.WriteAsync("GET /caller HTTP/1.1\r\nHost: echo\r\nConnection: close\r\n\r\n");
            openssl.StandardInput.Close();
        }
        catch (IOException)
        {
            // It was refused before it could ask.
        }

        using CancellationTokenSource limit = new(Limit);
        try
        {
            await openssl.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            openssl.Kill();
            throw;
        }

        string text = await said + await complained;
        return new TlsAnswer(
            text.Contains("HTTP/1.1 200 OK", StringComparison.Ordinal),
            text.Contains("Reused, ", StringComparison.Ordinal),
            keepAs is not null && File.Exists(_folder.PathOf(keepAs)),
            string.Create(CultureInfo.InvariantCulture, $"exit code {openssl.ExitCode}: {text}"));
    }

    /// <summary>There is such a session.</summary>
    public bool Keeps(string session) => File.Exists(_folder.PathOf(session));

    public void Dispose() => _folder.Dispose();
}
