using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using SdsServer.Core.Access;
using SdsServer.Core.Rotation;
using SdsServer.Identity.Jwt;

namespace SdsServer.Identity.Registrations;

/// <summary>
/// Keeps the registrations of a file in force. It is read again when it changes; a bad one is refused as a whole, and the one before stays.
/// </summary>
/// <param name="record">Writes a line of the audit log; its revision is not known here.</param>
internal sealed class RegistrationFile(string path, RegistrationDirectory directory, Func<Decision, Task> record, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private byte[]? _digest;
    private string _fault = "";

    /// <summary>Reads it for the first time.</summary>
    /// <exception cref="InvalidDataException">It cannot be read or used; says all that is wrong.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        await LookAsync(cancellation);
        if (_fault.Length > 0)
        {
            throw new InvalidDataException($"SdsServer:Registrations:File: '{path}': {_fault}");
        }
    }

    /// <summary>Looks again and again until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, time, stop);
                await LookAsync(stop);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Reads it once. What is in force already changes nothing; what was refused is tried again, since the store may have been the reason.</summary>
    internal async Task LookAsync(CancellationToken cancellation)
    {
        try
        {
            byte[] text = TrustedFile.Read(path);
            byte[] digest = SHA256.HashData(text);
            if (_fault.Length == 0 && digest.AsSpan().SequenceEqual(_digest))
            {
                return;
            }

            ImmutableArray<Registration> read = RegistrationDocument.Parse(Encoding.UTF8.GetString(text), directory.Check);
            await directory.SetFileAsync(read, cancellation);
            (_digest, _fault) = (digest, "");
            RegistrationLog.FileRead(logger, path, read.Length);
            await RecordAsync(DecisionOutcome.Done, $"{read.Length} registrations, sha256 {Convert.ToHexStringLower(digest)}", "");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            if (error.Message != _fault)
            {
                _fault = error.Message;
                RegistrationLog.FileRefused(logger, path, Shown.Text(_fault));
                await RecordAsync(DecisionOutcome.Refused, "", Shown.Text(_fault));
            }
        }
    }

    private async Task RecordAsync(DecisionOutcome outcome, string evidence, string error)
    {
        try
        {
            await record(new Decision
            {
                At = time.GetUtcNow(),
                Actor = "engine",
                Kind = DecisionKind.LoadRegistrations,
                Action = $"load registrations from {path}",
                Evidence = evidence,
                Outcome = outcome,
                Error = error,
            });
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            RegistrationLog.NotRecorded(logger, path, failed);
        }
    }
}
