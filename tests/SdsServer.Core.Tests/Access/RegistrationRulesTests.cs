using System.Collections.Immutable;
using SdsServer.Core.Access;
using SdsServer.Core.Pki;
using static SdsServer.Core.Tests.Access.Registered;

namespace SdsServer.Core.Tests.Access;

public sealed class RegistrationRulesTests
{
    private static readonly Registration Good = As("ns/{k8s:ns}/sa/{k8s:sa}", "jwt:iss:https://k", "k8s:ns:shop") with
    {
        DisplayName = "The shop",
        DnsNames = ["{k8s:sa}.shop.svc", "shop.example"],
        Leaf = new LeafTerms(TimeSpan.FromHours(2), TimeSpan.FromHours(1), TimeSpan.FromHours(3), KeyAlgorithm.Rsa2048),
        SecretNames = ["default", "ROOTCA"],
        Labels = ImmutableSortedDictionary<string, string>.Empty.Add("tier", ""),
        Peers = ["spiffe://example.org/ns/bank/sa/pay", "spiffe://example.org/ns/shop/*", "spiffe://example.org/*"],
    };

    public static TheoryData<string, string, Registration> Bad { get; } = new()
    {
        { "id", "a-z", Good with { Id = "" } },
        { "id", "a-z", Good with { Id = "../x" } },
        { "id", "a-z", Good with { Id = "a\n" } },
        { "display_name", "one line", Good with { DisplayName = "a\nb" } },
        { "selectors", "1 to 16", Good with { Selectors = [] } },
        { "selectors", "begins with none", Good with { Selectors = ["uid:1000"] } },
        { "selectors", "without zeros", Good with { Selectors = ["unix:uid:01000"] } },
        { "selectors", "must be a number", Good with { Selectors = ["unix:uid:root"] } },
        { "selectors", "must be a number", Good with { Selectors = ["unix:gid:4294967296"] } },
        { "selectors", "absolute", Good with { Selectors = ["unix:uid:1", "unix:path:envoy"] } },
        { "selectors", "every user can run", Good with { Selectors = ["unix:path:/usr/bin/envoy"] } },
        { "selectors", "every user can run", Good with { Selectors = ["unix:cgroup:/system.slice/web.service"] } },
        { "selectors", "another issuer may call", Good with { Selectors = ["jwt:sub:web"] } },
        { "spiffe_id", "{jwt:sub} needs the selector jwt:iss", As("ns/shop/{jwt:sub}", "x509:dns:a") },
        { "spiffe_id", "{jwt:sub} needs the selector jwt:iss", As("ns/{k8s:ns}/{jwt:sub}", "k8s:ns:shop") },
        { "dns_names", "{jwt:sub} needs the selector jwt:iss", As("web", "k8s:ns:shop") with { DnsNames = ["{jwt:sub}.shop.svc"] } },
        { "selectors", "nobody shows two", Good with { Selectors = ["unix:uid:1", "unix:uid:2"] } },
        { "selectors", "twice", Good with { Selectors = ["x509:dns:a", "x509:dns:a"] } },
        { "spiffe_id", "turns nobody into somebody else", As("admin", "spiffe_id:spiffe://example.org/web") },
        { "spiffe_id", "workload of this trust domain", Good with { SpiffeId = "spiffe://example.org" } },
        { "spiffe_id", "workload of this trust domain", Good with { SpiffeId = "spiffe://other.org/web" } },
        { "spiffe_id", "workload of this trust domain", Good with { SpiffeId = "spiffe://{k8s:ns}/web" } },
        { "spiffe_id", "workload of this trust domain", Good with { SpiffeId = "spiffe://example.org{k8s:ns}/web" } },
        { "spiffe_id", "neither {trustDomain} nor a selector", Good with { SpiffeId = "spiffe://example.org/{jwt:iss}" } },
        { "spiffe_id", "neither {trustDomain} nor a selector", Good with { SpiffeId = "spiffe://example.org/{token}" } },
        { "spiffe_id", "neither {trustDomain} nor a selector", Good with { SpiffeId = "spiffe://example.org/{spiffe_id}" } },
        { "spiffe_id", "neither {trustDomain} nor a selector", Good with { SpiffeId = "spiffe://example.org/{/sub}" } },
        { "spiffe_id", "could make one name", Good with { SpiffeId = "spiffe://example.org/{k8s:ns}-{k8s:sa}" } },
        { "spiffe_id", "'{' without", Good with { SpiffeId = "spiffe://example.org/{k8s:ns" } },
        { "spiffe_id", "lower case", Good with { SpiffeId = "SPIFFE://example.org/web" } },
        { "spiffe_id", "..", Good with { SpiffeId = "spiffe://example.org/a/../b" } },
        { "spiffe_id", "", Good with { SpiffeId = "" } },
        { "dns_names", "wildcard", Good with { DnsNames = ["*.example"] } },
        { "dns_names", "upper case", Good with { DnsNames = ["Web.example"] } },
        { "dns_names", "could make one name", Good with { DnsNames = ["{k8s:ns}{k8s:sa}"] } },
        { "leaf_lifetime", "must be between", Good with { Leaf = new LeafTerms(TimeSpan.FromMinutes(1)) } },
        { "leaf_lifetime", "must be between", Good with { Leaf = new LeafTerms(TimeSpan.FromHours(25)) } },
        { "leaf_lifetime", "min_leaf_lifetime and max", Good with { Leaf = new LeafTerms(TimeSpan.FromHours(4), Maximum: TimeSpan.FromHours(3)) } },
        { "max_leaf_lifetime", "must be between", Good with { Leaf = new LeafTerms(Maximum: TimeSpan.FromDays(30)) } },
        { "min_leaf_lifetime", "not be more than", Good with { Leaf = new LeafTerms(Minimum: TimeSpan.FromHours(3), Maximum: TimeSpan.FromHours(2)) } },
        { "key_algorithm", "must be", Good with { Leaf = new LeafTerms(Keys: KeyAlgorithm.Rsa3072) } },
        { "secret_names", "to the letter", Good with { SecretNames = ["*"] } },
        { "secret_names", "to the letter", Good with { SecretNames = [""] } },
        { "secret_names", "at most 100", Good with { SecretNames = [.. Enumerable.Range(0, 101).Select(number => $"n{number}")] } },
        { "labels", "has a name", Good with { Labels = ImmutableSortedDictionary<string, string>.Empty.Add("", "x") } },
        { "peers", "neither a SPIFFE ID", Good with { Peers = ["web"] } },
        { "peers", "neither a SPIFFE ID", Good with { Peers = ["spiffe://example.org/ns/*/sa"] } },
        { "peers", "neither a SPIFFE ID", Good with { Peers = ["spiffe://example.org/we*"] } },
        { "peers", "not in trust domain", Good with { Peers = ["spiffe://other.org/*"] } },
        { "peers", "not in trust domain", Good with { Peers = ["spiffe://example.org"] } },
    };

