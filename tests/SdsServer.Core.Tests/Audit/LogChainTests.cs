using System.Security.Cryptography;
using System.Text;
using SdsServer.Core.Audit;
using static SdsServer.Core.Tests.Audit.LogLines;

namespace SdsServer.Core.Tests.Audit;

public sealed class LogChainTests
{
    public static TheoryData<string> Fields => [.. typeof(LogLine).GetProperties().Select(property => property.Name).Except([nameof(LogLine.Hash), nameof(LogLine.Entry)])];

    [Fact]
    public void The_first_line_follows_the_hash_of_the_name() =>
        // echo -n mesh.example | sha256sum
        Assert.Equal("4277ca2f977b73756ae557d455a1a3f1b0b8eeca813a322f63fc51a0474b359b", LogChain.Origin(TrustDomain));

    [Fact]
    public void A_line_has_the_hash_that_was_computed_by_hand()
    {
        string previous = LogChain.Origin(TrustDomain);
        string[] texts = ["älice", "DropTrust", "old", "r-1", "drop trust in root old", "because", "epoch 4", "Refused", "still needed"];
        string encoded = "01" + previous + Text(TrustDomain) + "0000000000000009" + "0102030405060708" + string.Concat(texts.Select(Text)) + "0000000000000007";

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Convert.FromHexString(encoded))), LogChain.Hash(previous, TrustDomain, Line(9)));
        Assert.Equal("d09cdf6097a0f4e691985b953c367714602ff5ddb4b168a2eccc870c1512498c", LogChain.Hash(previous, TrustDomain, Line(9)));

        static string Text(string text) => $"{Encoding.UTF8.GetByteCount(text):x8}{Convert.ToHexString(Encoding.UTF8.GetBytes(text))}";
    }

    [Theory]
    [MemberData(nameof(Fields))]
    public void Every_field_counts(string field)
    {
        string previous = LogChain.Origin(TrustDomain);
        Assert.NotEqual(LogChain.Hash(previous, TrustDomain, Line(9)), LogChain.Hash(previous, TrustDomain, Changes[field](Line(9))));
    }

    [Fact]
    public void The_trust_domain_and_the_line_before_count()
    {
        string previous = LogChain.Origin(TrustDomain);
        string hash = LogChain.Hash(previous, TrustDomain, Line(9));
        Assert.NotEqual(hash, LogChain.Hash(previous, "mesh.exampl", Line(9)));
        Assert.NotEqual(hash, LogChain.Hash(hash, TrustDomain, Line(9)));
    }

    [Fact]
    public void No_text_can_pass_for_a_part_of_its_neighbour()
    {
        string previous = LogChain.Origin(TrustDomain);
        Assert.NotEqual(
            LogChain.Hash(previous, TrustDomain, Line(9) with { Reason = "ab", Evidence = "c" }),
            LogChain.Hash(previous, TrustDomain, Line(9) with { Reason = "a", Evidence = "bc" }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("7:12")]
    [InlineData("-7:0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("7:0000000000000000000000000000000000000000000000000000000000000000:")]
    [InlineData("7:g000000000000000000000000000000000000000000000000000000000000000")]
    public void What_is_no_head_is_not_read_as_one(string text) => Assert.Null(LogHead.Parse(text));

    [Fact]
    public void A_head_is_read_as_it_is_written()
    {
        LogHead head = new(12, LogChain.Origin(TrustDomain));
        Assert.Equal(head, LogHead.Parse(head.ToString()));
        Assert.Equal(head, LogHead.Parse(head.ToString().ToUpperInvariant()));
    }
}
