using SdsServer.Core.Access;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Access;

public sealed class SpiffeIdTemplateTests
{
    [Theory]
    [InlineData("spiffe://example.org/ns/shop/*", "spiffe://example.org/ns/shop/cart")]
    [InlineData("spiffe://example.org/*/shop/*", "spiffe://example.org/a.b/shop/c-d_1")]
    [InlineData("spiffe://example.org/*", "spiffe://example.org/...")]
    [InlineData("spiffe://example.org/web", "spiffe://example.org/web")]
    public void Fits_ids_segment_by_segment(string template, string id)
    {
        Assert.True(SpiffeIdTemplate.TryParse(template, out SpiffeIdTemplate? parsed, out string? _));
        Assert.True(parsed.Fits(SpiffeId.Parse(id)));
        Assert.Equal(template, parsed.ToString());
        Assert.Equal(template.Contains('*', StringComparison.Ordinal), parsed.Id is null);
    }

    [Theory]
    [InlineData("spiffe://example.org/ns/shop/*", "spiffe://example.org/ns/shop")]
    [InlineData("spiffe://example.org/ns/shop/*", "spiffe://example.org/ns/shop/a/b")]
    [InlineData("spiffe://example.org/ns/shop/*", "spiffe://example.org/ns/Shop/a")]
    [InlineData("spiffe://example.org/ns/shop/*", "spiffe://example.com/ns/shop/a")]
    [InlineData("spiffe://example.org/*/web", "spiffe://example.org/web")]
    [InlineData("spiffe://example.org/web", "spiffe://example.org/web2")]
    [InlineData("spiffe://example.org/web", "spiffe://example.org")]
    public void Does_not_fit(string template, string id)
    {
        Assert.True(SpiffeIdTemplate.TryParse(template, out SpiffeIdTemplate? parsed, out string? _));
        Assert.False(parsed.Fits(SpiffeId.Parse(id)));
    }

    [Theory]
    [InlineData("spiffe://*/web")]
    [InlineData("spiffe://*")]
    [InlineData("*")]
    [InlineData("*/example.org/web")]
    [InlineData("spiffe:/*/web")]
    [InlineData("spiffe://example.org")]
    [InlineData("spiffe://example.org/")]
    [InlineData("spiffe://example.org/a*")]
    [InlineData("spiffe://example.org/**")]
    [InlineData("spiffe://example.org/*/")]
    [InlineData("spiffe://example.org/../*")]
    [InlineData("spiffe://Example.org/*")]
    [InlineData("")]
    [InlineData(null)]
    public void Is_no_template(string? text)
    {
        Assert.False(SpiffeIdTemplate.TryParse(text, out SpiffeIdTemplate? _, out string? reason));
        Assert.NotEmpty(reason);
    }
}
