using SdsServer.Cli.Admin;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Output;

/// <summary>Where a rotation goes now: on the way back its ends change places.</summary>
internal static class RotationEnds
{
    /// <summary>The id of the authority it moves to.</summary>
    public static string Target(this Rotation rotation) => ResourceName.Id(rotation.Goal == Goal.Back ? rotation.FromAuthority : rotation.ToAuthority);

    /// <summary>The id of the authority it leaves.</summary>
    public static string Left(this Rotation rotation) => ResourceName.Id(rotation.Goal == Goal.Back ? rotation.ToAuthority : rotation.FromAuthority);
}
