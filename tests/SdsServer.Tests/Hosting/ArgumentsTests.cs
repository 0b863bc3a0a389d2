using SdsServer.Hosting;

namespace SdsServer.Tests.Hosting;

public sealed class ArgumentsTests
{
    [Fact]
    public void What_is_documented_is_known()
    {
        string[] args = ["--dev", "--data=/d", "--check-config", "--SdsServer:Dev=true", "--SdsServer:TrustDomain", "a.example", "--logging:loglevel:default=Debug"];

        Assert.Empty(Arguments.Unknown(args));
        Assert.Equal(["--SdsServer:Dev=true", "--SdsServer:DataDirectory=/d"], Arguments.Expand(args)[..2]);
    }

    [Theory]
    [InlineData("--data", "/var/lib/sds")]
    [InlineData("--trust-domain=a.example")]
    [InlineData("dev")]
    [InlineData("--SdsServer:Dev")]
    public void What_would_be_ignored_is_an_error(params string[] args) => Assert.NotEmpty(Arguments.Unknown(args));
}
