using Microsoft.AspNetCore.Http;
using SdsServer.Identity;

namespace SdsServer.Tests.Identity;

public sealed class BearerHeaderTests
{
    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("Bearer sds_a_b", "sds_a_b")]
    [InlineData("bEARER  sds_a_b ", "sds_a_b")]
    [InlineData("Bearer", "")]
    [InlineData("Bearersds_a_b", "")]
    [InlineData("Basic sds_a_b", "")]
    [InlineData("sds_a_b", "")]
    [InlineData("Basic Bearer sds_a_b", "")]
    public void A_token_is_what_follows_the_scheme_and_anything_else_is_none(string? header, string? token)
    {
        DefaultHttpContext http = new();
        http.Request.Headers.Authorization = header;

        Assert.Equal(token, BearerHeader.Find(http)?.ToString());
    }
}
