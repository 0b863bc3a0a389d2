using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace SdsServer.Cli.Demo;

/// <summary>What a sidecar presents and what it enforces, taken together from SDS. Never changes; a new secret makes a new one.</summary>
internal sealed class TlsIdentity
{
    private readonly X509Certificate2Collection _roots;
    private readonly TimeProvider _time;

    /// <param name="leaf">What it presents.</param>
    /// <param name="bundle">What it enforces.</param>
    /// <param name="time">The clock by which it judges dates; null: the machine's.</param>
    public TlsIdentity(LeafSecret leaf, BundleSecret bundle, TimeProvider? time = null)
    {
        (Leaf, Bundle, _roots, _time) = (leaf, bundle, bundle.Roots, time ?? TimeProvider.System);
        // A context of its own and no resumption: every handshake shows both certificates and checks them in full.
        Context = SslStreamCertificateContext.Create(leaf.Certificate, leaf.Intermediates, offline: true);
    }

    public LeafSecret Leaf { get; }

    public BundleSecret Bundle { get; }

    public SslStreamCertificateContext Context { get; }

    /// <summary>For error messages: which leaf and which bundle.</summary>
    public override string ToString() => $"leaf {Leaf.Serial} from {Leaf.Issuer}, bundle of epoch {Bundle.Epoch}";

    /// <summary>Exactly the bundle it holds, nothing of the machine's.</summary>
    public X509ChainPolicy Policy(string extendedKeyUsage)
    {
        X509ChainPolicy policy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationTime = _time.GetUtcNow().UtcDateTime,
            VerificationTimeIgnored = false,
        };
        policy.CustomTrustStore.AddRange(_roots);
        policy.ApplicationPolicy.Add(new(extendedKeyUsage));
        return policy;
    }
}
