using SdsServer.Limits;
using SdsServer.Testing;

namespace SdsServer.Tests.Limits;

public sealed class AddressRatesTests
{
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) { IsMonotonic = true };

    [Fact]
    public void Each_address_has_a_rate_of_its_own_and_what_is_given_back_counts_not()
    {
        AddressRates rates = new(10, 3, _time);
        Assert.Equal(3, Taken(rates, "a", 5));
        Assert.Equal(3, Taken(rates, "b", 5));

        rates.GiveBack("a");
        Assert.Equal(1, Taken(rates, "a", 5));
        _time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.Equal((1, 1), (Taken(rates, "a", 5), Taken(rates, "b", 5)));
    }

    [Fact]
    public void What_is_given_back_saves_up_no_more_than_the_burst()
    {
        AddressRates rates = new(10, 3, _time);
        foreach (int _ in Enumerable.Range(0, 10))
        {
            rates.GiveBack("a");
        }

        Assert.Equal(3, Taken(rates, "a", 9));
    }

    [Fact]
    public void A_flood_from_many_addresses_costs_no_memory_and_those_known_before_keep_theirs()
    {
        AddressRates rates = new(1, 3, _time, addresses: 10);
        Assert.Equal(1, Taken(rates, "known", 1));
        Assert.Equal(9 + 3, Enumerable.Range(0, 1_000).Count(number => rates.TryTake($"stranger {number}")));
        Assert.Equal(10, rates.Count);
        Assert.Equal(2, Taken(rates, "known", 5));

        // Who has rested makes room.
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(rates.TryTake("late"));
        Assert.Equal(2, rates.Count);
    }

    private static int Taken(AddressRates rates, string address, int tries) => Enumerable.Range(0, tries).Count(_ => rates.TryTake(address));
}
