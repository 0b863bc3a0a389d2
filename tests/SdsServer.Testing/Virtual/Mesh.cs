using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using SdsServer.Core.Secrets;

namespace SdsServer.Testing.Virtual;

/// <summary>A trust domain with authorities a and b under roots A and B, and bundles that say in plain text what is in them.</summary>
public static class Mesh
{
    public static readonly DateTimeOffset Born = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static TrustState First() => new()
    {
        TrustDomain = "mesh",
        Epoch = 1,
        Salt = "first",
        Floor = 1,
        Roots = [Root("A") with { Since = 1, SafeAt = Born }, Root("B")],
        Authorities = [Authority("a", "A"), Authority("b", "B")],
        Bundle = ["A"],
        Signer = "a",
        SeenAt = Born,
    };

    public static TrustRoot Root(string id) => new() { Id = id, Certificate = [] };

    public static Authority Authority(string id, string root) => new()
    {
        Id = id,
        Provider = AuthorityProvider.BuiltIn,
        Chain = [],
        RootId = root,
        CreatedAt = Born,
        CreatedBy = "test",
    };

    public static BundlePayload Encode(TrustState state, string salt) =>
        new(state.Epoch, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{string.Join(',', state.Bundle)}|{state.Epoch}|{salt}")));

    /// <summary>The roots in a bundle, in order.</summary>
    public static ImmutableArray<string> RootsOf(BundlePayload bundle) =>
        [.. Encoding.UTF8.GetString(bundle.Pem.Span).Split('|')[0].Split(',')];

    public static string SaltOf(BundlePayload bundle) => Encoding.UTF8.GetString(bundle.Pem.Span).Split('|')[2];

    public static EngineSeams Seams(Random random, Func<TrustState, Authority, DateTimeOffset, IReadOnlyList<string>>? unfit = null) => new(
        Encode,
        unfit ?? ((_, _, _) => []),
        (_, _) => null,
        length => Hex(random, length),
        random);

    public static string Hex(Random random, int bytes)
    {
        byte[] buffer = new byte[bytes];
        random.NextBytes(buffer);
        return Convert.ToHexStringLower(buffer);
    }

    /// <summary>A leaf whose chain says in plain text what it is: serial, roots it can end at, NotAfter in ticks of UTC.</summary>
    public static SignedLeaf Leaf(Random random, DateTimeOffset validAt, DateTimeOffset now, TimeSpan lifetime, params ImmutableArray<string> anchors)
    {
        string serial = Hex(random, 16);
        DateTimeOffset notAfter = now + lifetime;
        byte[] chain = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{serial}|{string.Join(',', anchors)}|{notAfter.UtcTicks}"));
        return new SignedLeaf(new LeafPayload(serial, chain, "key"u8.ToArray()), validAt, notAfter, anchors);
    }
}
