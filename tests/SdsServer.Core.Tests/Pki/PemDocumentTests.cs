using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Tests.Pki;

public sealed class PemDocumentTests
{
    [Fact]
    public void What_we_write_is_what_the_framework_writes_and_reads_back() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            byte[] der = bytes is null or [] ? [0] : bytes;
            byte[] pem = PemEncoder.Encode("X509 CRL", der);
            PemDocument document = PemDocument.Parse(pem);
            return Encoding.ASCII.GetString(pem) == PemEncoding.WriteString("X509 CRL", der) + "\n"
                && document.Text.Count == 0 && document.Blocks is [{ Label: "X509 CRL" } block] && block.Der.Span.SequenceEqual(der);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Text_blank_lines_and_crlf_around_blocks_are_kept_apart()
    {
        PemDocument document = Parse("first\r\n\r\n-----BEGIN A-----\r\nAAAA\r\n-----END A-----\r\n  second\n-----BEGIN B-----\nAAAA\n-----END B-----");
        Assert.Equal(["first", "  second"], document.Text);
        Assert.Equal(["A", "B"], document.Blocks.Select(block => block.Label));
    }

    [Theory]
    [InlineData("-----BEGIN A-----\nAAAA\n", "line 1: the A block has no end")]
    [InlineData("x\n-----BEGIN A-----\nAAAA\n-----END B-----\n", "line 4: the A block of line 2 must end")]
    [InlineData("-----BEGIN A-----\nAAAA\n-----BEGIN A-----\n", "line 3")]
    [InlineData("-----END A-----\n", "line 1: a marker that begins no block")]
    [InlineData("-----BEGIN -----\nAAAA\n-----END -----\n", "line 1")]
    [InlineData("-----BEGIN A-----\n-----END A-----\n", "no base64")]
    [InlineData("-----BEGIN A-----\nAAA\n-----END A-----\n", "no base64")]
    [InlineData("-----BEGIN A-----\nAA==AAAA\n-----END A-----\n", "no base64")]
    [InlineData("-----BEGIN A-----\nAA AA\n-----END A-----\n", "no base64")]
    [InlineData("-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END A-----\n", "no base64")]
    public void Broken_blocks_refuse_the_whole_with_the_line(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<FormatException>(() => Parse(text)).Message, StringComparison.Ordinal);

    private static PemDocument Parse(string text) => PemDocument.Parse(Encoding.ASCII.GetBytes(text));
}
