using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin.Requests;
using SdsServer.Core.Access;
using Api = SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Mapping;

/// <summary>A token as the API shows it: neither its secret nor the hash of it.</summary>
internal sealed class TokenMapper(ResourceNames names)
{
    public Api.Token Map(AccessToken token) => new()
    {
        Name = names.Token(token.Id),
        DisplayName = token.DisplayName,
        SpiffeId = token.SpiffeId,
        CreateTime = token.CreatedAt.ToTimestamp(),
        ExpireTime = token.NotAfter.ToTimestamp(),
        CreatedBy = token.CreatedBy,
        LastUseTime = token.LastUsedAt?.ToTimestamp(),
        Join = token.Join is { } join ? new Api.JoinUses { Uses = join.Uses, Used = join.Used } : null,
    };
}
