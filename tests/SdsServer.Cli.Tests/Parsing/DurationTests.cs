using SdsServer.Cli.Parsing;

namespace SdsServer.Cli.Tests.Parsing;

public sealed class DurationTests
{
    [Theory]
    [InlineData("10m", "00:10:00")]
    [InlineData("1h30m", "01:30:00")]
    [InlineData("24h", "1.00:00:00")]
    [InlineData("90d", "90.00:00:00")]
    [InlineData("10y", "3650.00:00:00")]
    [InlineData("1d2h3m4s5ms", "1.02:03:04.005")]
    [InlineData("0s", "00:00:00")]
    [InlineData("5400s", "01:30:00")]
    public void Reads_what_people_write(string text, string expected)
    {
        Assert.True(Duration.TryParse(text, out TimeSpan duration));
        Assert.Equal(TimeSpan.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("10 m")]
    [InlineData("-10m")]
    [InlineData("30m1h")]
    [InlineData("1h1h")]
    [InlineData("1.5h")]
    [InlineData("10M")]
    [InlineData("00:10:00")]
    [InlineData("99999y")]
    [InlineData("10m\n")]
    public void Refuses_what_could_be_misread(string text) => Assert.False(Duration.TryParse(text, out _));
}
