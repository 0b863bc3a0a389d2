using System.Collections.Immutable;
using SdsServer.Core.Access;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using static SdsServer.Core.Tests.Access.Registered;

namespace SdsServer.Core.Tests.Access;

/// <summary>Who is who. Each way in which somebody could be taken for somebody else is a test here.</summary>
public sealed class RegistrationMatchTests
{
    [Fact]
    public void All_selectors_must_be_shown()
    {
        RegistrationSet set = Set(As("web", "unix:uid:1000", "unix:path:/usr/bin/envoy"));

        Assert.Equal("web", Who(set, ["unix:uid:1000", "unix:gid:5", "unix:path:/usr/bin/envoy"]));
        Assert.Null(Who(set, ["unix:uid:1000", "unix:gid:5"]));
        Assert.Null(Who(set, ["unix:uid:1001", "unix:path:/usr/bin/envoy"]));
        Assert.Null(Who(set, ["unix:gid:1000", "unix:path:/usr/bin/envoy"]));
        Assert.Null(Who(set, []));
    }

    [Theory]
    [InlineData("unix:path:/usr/bin/Envoy")]
    [InlineData("unix:path:/usr/bin/../bin/envoy")]
    [InlineData("unix:path:/usr/bin/envoy/")]
    [InlineData("unix:path:/usr/bin/envoy (deleted)")]
    [InlineData("unix:path:/usr/bin/en\u0076oy\u200b")]
    [InlineData("unix:path:/usr/bin/ｅnvoy")]
    public void A_value_counts_to_the_letter(string path) =>
        Assert.Null(Who(Set(As("web", "unix:uid:1000", "unix:path:/usr/bin/envoy")), ["unix:uid:1000", path]));

    [Fact]
    public void More_selectors_then_a_whole_id_then_the_lowest_id_decide_in_whatever_order_they_came()
    {
        Registration[] all =
        [
            As("one", "unix:uid:1000") with { Id = "a" },
            As("two", "unix:uid:1000", "unix:gid:5") with { Id = "d" },
            As("two-b", "unix:uid:1000", "unix:gid:5") with { Id = "e" },
            As("{unix:uid}", "unix:uid:1000", "unix:gid:5") with { Id = "b" },
            As("three", "unix:uid:1000", "unix:gid:5", "unix:path:/x") with { Id = "z" },
        ];
        string[] shown = ["unix:uid:1000", "unix:gid:5"];

        foreach (Registration[] order in (Registration[][])[all, [.. all.Reverse()]])
        {
            Assert.Equal("three", Who(Set(order), [.. shown, "unix:path:/x"]));
            Assert.Equal("two", Who(Set(order), shown));
            Assert.Equal("1000", Who(Set([.. order.Where(it => it.Id is not ("d" or "e"))]), shown));
            Assert.Equal("one", Who(Set(order), ["unix:uid:1000", "unix:gid:6"]));
        }
    }

    [Fact]
    public void A_template_serves_a_whole_namespace_and_no_other()
    {
        RegistrationSet set = Set(As("ns/{k8s:ns}/sa/{k8s:sa}", "k8s:ns:shop") with { DnsNames = ["{k8s:sa}.{k8s:ns}.svc"] });

        Workload cart = Decide(set, ["jwt:iss:https://k", "k8s:ns:shop", "k8s:sa:cart"])!;
        Assert.Equal(("spiffe://example.org/ns/shop/sa/cart", "cart.shop.svc"), (cart.SpiffeId, Assert.Single(cart.DnsNames)));
        Assert.Equal("ns/shop/sa/web", Who(set, ["k8s:ns:shop", "k8s:sa:web"]));
        Assert.Null(Who(set, ["k8s:ns:bank", "k8s:sa:cart"]));
        Assert.Null(Who(set, ["k8s:ns:Shop", "k8s:sa:cart"]));
    }

