using SdsServer.Grpc.Wire;

namespace SdsServer.Grpc.Tests;

public sealed class MetadataTests
{
    [Fact]
    public void Keys_are_lower_case_and_found_in_any_case()
    {
        Metadata metadata = new() { { "X-Token", "a" }, { "x-token", "b" } };
        Assert.Equal("a", metadata.GetValue("x-TOKEN"));
        Assert.Equal(["a", "b"], metadata.GetAll("X-Token").Select(entry => entry.Value));
        Assert.All(metadata, entry => Assert.Equal("x-token", entry.Key));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData(":path")]
    [InlineData("ключ")]
    [InlineData("grpc-status")]
    [InlineData("Content-Type")]
    [InlineData("data-bin")]
    public void Refuses_keys_that_cannot_travel_as_text(string key) => Assert.Throws<ArgumentException>(() => new Metadata().Add(key, "value"));

    [Theory]
    [InlineData("line\r\nbreak")]
    [InlineData("tab\t")]
    [InlineData("ü")]
    public void Refuses_values_that_are_no_printable_ASCII(string value) => Assert.Throws<ArgumentException>(() => new Metadata().Add("key", value));

    [Fact]
    public void Bytes_need_a_binary_key() => Assert.Throws<ArgumentException>(() => new Metadata().Add("key", [1, 2]));

    [Theory]
    [InlineData("AQI=", "0102")]
    [InlineData("AQI", "0102")]
    [InlineData("AQ==", "01")]
    [InlineData("AQ", "01")]
    [InlineData("AQID", "010203")]
    [InlineData("", "")]
    public void Received_base64_may_be_padded_or_not(string value, string bytes)
    {
        Metadata metadata = [];
        Headers.Receive(metadata, "Data-Bin", value);
        Assert.Equal(bytes, Convert.ToHexString(metadata.GetValueBytes("data-bin")!));
    }

    [Fact]
    public void Joined_binary_values_come_apart()
    {
        Metadata metadata = [];
        Headers.Receive(metadata, "data-bin", "AQ==, Ag");
        Assert.Equal([[1], [2]], metadata.GetAll("data-bin").Select(entry => entry.ValueBytes));
    }

    [Theory]
    [InlineData("A")]
    [InlineData("!!!!")]
    [InlineData("AQI=AQI=")]
    public void What_is_no_base64_is_an_internal_error(string value) =>
        Assert.Equal(StatusCode.Internal, Assert.Throws<RpcException>(() => Headers.Receive([], "data-bin", value)).StatusCode);

    [Fact]
    public void Printing_an_entry_does_not_show_its_value()
    {
        Metadata metadata = new() { { "authorization", "Bearer secret" } };
        Assert.DoesNotContain("secret", string.Join(' ', metadata), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/grpc", true)]
    [InlineData("application/grpc+proto", true)]
    [InlineData("Application/gRPC; charset=utf-8", true)]
    [InlineData("application/grpc+json", false)]
    [InlineData("application/grpc-web", false)]
    [InlineData("application/json", false)]
    [InlineData("", false)]
    public void Content_types(string contentType, bool isGrpc) => Assert.Equal(isGrpc, Headers.IsGrpc(contentType));

    [Theory]
    [InlineData("5", StatusCode.NotFound)]
    [InlineData("99", StatusCode.Unknown)]
    [InlineData("-1", StatusCode.Unknown)]
    [InlineData("x", StatusCode.Unknown)]
    public void A_status_nobody_knows_is_UNKNOWN(string code, StatusCode status) => Assert.Equal(status, Headers.ReceiveStatus(code, "a%20b").Code);
}
