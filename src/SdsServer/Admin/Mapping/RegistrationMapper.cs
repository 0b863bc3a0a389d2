using System.Collections.Immutable;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Requests;
using SdsServer.Core.Access;
using SdsServer.Core.Pki;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>A registration as the API shows and takes it.</summary>
internal sealed class RegistrationMapper(ResourceNames names, AdminOptions options)
{
    private const string Field = "registration";

    public Api.Registration Map(Registration registration) => new()
    {
        Name = names.Registration(registration.Id),
        DisplayName = registration.DisplayName,
        Selectors = { registration.Selectors },
        SpiffeId = registration.SpiffeId,
        DnsNames = { registration.DnsNames },
        LeafLifetime = registration.Leaf.Lifetime?.ToDuration(),
        MinLeafLifetime = registration.Leaf.Minimum?.ToDuration(),
        MaxLeafLifetime = registration.Leaf.Maximum?.ToDuration(),
        KeyAlgorithm = AuthorityMapper.Algorithm(registration.Leaf.Keys),
        SecretNames = { registration.SecretNames },
        Labels = { registration.Labels },
        Peers = { registration.Peers },
        BundleOnly = registration.BundleOnly,
        Revision = registration.Revision,
        Source = registration.Revision == 0 ? Api.RegistrationSource.File : Api.RegistrationSource.Store,
        CreateTime = registration.Revision == 0 ? null : registration.CreatedAt.ToTimestamp(),
        CreatedBy = registration.CreatedBy,
        UpdateTime = registration.Revision == 0 ? null : registration.UpdatedAt.ToTimestamp(),
        UpdatedBy = registration.UpdatedBy,
    };

    /// <summary>What a caller has written; what is wrong with its parts is reported, what is wrong with the whole is for its rules.</summary>
    public Registration Read(RequestCheck check, Api.Registration? registration, string id)
    {
        if (registration is null)
        {
            check.Wrong(Field, "is required");
            registration = new Api.Registration();
        }

        check.Require($"{Field}.key_algorithm", System.Enum.IsDefined(registration.KeyAlgorithm), "must be P256, P384, RSA2048 or RSA4096");
        return new Registration
        {
            Id = id,
            DisplayName = registration.DisplayName,
            Selectors = [.. registration.Selectors],
            SpiffeId = registration.SpiffeId,
            DnsNames = [.. registration.DnsNames],
            Leaf = new LeafTerms(
                Span("leaf_lifetime", registration.LeafLifetime),
                Span("min_leaf_lifetime", registration.MinLeafLifetime),
                Span("max_leaf_lifetime", registration.MaxLeafLifetime),
                registration.KeyAlgorithm switch
                {
                    Api.KeyAlgorithm.P256 => KeyAlgorithm.EcdsaP256,
                    Api.KeyAlgorithm.P384 => KeyAlgorithm.EcdsaP384,
                    Api.KeyAlgorithm.Rsa2048 => KeyAlgorithm.Rsa2048,
                    Api.KeyAlgorithm.Rsa4096 => KeyAlgorithm.Rsa4096,
                    _ => null,
                }),
            SecretNames = [.. registration.SecretNames],
            Labels = registration.Labels.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Peers = [.. registration.Peers],
            BundleOnly = registration.BundleOnly,
        };

        TimeSpan? Span(string field, Duration? duration) => check.Span($"{Field}.{field}", duration, options.MinLeafLifetime, options.Fleet.MaxLeafLifetime);
    }
}
