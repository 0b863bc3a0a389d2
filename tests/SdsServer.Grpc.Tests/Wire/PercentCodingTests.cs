using SdsServer.Grpc.Wire;

namespace SdsServer.Grpc.Tests.Wire;

public sealed class PercentCodingTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("plain text ~!", "plain text ~!")]
    [InlineData("100%", "100%25")]
    [InlineData("\r\n\t", "%0D%0A%09")]
    [InlineData("a☺b", "a%E2%98%BAb")]
    [InlineData("😈", "%F0%9F%98%88")]
    public void Goes_both_ways(string text, string coded)
    {
        Assert.Equal(coded, PercentCoding.Encode(text));
        Assert.Equal(text, PercentCoding.Decode(coded));
    }

    [Theory]
    [InlineData("%", "%")]
    [InlineData("50% of", "50% of")]
    [InlineData("%4", "%4")]
    [InlineData("%GG", "%GG")]
    [InlineData("%+1", "%+1")]
    [InlineData("%FF", "\uFFFD")]
    [InlineData("%e2%98%ba", "☺")]
    public void Decoding_never_fails(string coded, string text) => Assert.Equal(text, PercentCoding.Decode(coded));

    [Fact]
    public void A_lone_surrogate_is_replaced() => Assert.Equal("%EF%BF%BD", PercentCoding.Encode("\uD800"));
}