    [Theory]
    [InlineData("../../admin")]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("a/b")]
    [InlineData("a%2fb")]
    [InlineData("a b")]
    [InlineData("cаrt")] // a Cyrillic letter
    [InlineData("ｃart")]
    [InlineData("a\0b")]
    [InlineData("{k8s:ns}")]
    [InlineData("a?b")]
    [InlineData("a#b")]
    [InlineData("a@b")]
    public void A_value_reaches_into_no_other_segment(string value)
    {
        RegistrationSet set = Set(As("ns/{k8s:ns}/sa/{k8s:sa}", "k8s:ns:shop"));

        Assert.Null(RegistrationMatch.Decide(set, [new Selector("k8s:ns", "shop"), new Selector("k8s:sa", value)], named: null, required: false));
    }

    [Fact]
    public void A_place_with_two_values_or_none_is_filled_by_neither()
    {
        RegistrationSet set = Set(As("host/{x509:dns}", "x509:cn:web"));

        Assert.Equal("host/a", Who(set, ["x509:cn:web", "x509:dns:a"]));
        Assert.Null(Who(set, ["x509:cn:web", "x509:dns:a", "x509:dns:b"]));
        Assert.Null(Who(set, ["x509:cn:web"]));
    }

    [Fact]
    public void Where_the_best_registration_cannot_be_filled_no_worse_one_takes_its_place()
    {
        RegistrationSet set = Set(
            As("narrow/{k8s:sa}", "jwt:iss:https://k", "k8s:ns:shop") with { Id = "narrow", SecretNames = ["ROOTCA"] },
            As("wide", "jwt:iss:https://k") with { Id = "wide" });

        Assert.Equal("narrow/cart", Who(set, ["jwt:iss:https://k", "k8s:ns:shop", "k8s:sa:cart"]));
        Assert.Null(Who(set, ["jwt:iss:https://k", "k8s:ns:shop", "k8s:sa:a/b"]));
        Assert.Equal("wide", Who(set, ["jwt:iss:https://k", "k8s:ns:bank", "k8s:sa:a/b"]));
        Assert.Null(Who(Set(As("web", "unix:uid:1") with { DnsNames = ["{unix:gid}"] }, As("any", "unix:uid:1") with { Id = "s" }), ["unix:uid:1"]));
    }

    [Fact]
    public void Evidence_that_names_an_id_needs_no_registration_unless_the_setting_says_so()
    {
        RegistrationSet none = RegistrationSet.Empty;

        Assert.Equal("web", Who(none, ["token:t"], Named("web")));
        Assert.Null(Who(none, ["token:t"], Named("web"), required: true));
        Assert.Equal("web", Who(Set(As("web", "token:t")), ["token:t"], Named("web"), required: true));
        Assert.Equal("web", Who(Set(As("web", "spiffe_id:spiffe://example.org/web")), ["token:t"], Named("web"), required: true));
        Assert.Null(Who(Set(As("web", "spiffe_id:spiffe://example.org/web")), ["token:t"], Named("other"), required: true));
    }

    [Theory]
    [InlineData("token:t")]
    [InlineData("jwt:iss:https://k")]
    [InlineData("k8s:ns:shop")]
    [InlineData("x509:dns:web.example")]
    public void A_credential_is_the_id_that_it_names_whatever_is_registered_for_it(string credential)
    {
        RegistrationSet set = Set(As("admin", credential) with { Id = "a" }, As("admin", credential, "unix:uid:1000") with { Id = "b" }, As("admin", "unix:uid:1000") with { Id = "c" });

        Assert.Equal("web", Who(set, [credential, "unix:uid:1000"], Named("web")));
        Assert.Null(Who(set, [credential, "unix:uid:1000"], Named("web"), required: true));
    }

    [Fact]
    public void A_registration_for_another_id_does_not_hide_the_one_for_this_one()
    {
        RegistrationSet set = Set(
            As("admin", "token:t", "unix:uid:1000", "unix:gid:5") with { Id = "a" },
            As("web", "unix:uid:1000") with { Id = "b", SecretNames = ["ROOTCA"] });

        Assert.Equal("ROOTCA", Assert.Single(Decide(set, ["token:t", "unix:uid:1000", "unix:gid:5"], Named("web"))!.SecretNames));
    }

    [Fact]
    public void Only_where_the_kernels_word_is_all_there_is_may_more_of_it_name_another()
    {
        Workload user = Named("user");
        RegistrationSet set = Set(As("web", "unix:uid:1000", "unix:path:/usr/bin/envoy"));

        Assert.Equal("web", Who(set, ["unix:uid:1000", "unix:path:/usr/bin/envoy"], user));
        Assert.Equal("user", Who(set, ["unix:uid:1000", "unix:path:/usr/bin/other"], user));
        Assert.Equal("user", Who(set, ["token:t", "unix:uid:1000", "unix:path:/usr/bin/envoy"], user));
    }

    [Fact]
    public void A_registration_narrows_what_evidence_names_and_never_widens_it()
    {
        Workload named = Named("web") with { DnsNames = ["web.example"], BundleOnly = true };
        Registration plain = As("web", "token:t");

        Assert.Equal(named, Decide(Set(plain), ["token:t"], named));
        Workload narrowed = Decide(
            Set(plain with
            {
                DnsNames = ["other.example"],
                Leaf = new LeafTerms(TimeSpan.FromHours(1), Keys: KeyAlgorithm.EcdsaP384),
                SecretNames = ["ROOTCA"],
                Labels = ImmutableSortedDictionary<string, string>.Empty.Add("tier", "web"),
                Peers = ["spiffe://example.org/db"],
            }),
            ["token:t"], named)!;
        Assert.True(narrowed.BundleOnly);
        Assert.Equal(
            ("other.example", TimeSpan.FromHours(1), KeyAlgorithm.EcdsaP384, "ROOTCA", "web", "spiffe://example.org/db"),
            (Assert.Single(narrowed.DnsNames), narrowed.Leaf.Lifetime, narrowed.Leaf.Keys, Assert.Single(narrowed.SecretNames), narrowed.Labels["tier"], Assert.Single(narrowed.Peers.Texts)));
    }

    [Fact]
    public void Another_workload_inherits_nothing_from_the_one_it_is_taken_instead_of()
    {
        Workload user = Named("user") with { DnsNames = ["user.example"], BundleOnly = true };

        Workload web = Decide(Set(As("web", "unix:uid:1000")), ["unix:uid:1000"], user)!;

        Assert.Equal((0, false), (web.DnsNames.Length, web.BundleOnly));
    }

    [Fact]
    public void Workloads_are_equal_when_everything_in_them_is()
    {
        Workload made = Full();
        Assert.Equal(made, Full());
        Assert.Equal(made.GetHashCode(), Full().GetHashCode());
        Workload[] others =
        [
            made with { SpiffeId = "spiffe://example.org/b" }, made with { DnsNames = ["x"] }, made with { BundleOnly = true }, made with { Leaf = new LeafTerms() },
            made with { SecretNames = [] }, made with { Labels = made.Labels.SetItem("a", "c") }, made with { Labels = made.Labels.Clear() }, made with { Peers = PeerRules.None },
        ];
        Assert.All(others, other => Assert.NotEqual(made, other));

        static Workload Full() => new("spiffe://example.org/a", ["a.example"], BundleOnly: false)
        {
            Leaf = new LeafTerms(TimeSpan.FromHours(1)),
            SecretNames = ["default"],
            Labels = ImmutableSortedDictionary<string, string>.Empty.Add("a", "b"),
            Peers = new PeerRules(["spiffe://example.org/db"]),
        };
    }
}
