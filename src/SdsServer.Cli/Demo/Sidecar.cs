using SdsServer.Protos.Envoy.Tls.V3;

namespace SdsServer.Cli.Demo;

/// <summary>
/// The TLS side of a sidecar: takes secrets, and swaps what it presents and enforces in one step. A secret that does not make a TLS context
/// changes nothing. Safe to use from any thread.
/// </summary>
internal sealed class Sidecar(string name, string spiffeId, bool delta, TimeProvider? time = null)
{
    public const string LeafName = "default";
    public const string BundleName = "ROOTCA";

    private readonly Lock _applying = new();
    private readonly Dictionary<string, string> _versions = [];
    private volatile TlsIdentity? _identity;
    private LeafSecret? _leaf;
    private BundleSecret? _bundle;
    private TaskCompletionSource? _stalled;
    private string? _stalledName;
    private string? _refusedName;
    private int _acks;
    private int _nacks;

    public string Name => name;

    public string SpiffeId => spiffeId;

    /// <summary>It speaks delta; state of the world otherwise.</summary>
    public bool IsDelta => delta;

    /// <summary>In use now; null until both secrets are there.</summary>
    public TlsIdentity? Identity => _identity;

    public int Acks => Volatile.Read(ref _acks);

    public int Nacks => Volatile.Read(ref _nacks);

    /// <summary>The version of a secret it holds; empty if it holds none.</summary>
    public string VersionOf(string secretName)
    {
        lock (_applying)
        {
            return _versions.GetValueOrDefault(secretName, "");
        }
    }

    /// <summary>From now on it takes this secret from the stream and neither applies nor answers it, as an overloaded process would.</summary>
    public void Stall(string secretName)
    {
        lock (_applying)
        {
            (_stalledName, _stalled) = (secretName, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }
    }

    /// <summary>From now on it refuses this secret, as an Envoy does that cannot use it, and keeps what it has.</summary>
    public void Refuse(string secretName)
    {
        lock (_applying)
        {
            _refusedName = secretName;
        }
    }

    /// <summary>It answers again, and refuses nothing that it can use.</summary>
    public void Resume()
    {
        lock (_applying)
        {
            _refusedName = null;
            _stalled?.TrySetResult();
            _stalled = null;
        }
    }

    /// <summary>Applies a secret, once it is not stalled.</summary>
    /// <inheritdoc cref="Apply"/>
    public async Task<string?> TakeAsync(Secret secret, string version, CancellationToken cancellation)
    {
        Task? stalled;
        lock (_applying)
        {
            stalled = secret.Name == _stalledName ? _stalled?.Task : null;
        }

        if (stalled is not null)
        {
            await stalled.WaitAsync(cancellation);
        }

        return Apply(secret, version);
    }

    /// <summary>Applies a secret.</summary>
    /// <returns>Null when it is in use, or stored until its counterpart comes: send an ACK. Else why not: send a NACK.</returns>
    public string? Apply(Secret secret, string version)
    {
        lock (_applying)
        {
            try
            {
                if (secret.Name == _refusedName)
                {
                    throw new SecretRejectedException($"{secret.Name}: this sidecar's build cannot use the key of the certificate");
                }

                LeafSecret? leaf = _leaf;
                BundleSecret? bundle = _bundle;
                switch (secret.Name, secret.TypeCase)
                {
                    case (LeafName, Secret.TypeOneofCase.TlsCertificate):
                        leaf = LeafSecret.Read(secret.TlsCertificate);
                        break;
                    case (BundleName, Secret.TypeOneofCase.ValidationContext):
                        bundle = BundleSecret.Read(secret.ValidationContext);
                        break;
                    default:
                        throw new SecretRejectedException($"Unexpected SDS secret '{secret.Name}' of kind {secret.TypeCase}");
                }

                TlsIdentity? identity = leaf is null || bundle is null ? null : new TlsIdentity(leaf, bundle, time);
                (_leaf, _bundle, _identity) = (leaf, bundle, identity);
                _versions[secret.Name] = version;
                Interlocked.Increment(ref _acks);
                return null;
            }
            catch (SecretRejectedException error)
            {
                Interlocked.Increment(ref _nacks);
                return error.Message;
            }
        }
    }

    public override string ToString() => $"{name} ({(_identity is { } identity ? identity.ToString() : "no identity yet")})";
}
