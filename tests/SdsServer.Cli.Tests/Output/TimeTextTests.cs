using SdsServer.Cli.Output;
using SdsServer.Cli.Tests.Fakes;

namespace SdsServer.Cli.Tests.Output;

public sealed class TimeTextTests
{
    [Theory]
    [InlineData(0, "0s")]
    [InlineData(59, "59s")]
    [InlineData(60, "1m")]
    [InlineData(3661, "1h1m")]
    [InlineData(90_000, "1d1h")]
    [InlineData(86_400L * 3651, "10y1d")]
    [InlineData(-45, "45s")]
    public void Shows_the_two_largest_units(long seconds, string expected) => Assert.Equal(expected, TimeText.Span(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(250, "in 4m10s")]
    [InlineData(-3, "3s ago")]
    [InlineData(0, "now")]
    public void Says_how_far_away(int seconds, string expected) =>
        Assert.Equal(expected, TimeText.Relative(FixedTime.Now.AddSeconds(seconds), FixedTime.Now));
}
