using SdsServer.Cli.Admin;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

/// <summary>Which rotation is meant.</summary>
internal static class RotationName
{
    /// <summary>The one that was named, else the active one, else the last.</summary>
    /// <exception cref="CliException">There never was one.</exception>
    public static async Task<string> ChooseAsync(Session session, string? id)
    {
        if (id is not null)
        {
            return ResourceName.Rotation(await session.Admin.ParentAsync(), id);
        }

        TrustDomain trust = await session.Admin.TrustDomainAsync();
        if (trust.ActiveRotation.Length > 0)
        {
            return trust.ActiveRotation;
        }

        ListRotationsResponse last = await session.Admin.ListAsync(AdminMethods.ListRotations, new ListRotationsRequest { Parent = trust.Name }, limit: 1);
        return last.Rotations.Count > 0
            ? last.Rotations[0].Name
            : throw new CliException(ExitCodes.NotFound, "there has been no rotation yet", "see what one would take with 'sdsctl rotation start --new --dry-run'");
    }
}
