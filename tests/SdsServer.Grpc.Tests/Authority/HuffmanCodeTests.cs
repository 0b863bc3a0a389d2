using SdsServer.Grpc.Authority;

namespace SdsServer.Grpc.Tests.Authority;

public sealed class HuffmanCodeTests
{
    [Theory]
    [InlineData("F1E3C2E5F23A6BA0AB90F4FF", "www.example.com")] // RFC 7541, C.4.1
    [InlineData("A8EB10649CBF", "no-cache")] // C.4.2
    [InlineData("25A849E95BA97D7F", "custom-key")] // C.4.3
    [InlineData("9D29AD171863C78F0B97C8E9AE82AE43D3", "https://www.example.com")] // C.6.1
    public void Reads_the_examples_of_the_RFC(string encoded, string text)
    {
        List<(char Symbol, int FirstBit)> symbols = [];
        Assert.True(HuffmanCode.TryDecode(Convert.FromHexString(encoded), symbols));
        Assert.Equal(text, string.Concat(symbols.Select(symbol => symbol.Symbol)));
    }

    [Fact]
    public void Every_printable_character_comes_back()
    {
        string text = string.Concat(Enumerable.Range(' ', 95).Select(c => (char)c).Where(c => c != '\\'));
        List<(char Symbol, int FirstBit)> symbols = [];
        Assert.True(HuffmanCode.TryDecode(Encode(text), symbols));
        Assert.Equal(text, string.Concat(symbols.Select(symbol => symbol.Symbol)));
    }

    [Theory]
    [InlineData("FFFFFFFF")] // EOS
    [InlineData("F1E3C2E5F23A6BA0AB90F4FFFF")] // a whole byte of padding
    [InlineData("00")] // padding of zeros
    public void Refuses_what_is_malformed(string encoded) => Assert.False(HuffmanCode.TryDecode(Convert.FromHexString(encoded), []));

    public static byte[] Encode(string text)
    {
        int bits = text.Sum(HuffmanCode.LengthOf);
        byte[] encoded = new byte[(bits + 7) / 8];
        Array.Fill(encoded, (byte)0xFF);
        int at = 0;
        foreach (char c in text)
        {
            HuffmanCode.Overwrite(encoded, at, c);
            at += HuffmanCode.LengthOf(c);
        }

        return encoded;
    }
}
