using SdsServer.Core.Authorities;
using SdsServer.Core.Rotation;
using SdsServer.Testing.Virtual;

namespace SdsServer.Core.Tests.Issuance;

public sealed class BootstrapAnchorsTests
{
    [Fact]
    public void They_are_the_bundle_and_the_next_root_before_it_is_trusted() => Assert.Equal("A,B", Of(Mesh.First()));

    [Fact]
    public void A_root_that_has_left_the_bundle_is_none_unless_the_certificate_is_under_it()
    {
        TrustState state = Mesh.First() with { Roots = [Mesh.Root("A") with { Since = 1 }, Mesh.Root("B") with { Since = 2, DroppedAt = 3 }] };
        Assert.Equal("A", Of(state));
        Assert.Equal("A,B", Of(state with { Serving = new OwnServing { AuthorityId = "b" } }));
    }

    [Fact]
    public void A_stolen_root_is_none_even_while_it_is_in_the_bundle() =>
        Assert.Equal("B", Of(Moves.Taint(Mesh.First() with { Bundle = ["A", "B"] }, "A")));

    [Fact]
    public void A_root_of_which_no_authority_is_left_is_none() =>
        Assert.Equal("A", Of(Mesh.First() with { Authorities = [Mesh.Authority("a", "A")] }));

    private static string Of(TrustState state) => string.Join(',', BootstrapAnchors.Of(state).Select(root => root.Id));
}
