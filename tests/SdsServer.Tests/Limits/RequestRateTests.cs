using SdsServer.Limits;
using SdsServer.Testing;

namespace SdsServer.Tests.Limits;

public sealed class RequestRateTests
{
    [Fact]
    public void So_many_at_once_then_so_many_in_a_second_and_never_more_than_that_saved_up()
    {
        ManualTime time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) { IsMonotonic = true };
        RequestRate rate = new(10, 3, time);
        Assert.Equal(3, Taken(5));
        time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(1, Taken(2));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(3, Taken(9));

        int Taken(int tries) => Enumerable.Range(0, tries).Count(_ => rate.TryTake());
    }
}
