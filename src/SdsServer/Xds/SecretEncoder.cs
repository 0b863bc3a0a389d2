using System.Runtime.CompilerServices;
using Google.Protobuf;
using SdsServer.Core.Access;
using SdsServer.Core.Secrets;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Matcher.V3;
using SdsServer.Protos.Envoy.Tls.V3;

namespace SdsServer.Xds;

/// <summary>
/// Payloads as Envoy's Secret messages, each encoded once for a name, however many streams carry it; a stream adds its nonce and version.
/// No exception and no text made here holds content.
/// </summary>
/// <param name="controlPlane">Who answers: <c>control_plane.identifier</c>.</param>
internal sealed class SecretEncoder(string controlPlane)
{
    // A client may invent names under a prefix alias; those beyond are encoded each time.
    private const int NamesPerPayload = 64;

    private readonly ConditionalWeakTable<SecretPayload, List<EncodedSecret>> _encoded = [];
    private readonly ControlPlane _controlPlane = new() { Identifier = controlPlane };

    /// <summary>A DiscoveryResponse in pieces, in the order of the wire.</summary>
    /// <exception cref="InvalidOperationException">A payload may not go out under its name.</exception>
    public ReadOnlyMemory<byte>[] Sotw(SecretResponse response) => Assemble(
        new DiscoveryResponse
        {
            VersionInfo = response.Version, TypeUrl = SecretType.Url, Nonce = response.Nonce, ControlPlane = _controlPlane,
        },
        response,
        secret => secret.SotwHead);

    /// <summary>A DeltaDiscoveryResponse in pieces, in the order of the wire.</summary>
    /// <inheritdoc cref="Sotw"/>
    public ReadOnlyMemory<byte>[] Delta(SecretResponse response) => Assemble(
        new DeltaDiscoveryResponse
        {
            SystemVersionInfo = response.Version, TypeUrl = SecretType.Url, Nonce = response.Nonce, ControlPlane = _controlPlane,
            RemovedResources = { response.Removed, response.Items.Where(item => item.Payload is null).Select(item => item.Subscription.Name) },
        },
        response,
        secret => secret.DeltaHead);

    /// <summary>The answer to a unary call: no nonce, nothing to acknowledge.</summary>
    public DiscoveryResponse Unary(string version, IEnumerable<(string Name, BundlePayload Bundle)> bundles) => new()
    {
        VersionInfo = version,
        TypeUrl = SecretType.Url,
        ControlPlane = _controlPlane,
        Resources =
        {
            bundles.Select(bundle => new Google.Protobuf.WellKnownTypes.Any
            {
                TypeUrl = SecretType.Url, Value = Encode(bundle.Name, SecretKind.Bundle, bundle.Bundle).Secret,
            }),
        },
    };

    /// <param name="name">The name it goes out under.</param>
    /// <param name="kind">What that name stands for.</param>
    /// <param name="payload">The content.</param>
    /// <exception cref="InvalidOperationException">
    /// The payload is of another kind, which in Envoy turns verification off, or has an empty part.
    /// </exception>
    public EncodedSecret Encode(string name, SecretKind kind, SecretPayload payload)
    {
        if (payload.Kind != kind)
        {
            throw new InvalidOperationException($"The secret '{name}' is a {kind}; a {payload.Kind} must never go out under its name.");
        }

        List<EncodedSecret> known = _encoded.GetOrCreateValue(payload);
        lock (known)
        {
            EncodedSecret? encoded = known.Find(secret => secret.Name == name);
            if (encoded is null)
            {
                encoded = new EncodedSecret(name, payload.Version, Message(name, payload).ToByteString());
                if (known.Count < NamesPerPayload)
                {
                    known.Add(encoded);
                }
            }

            return encoded;
        }
    }

    private ReadOnlyMemory<byte>[] Assemble(IMessage head, SecretResponse response, Func<EncodedSecret, ReadOnlyMemory<byte>> headOf)
    {
        List<ReadOnlyMemory<byte>> pieces = [head.ToByteArray()];
        foreach (ResponseItem item in response.Items)
        {
            if (item.Payload is not null)
            {
                EncodedSecret secret = Encode(item.Subscription.Name, item.Subscription.Kind, item.Payload);
                pieces.Add(headOf(secret));
                pieces.Add(secret.Secret.Memory);
            }
        }

        return [.. pieces];
    }

    // Always inline_bytes: Envoy's config dump hides a key there, and a path would be read on the proxy's disk.
    private static Secret Message(string name, SecretPayload payload) => payload switch
    {
        LeafPayload leaf => new Secret
        {
            Name = name,
            TlsCertificate = new TlsCertificate
            {
                CertificateChain = Inline(name, "certificate chain", leaf.ChainPem),
                PrivateKey = Inline(name, "private key", leaf.KeyPem),
            },
        },
        BundlePayload bundle => new Secret
        {
            Name = name,
            ValidationContext = new CertificateValidationContext
            {
                TrustedCa = Inline(name, "bundle", bundle.Pem),
                MatchTypedSubjectAltNames = { bundle.Peers.Texts.Select(Matcher) },
            },
        },
        TicketKeysPayload tickets => new Secret
        {
            Name = name,
            SessionTicketKeys = new TlsSessionTicketKeys { Keys = { tickets.Keys.Select(key => Inline(name, "session ticket key", key)) } },
        },
        _ => throw new InvalidOperationException($"The secret '{name}' has a payload of an unknown kind."),
    };

    private static SubjectAltNameMatcher Matcher(string peer)
    {
        (string text, bool isPrefix) = PeerRules.Matcher(peer);
        return new SubjectAltNameMatcher
        {
            SanType = SubjectAltNameMatcher.Types.SanType.Uri,
            Matcher = isPrefix ? new StringMatcher { Prefix = text } : new StringMatcher { Exact = text },
        };
    }

    // Empty bytes: before 1.35 Envoy takes an empty bundle and verifies nothing (envoyproxy/envoy#39387).
    private static DataSource Inline(string name, string part, ReadOnlyMemory<byte> bytes) => bytes.IsEmpty
        ? throw new InvalidOperationException($"The {part} of the secret '{name}' is empty; it must never go out.")
        : new DataSource { InlineBytes = UnsafeByteOperations.UnsafeWrap(bytes) };
}
