using System.Text;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

public sealed class TrustBundleTests
{
    [Fact]
    public void The_bytes_are_roots_in_order_then_the_stamp_and_read_back_the_same()
    {
        using SigningAuthority one = Make.Root(), two = Make.Root();
        byte[] pem = Make.Bundle(two, one).ToPem(Make.Stamp);
        Assert.Equal(
            Encoding.ASCII.GetString(two.Root.ToPem()) + Encoding.ASCII.GetString(one.Root.ToPem()) + "# epoch 7 salt 00c0ffee\n",
            Encoding.ASCII.GetString(pem));
        Assert.Equal(pem, Make.Bundle(two, one).ToPem(Make.Stamp));
        Assert.NotEqual(pem, Make.Bundle(two, one).ToPem(Make.Stamp with { Salt = "00c0ffef" }));
        (TrustBundle bundle, BundleStamp stamp) = TrustBundle.Parse(pem);
        Assert.Equal([two.Root, one.Root], bundle.Roots);
        Assert.Equal(Make.Stamp, stamp);
        Assert.Empty(bundle.RevocationListsToPem());
        Assert.Empty(BundleLint.Check(pem, [], Make.Now));
    }

    [Fact]
    public void Anything_but_our_own_form_is_refused()
    {
        using SigningAuthority root = Make.Root();
        string pem = Encoding.ASCII.GetString(Make.Bundle(root).ToPem(Make.Stamp));
        Refused("# epoch 7 salt 00c0ffee\n");
        Refused(pem.Replace("# epoch 7 salt 00c0ffee\n", "", StringComparison.Ordinal));
        Refused(pem + "\n");
        Refused(pem + "more\n");
        Refused("# epoch 7 salt 00c0ffee\n" + Encoding.ASCII.GetString(root.Root.ToPem()));
        Refused(pem.Replace("\n", "\r\n", StringComparison.Ordinal));
        Refused(pem.Replace("epoch 7", "epoch x", StringComparison.Ordinal));
        Refused(pem.Replace("epoch 7", "epoch 07", StringComparison.Ordinal));
        Refused(pem.Replace("00c0ffee", "00C0FFEE", StringComparison.Ordinal));
        Refused(pem.TrimEnd('\n'));
        static void Refused(string text) => Assert.Throws<FormatException>(() => TrustBundle.Parse(Encoding.ASCII.GetBytes(text)));
    }

    [Fact]
    public void An_empty_bundle_and_a_stamp_that_would_break_the_line_cannot_be_made()
    {
        Assert.Throws<ArgumentException>(() => new TrustBundle([]));
        TrustBundle bundle = Make.Bundle(Make.Root());
        Assert.Throws<ArgumentException>(() => bundle.ToPem(new BundleStamp(1, "")));
        Assert.Throws<ArgumentException>(() => bundle.ToPem(new BundleStamp(1, "ab\n-----BEGIN")));
        Assert.Throws<ArgumentException>(() => bundle.ToPem(new BundleStamp(-1, "ab")));
    }
}
