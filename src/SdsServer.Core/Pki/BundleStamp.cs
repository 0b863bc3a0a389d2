using System.Globalization;
using System.Text.RegularExpressions;

namespace SdsServer.Core.Pki;

/// <summary>
/// The comment line that ends a bundle's PEM and makes its bytes new: Envoy ACKs identical bytes without applying them,
/// so only bytes never sent before can prove anything (rotation rule E7).
/// </summary>
/// <param name="Epoch">Number of the bundle.</param>
/// <param name="Salt">Random, 1 to 64 lower-case hex digits.</param>
public sealed partial record BundleStamp(long Epoch, string Salt)
{
    /// <summary>The line, without its newline.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"# epoch {Epoch} salt {Salt}");

    internal static BundleStamp? TryParse(string line) => Shape().Match(line) is { Success: true } match
        && long.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out long epoch)
            ? new BundleStamp(epoch, match.Groups[2].Value)
            : null;

    internal static bool IsSalt(string salt) => SaltShape().IsMatch(salt);

    [GeneratedRegex(@"\A# epoch (\d{1,19}) salt ([0-9a-f]{1,64})\z")]
    private static partial Regex Shape();

    [GeneratedRegex(@"\A[0-9a-f]{1,64}\z")]
    private static partial Regex SaltShape();
}
