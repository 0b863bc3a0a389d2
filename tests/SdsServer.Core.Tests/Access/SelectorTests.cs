using SdsServer.Core.Access;

namespace SdsServer.Core.Tests.Access;

public sealed class SelectorTests
{
    [Theory]
    [InlineData("unix:uid:1000", "unix:uid", "1000")]
    [InlineData("unix:path:/usr/local/bin/envoy", "unix:path", "/usr/local/bin/envoy")]
    [InlineData("unix:cgroup:/system.slice/web.service", "unix:cgroup", "/system.slice/web.service")]
    [InlineData("jwt:iss:https://issuer.example:8443/x", "jwt:iss", "https://issuer.example:8443/x")]
    [InlineData("k8s:ns:shop", "k8s:ns", "shop")]
    [InlineData("token:7d9f", "token", "7d9f")]
    [InlineData("spiffe_id:spiffe://example.org/web", "spiffe_id", "spiffe://example.org/web")]
    [InlineData("x509:dns:web.example", "x509:dns", "web.example")]
    public void A_text_is_a_kind_and_a_value(string text, string kind, string value)
    {
        Assert.True(Selector.TryParse(text, out Selector? selector, out _));

        Assert.Equal(new Selector(kind, value), selector);
        Assert.Equal(text, selector.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("unix:uid")]
    [InlineData("unix:uid:")]
    [InlineData("unix:udi:1000")]
    [InlineData("UNIX:uid:1000")]
    [InlineData("unix:uid: 1000")]
    [InlineData("unix:path:/usr/bin/envoy\n")]
    [InlineData("x509:")]
    [InlineData("x509::x")]
    [InlineData("x509:DNS:x")]
    [InlineData("node:web")]
    public void What_nobody_can_show_is_no_selector(string text)
    {
        Assert.False(Selector.TryParse(text, out _, out string? reason));

        Assert.NotEmpty(reason);
    }
}
