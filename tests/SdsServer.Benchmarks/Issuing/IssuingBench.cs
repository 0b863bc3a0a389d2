using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using SdsServer.Core.Authorities;
using SdsServer.Core.Fleet;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Issuance;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;
using SdsServer.Storage.Sqlite;
using SdsServer.Testing.Processes;

namespace SdsServer.Benchmarks.Issuing;

/// <summary>One trust domain on a real store with its parts at hand, and each way to make a leaf as one operation.</summary>
internal sealed class IssuingBench : IAsyncDisposable
{
    /// <summary>As many leaves as the engine has under way at once.</summary>
    public const int InFlight = 256;

    private const string Domain = "example.org";
    private static readonly TrustDomain TrustDomain = TrustDomain.Parse(Domain);
    private static readonly Workload Workload = new($"spiffe://{Domain}/bench", [], BundleOnly: false);
    private static readonly LeafRequest Request = new(SpiffeId.Parse(Workload.SpiffeId));

    private readonly TemporaryDirectory _directory;
    private readonly SqliteTrustStore _store;
    private readonly Keyring _keyring;
    private readonly LeafSigner _signer;
    private readonly LeafIssuer _issuer;
    private readonly LedgerWriter _ledger;
    private readonly PrivateKey _given = PrivateKey.Generate(KeyAlgorithm.EcdsaP256);

    private long _instances;

    private IssuingBench(TemporaryDirectory directory, SqliteTrustStore store, Keyring keyring, SigningAuthority authority, TrustState state)
    {
        (_directory, _store, _keyring, State) = (directory, store, keyring, state);
        _signer = new LeafSigner(keyring, LeafPolicy.Default, KeyAlgorithm.EcdsaP256);
        _issuer = new LeafIssuer(authority, LeafPolicy.Default);
        _ledger = new LedgerWriter(store, Domain, state.Term);
    }

    public TrustState State { get; }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public static async Task<IssuingBench> OpenAsync()
    {
        TemporaryDirectory directory = new("sdsbench");
        SqliteOptions options = new() { DataDirectory = directory.PathOf("data") };
        SqliteTrustStore store = await SqliteTrustStore.OpenAsync(options, NullLogger<SqliteTrustStore>.Instance, CancellationToken.None);
        TrustRecord record = await store.BeginTermAsync(Domain, Now, CancellationToken.None);
        (Authority authority, TrustRoot root) = await new BuiltInRoot(store).CreateAsync(
            "root", new AuthorityProfile(TrustDomain), "benchmark", record.Term, Now, CancellationToken.None);
        TrustState state = new()
        {
            TrustDomain = Domain,
            Revision = 1,
            Decisions = 1,
            Term = record.Term,
            Epoch = 1,
            Floor = 1,
            Salt = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            Authorities = [authority],
            Roots = [root with { Since = 1, SafeAt = Now }],
            Bundle = [root.Id],
            Signer = authority.Id,
            SeenAt = Now,
        };
        await store.SaveAsync(state, [], [], CancellationToken.None);
        Keyring keyring = new(store, Domain);
        return new IssuingBench(directory, store, keyring, await keyring.OpenAsync(authority, CancellationToken.None), state);
    }

    /// <summary>The server's path: policy, key, leaf, PEM, lint, anchors.</summary>
    public Task<SignedLeaf> SignAsync() => _signer.SignAsync(new SignLeaf(0, State.Signer, Workload, Now, Now, null), State, CancellationToken.None);

    /// <summary>The server's path with the row in the ledger, durable.</summary>
    public async Task SignDurablyAsync() => await RecordAsync(await SignAsync());

    /// <summary>A row in the ledger, durable; no key, no signature.</summary>
    public async Task RecordAsync(SignedLeaf leaf)
    {
        LedgerRow row = new()
        {
            Serial = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(17)),
            InstanceId = string.Create(CultureInfo.InvariantCulture, $"instance-{Interlocked.Increment(ref _instances)}"),
            Key = new InstanceKey(Workload.SpiffeId, "node", "ip:127.0.0.1"),
            BundleSlots = 1,
            LeafSlots = 1,
            AuthorityId = State.Signer,
            Anchors = leaf.Anchors,
            NotBefore = leaf.NotBefore,
            NotAfter = leaf.NotAfter,
        };
        if (!await _ledger.InsertAsync(new LedgerInsert(row, State.SignerRevision), CancellationToken.None))
        {
            throw new InvalidOperationException("the ledger refused the row of a leaf");
        }
    }

    /// <summary>A leaf for a key that exists: what a request with its own key costs once its proof is checked. Not linted.</summary>
    public IssuedLeaf IssueForGivenKey() => _issuer.Issue(Request, _given.PublicKey, Now);

    /// <summary>Key, leaf and PEM of both. Not linted.</summary>
    public byte[] IssueWithFreshKey()
    {
        (_, PrivateKey key) = _issuer.Issue(Request, KeyAlgorithm.EcdsaP256, Now);
        using (key)
        {
            byte[] pem = new byte[key.PemLength];
            key.WritePem(pem);
            return pem;
        }
    }

    /// <summary>What .NET's checked key generation and one signature cost: no managed issuer that makes keys can be faster.</summary>
    public static Action ManagedCeiling()
    {
        ECDsa authority = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] hash = new byte[32], signature = new byte[80];
        return () =>
        {
            using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            authority.TrySignHash(hash, signature, DSASignatureFormat.Rfc3279DerSequence, out _);
        };
    }

    /// <summary>The same leaf as .NET's documentation would have it made.</summary>
    public static Action Naive()
    {
        ECDsa authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest root = new("CN=benchmark", authorityKey, HashAlgorithmName.SHA256);
        root.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        root.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        root.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(root.PublicKey, false));
        X509Certificate2 authority = root.CreateSelfSigned(Now.AddMinutes(-5), Now.AddDays(1));
        return () =>
        {
            using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            CertificateRequest request = new("", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
            request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
            SubjectAlternativeNameBuilder names = new();
            names.AddUri(new Uri(Workload.SpiffeId));
            request.CertificateExtensions.Add(names.Build(critical: true));
            using X509Certificate2 leaf = request.Create(authority, Now.AddMinutes(-5), Now.AddHours(23), RandomNumberGenerator.GetBytes(16));
            leaf.ExportCertificatePem();
            key.ExportPkcs8PrivateKeyPem();
        };
    }

    /// <summary>The bundle's bytes, from the state.</summary>
    public BundlePayload EncodeBundle() => BundleEncoder.Encode(State, State.Salt);

    /// <summary>The lint of a leaf made before; what an imported leaf costs.</summary>
    public Func<Task> LintAsync(SignedLeaf leaf)
    {
        TrustBundle bundle = new([Certificate.Parse(State.Roots[0].Certificate.AsSpan())]);
        return () =>
        {
            if (LeafLint.Check(leaf.Payload.ChainPem.Span, leaf.Payload.KeyPem.Span, bundle, Now).Count > 0)
            {
                throw new InvalidOperationException("the lint refused a good leaf");
            }

            return Task.CompletedTask;
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _ledger.DisposeAsync();
        _given.Dispose();
        _keyring.Dispose();
        await _store.DisposeAsync();
        _directory.Dispose();
    }
}
