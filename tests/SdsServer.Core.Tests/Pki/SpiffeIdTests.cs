using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

public sealed class SpiffeIdTests
{
    [Theory]
    [InlineData("spiffe://example.org", "example.org", "", false)]
    [InlineData("spiffe://example.org/web", "example.org", "/web", true)]
    [InlineData("spiffe://a/B.c-d_9/...", "a", "/B.c-d_9/...", true)]
    [InlineData("spiffe://10.0.0.1/x", "10.0.0.1", "/x", true)]
    [InlineData("spiffe://under_score-dash.9/x", "under_score-dash.9", "/x", true)]
    public void Good_ids_are_kept_as_written(string text, string domain, string path, bool workload)
    {
        SpiffeId id = SpiffeId.Parse(text);
        Assert.Equal((domain, path, workload, text), (id.TrustDomain.Name, id.Path, id.IsWorkload, id.ToString()));
        Assert.Equal(id, SpiffeId.Parse(text));
        Assert.Equal(id.GetHashCode(), SpiffeId.Parse(text).GetHashCode());
    }

    [Theory]
    [InlineData(null, "empty")]
    [InlineData("", "empty")]
    [InlineData("https://example.org/web", "begin with spiffe://")]
    [InlineData("SPIFFE://example.org/web", "begin with spiffe://")]
    [InlineData("spiffe:/example.org/web", "begin with spiffe://")]
    [InlineData(" spiffe://example.org/web", "begin with spiffe://")]
    [InlineData("spiffe://", "trust domain is empty")]
    [InlineData("spiffe:///web", "trust domain is empty")]
    [InlineData("spiffe://Example.org/web", "position 0")]
    [InlineData("spiffe://example.org:443/web", "position 11")]
    [InlineData("spiffe://user@example.org/web", "position 4")]
    [InlineData("spiffe://exämple.org/web", "position 2")]
    [InlineData("spiffe://example.org?q", "position 11")]
    [InlineData("spiffe://example.org#f", "position 11")]
    [InlineData("spiffe://example%2eorg/web", "position 7")]
    [InlineData("spiffe://example.org/", "empty")]
    [InlineData("spiffe://example.org/web/", "empty")]
    [InlineData("spiffe://example.org//web", "empty")]
    [InlineData("spiffe://example.org/./web", ". or ..")]
    [InlineData("spiffe://example.org/a/..", ". or ..")]
    [InlineData("spiffe://example.org/a%20b", "percent")]
    [InlineData("spiffe://example.org/a?b", "query")]
    [InlineData("spiffe://example.org/a#b", "fragment")]
    [InlineData("spiffe://example.org/a b", "character")]
    [InlineData("spiffe://example.org/a\n", "character")]
    [InlineData("spiffe://example.org/wéb", "character")]
    [InlineData("spiffe://example.org/a:b", "character")]
    public void Bad_ids_are_refused_with_the_reason(string? text, string reason)
    {
        Assert.False(SpiffeId.TryParse(text, out SpiffeId? id, out string? said));
        Assert.Null(id);
        Assert.Contains(reason, said, StringComparison.Ordinal);
        Assert.Contains(reason, Assert.Throws<FormatException>(() => SpiffeId.Parse(text!)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lengths_end_at_2048_and_255_octets()
    {
        string start = "spiffe://example.org/";
        Assert.True(SpiffeId.TryParse(start + new string('a', 2048 - start.Length), out _, out _));
        Assert.False(SpiffeId.TryParse(start + new string('a', 2049 - start.Length), out _, out _));
        Assert.True(TrustDomain.TryParse(new string('a', 255), out _, out _));
        Assert.False(TrustDomain.TryParse(new string('a', 256), out _, out _));
    }

    [Fact]
    public void A_trust_domain_is_a_bare_name()
    {
        Assert.Equal("spiffe://example.org", TrustDomain.Parse("example.org").Uri);
        Assert.Contains("without scheme", Assert.Throws<FormatException>(() => TrustDomain.Parse("spiffe://example.org")).Message, StringComparison.Ordinal);
    }
}
