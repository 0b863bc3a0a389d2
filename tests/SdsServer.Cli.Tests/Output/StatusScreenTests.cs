using SdsServer.Cli.Output;
using SdsServer.Cli.Tests.Fakes;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Tests.Output;

public sealed class StatusScreenTests
{
    [Fact]
    public void A_stolen_root_may_not_sign_where_another_can()
    {
        FakeMesh mesh = FakeMesh.In("issuing");
        mesh.Authorities.Single(authority => authority.Name.EndsWith("root-a", StringComparison.Ordinal)).Tainted = true;

        Assert.Matches("(?m)^root-a .* no, stolen ", Show(mesh));
        Assert.Matches("(?m)^root-b .* yes ", Show(mesh));
    }

    [Fact]
    public void A_stolen_root_signs_until_another_may()
    {
        FakeMesh mesh = FakeMesh.In("issuing");
        mesh.Authorities.Single(authority => authority.Name.EndsWith("root-a", StringComparison.Ordinal)).Tainted = true;
        mesh.Trust.Bundle[1].Safe = false;

        Assert.Matches("(?m)^root-a .* stolen, until another may ", Show(mesh));
    }

    [Fact]
    public void An_intermediate_that_signs_is_shown_with_its_own_end_and_the_root_as_the_root()
    {
        FakeMesh mesh = Intermediate();

        string screen = Show(mesh);

        Assert.Matches("(?m)^signer +inter-1, an intermediate below root-a, until 2026-12-03 \\(in 12d\\)$", screen);
        Assert.Matches("(?m)^root-a +2025-11-21 +2035-11-19", screen);
        Assert.Contains("warning: inter-1, the intermediate that signs, expires in 12d: 'sdsctl rotation start --intermediate --new'\n", screen, StringComparison.Ordinal);
    }

    [Fact]
    public void A_root_without_an_authority_of_its_own_is_not_called_by_the_one_below()
    {
        FakeMesh mesh = Intermediate();
        mesh.Authorities.RemoveAll(authority => authority.Name.EndsWith("root-a", StringComparison.Ordinal));

        Assert.Matches("(?m)^the root of inter-1 +2025-11-21", Show(mesh));
    }

    // As the server has it after an intermediate rotation: the root of the bundle goes by the authority that signs.
    private static FakeMesh Intermediate()
    {
        FakeMesh mesh = FakeMesh.In("steady");
        Authority signer = mesh.Authorities[0].Clone();
        (signer.Name, signer.Subject, signer.Ski, signer.NotAfter) = ($"{FakeMesh.Name}/authorities/inter-1", "CN=inter-1", "1111", FakeMesh.At(TimeSpan.FromDays(12)));
        mesh.Authorities.Add(signer);
        mesh.Trust.Signer = mesh.Trust.Bundle[0].Authority = signer.Name;
        return mesh;
    }

    private static string Show(FakeMesh mesh) => ScreenText.Of(StatusScreen.Of(new StatusReport(mesh.Trust, mesh.Authorities, mesh.Rotation), FixedTime.Now));
}
