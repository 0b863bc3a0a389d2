using System.Buffers.Text;
using System.Security.Cryptography;
using SdsServer.Core.Access;

namespace SdsServer.Core.Tests.Access;

public sealed class TokenTextTests
{
    [Fact]
    public void What_is_made_is_read_back_and_matches_its_hash_alone()
    {
        (string text, byte[] hash) = TokenText.Create("web1");
        (string other, _) = TokenText.Create("web1");
        byte[] secret = new byte[TokenText.SecretLength], otherSecret = new byte[TokenText.SecretLength];

        Assert.Matches("^sds_web1_[A-Za-z0-9_-]{43}$", text);
        Assert.True(TokenText.TryParse(text, out string? id, secret));
        Assert.Equal("web1", id);
        Assert.True(TokenText.Matches(secret, hash));
        Assert.True(TokenText.TryParse(other, out _, otherSecret));
        Assert.False(TokenText.Matches(otherSecret, hash));
        Assert.Equal(SHA256.HashData(secret), hash);
    }

    [Fact]
    public void A_secret_that_holds_underscores_is_read_whole()
    {
        byte[] secret = new byte[32], read = new byte[32];
        Array.Fill(secret, (byte)0xff);
        string text = $"sds_a_{Base64Url.EncodeToString(secret)}";

        Assert.Contains("____", text, StringComparison.Ordinal);
        Assert.True(TokenText.TryParse(text, out _, read));
        Assert.Equal(secret, read);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("sds_")]
    [InlineData("sds__AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("sds_web1")]
    [InlineData("sds_web1_")]
    [InlineData("sds_web1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("sds_web1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("sds_web1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+")]
    [InlineData("SDS_web1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("Bearer sds_web1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void Anything_else_is_no_token(string? text)
    {
        byte[] secret = new byte[TokenText.SecretLength];

        Assert.False(TokenText.TryParse(text, out string? id, secret));

        Assert.Null(id);
        Assert.DoesNotContain(secret, octet => octet != 0);
    }

    [Fact]
    public void An_endless_text_is_not_looked_at() =>
        Assert.False(TokenText.TryParse($"sds_{new string('a', 100_000)}_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", out _, new byte[TokenText.SecretLength]));

    [Theory]
    [InlineData("is sds_web1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA known?", "is sds_web1_[removed] known?")]
    [InlineData("tokens/sds_web1_AAAA-_AAAAAAAA", "tokens/sds_web1_[removed]")]
    [InlineData("sds_a_BBBBBBBBBBBB sds_c_DDDDDDDDDDDD", "sds_a_[removed] sds_c_[removed]")]
    [InlineData("the sds_server was slow", "the sds_server was slow")]
    public void Secrets_of_tokens_are_cut_out_of_other_text(string text, string left) => Assert.Equal(left, TokenText.CutSecrets(text));
}
