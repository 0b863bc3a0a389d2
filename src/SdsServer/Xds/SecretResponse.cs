using System.Collections.Immutable;

namespace SdsServer.Xds;

/// <summary>A response before it is encoded.</summary>
/// <param name="Nonce">Unique among all streams.</param>
/// <param name="Version">
/// Everything the client holds once it accepts this response: SotW's version_info, delta's system_version_info. Never empty.
/// </param>
/// <param name="Items">The secrets, each name once.</param>
/// <param name="Removed">Names without a secret (delta only); none of them among <paramref name="Items"/>.</param>
internal sealed record SecretResponse(string Nonce, string Version, ImmutableArray<ResponseItem> Items, ImmutableArray<string> Removed);