    [Fact]
    public void A_good_one_is_good() => Assert.Empty(RegistrationRules.Check(Good, Domain, LeafPolicy.Default));

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_bad_one_is_told_what_is_wrong_and_is_never_in_force(string field, string problem, Registration registration)
    {
        Assert.Contains(
            RegistrationRules.Check(registration, Domain, LeafPolicy.Default), fault => fault.Field == field && fault.Problem.Contains(problem, StringComparison.Ordinal));

        // Bounds of lifetimes may be moved under a registration that is stored; everything else cannot have become wrong.
        if (!field.EndsWith("lifetime", StringComparison.Ordinal) && field != "key_algorithm")
        {
            Assert.Throws<InvalidDataException>(() => Set(registration));
        }
    }

    [Fact]
    public void Everything_that_is_wrong_is_told_at_once() =>
        Assert.Equal(
            ["dns_names", "peers", "selectors", "spiffe_id"],
            RegistrationRules.Check(As("a b", "x") with { DnsNames = ["-"], Peers = ["y"] }, Domain, LeafPolicy.Default).Select(fault => fault.Field).Order(StringComparer.Ordinal));

    [Fact]
    public void Two_of_one_id_are_refused() => Assert.Throws<InvalidDataException>(() => Set(As("a", "unix:uid:1"), As("b", "unix:uid:2")));

    [Theory]
    [InlineData(null, null, null, null, 24)]
    [InlineData(2, null, null, null, 2)]
    [InlineData(null, null, 6, null, 6)]
    [InlineData(48, null, null, null, 24)]
    [InlineData(2, 3, null, null, 3)]
    [InlineData(null, 30, null, null, 24)]
    [InlineData(8, 6, null, 4, 4)]
    [InlineData(2, null, null, 4, 2)]
    public void The_life_of_a_leaf_is_the_registrations_within_the_servers_and_a_rotation_squeezes_it_all_the_same(int? lifetime, int? minimum, int? maximum, int? squeezed, int hours)
    {
        LeafTerms terms = new(Hours(lifetime), Hours(minimum), Hours(maximum));

        Assert.Equal(TimeSpan.FromHours(hours), terms.LifetimeIn(LeafPolicy.Default, Hours(squeezed)));
        Assert.Equal(LeafPolicy.Default.Minimum, terms.LifetimeIn(LeafPolicy.Default, TimeSpan.FromSeconds(1)));

        static TimeSpan? Hours(int? count) => count is { } given ? TimeSpan.FromHours(given) : null;
    }
}
