using SdsServer.Identity.X509;

namespace SdsServer.Tests.Identity.X509;

public sealed class NamePatternTests
{
    [Theory]
    [InlineData("{a}.{b}.svc", '.', "x.y.svc", "a=x b=y")]
    [InlineData("svc-{a}.corp", '.', "svc-x.corp", "a=x")]
    [InlineData("spiffe://corp/{a}", '/', "spiffe://corp/x.y", "a=x.y")]
    [InlineData("fixed.corp", '.', "fixed.corp", "")]
    public void Takes_a_value_a_segment(string pattern, char separator, string name, string values) =>
        Assert.Equal(values, string.Join(' ', NamePattern.Parse(pattern, separator).Match(name)!.Select(value => $"{value.Key}={value.Value}")));

    [Theory]
    [InlineData("{a}.{b}.svc", '.', "x.svc")]
    [InlineData("{a}.{b}.svc", '.', "x.y.z.svc")]
    [InlineData("{a}.{b}.svc", '.', ".y.svc")]
    [InlineData("{a}.{b}.svc", '.', "x.y.SVC")]
    [InlineData("svc-{a}.corp", '.', "svc-.corp")]
    [InlineData("svc-{a}.corp", '.', "SVC-x.corp")]
    [InlineData("ab{a}ba", '.', "aba")]
    [InlineData("spiffe://corp/{a}", '/', "spiffe://corp/..")]
    [InlineData("spiffe://corp/{a}", '/', "spiffe://corp/.")]
    [InlineData("spiffe://corp/{a}", '/', "spiffe://corp/x%2Fy")]
    [InlineData("spiffe://corp/{a}", '/', "spiffe://corp/x y")]
    [InlineData("spiffe://corp/{a}", '/', "spiffe://corp/x\u0435")]
    [InlineData("spiffe://corp/{a}", '/', "spiffe://corp/x/")]
    [InlineData("spiffe://corp/{a}", '/', "spiffe:///corp/x")]
    [InlineData("fixed.corp", '.', "fixed.corp.")]
    public void Anything_else_does_not_fit(string pattern, char separator, string name) => Assert.Null(NamePattern.Parse(pattern, separator).Match(name));

    [Theory]
    [InlineData("{a}{b}.svc")]
    [InlineData("{a}-{b}.svc")]
    [InlineData("{a.b}.svc")]
    [InlineData("{}.svc")]
    [InlineData("{a.svc")]
    [InlineData("a}.svc")]
    [InlineData("{a}.{a}")]
    [InlineData("{ä}.svc")]
    public void A_pattern_that_could_be_read_twice_is_none(string pattern) => Assert.Throws<FormatException>(() => NamePattern.Parse(pattern, '.'));

    [Fact]
    public void Without_a_separator_a_name_is_one_segment() => Assert.Equal("cart.v1", NamePattern.Parse("svc-{a}", null).Match("svc-cart.v1")!["a"]);
}
