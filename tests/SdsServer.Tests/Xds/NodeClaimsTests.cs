using System.Collections.Immutable;
using System.Net;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Protos.Envoy.Core.V3;
using SdsServer.Xds;

namespace SdsServer.Tests.Xds;

/// <summary>What a node says beside its id; all of it claims.</summary>
public sealed class NodeClaimsTests
{
    [Fact]
    public void Labels_are_texts_of_bounded_number_and_length()
    {
        Struct labels = new() { Fields = { ["tier"] = Value.ForString("web"), ["replicas"] = Value.ForNumber(3), ["long"] = Value.ForString(new string('x', 321)), ["line"] = Value.ForString("a\nb") } };
        for (int number = 0; number < 40; number++)
        {
            labels.Fields[$"n{number:d2}"] = Value.ForString("");
        }

        NodeIdentity node = Read(new Struct { Fields = { ["labels"] = Value.ForStruct(labels), ["other"] = Value.ForString("x") } });

        Assert.Equal(32, node.Labels.Count);
        Assert.DoesNotContain(node.Labels.Keys, name => name is "replicas" or "long" or "line" or "n39");
        Assert.Equal("web", Read(new Struct { Fields = { ["labels"] = Value.ForStruct(new Struct { Fields = { ["tier"] = Value.ForString("web") } }) } }).Labels["tier"]);
        Assert.Empty(Read(null).Labels);
        Assert.Empty(Read(new Struct { Fields = { ["labels"] = Value.ForString("tier=web") } }).Labels);
    }

    [Theory]
    [InlineData("9901", 9901)]
    [InlineData("0", null)]
    [InlineData("65536", null)]
    [InlineData("-1", null)]
    [InlineData("9901/../", null)]
    [InlineData("http://169.254.169.254:80", null)]
    public void An_admin_port_is_a_port(string text, int? port)
    {
        Assert.Equal(port, Stating(Value.ForString(text)).AdminPort);
        if (double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out double number))
        {
            Assert.Equal(port, Stating(Value.ForNumber(number)).AdminPort);
        }
    }

    [Fact]
    public void An_admin_port_in_parts_or_of_another_kind_is_none()
    {
        Assert.Null(Stating(Value.ForNumber(9901.5)).AdminPort);
        Assert.Null(Stating(Value.ForBool(true)).AdminPort);
        Assert.Null(Read(null).AdminPort);
    }

    [Fact]
    public void The_admin_is_on_the_address_that_the_proxy_connects_from()
    {
        NodeIdentity node = Stating(Value.ForNumber(9901));

        Assert.Equal("http://127.0.0.1:9901/", StreamClient.AdminOf(node, null)?.ToString());
        Assert.Equal("http://10.0.0.7:9901/", StreamClient.AdminOf(node, IPAddress.Parse("10.0.0.7"))?.ToString());
        Assert.Equal("http://10.0.0.7:9901/", StreamClient.AdminOf(node, IPAddress.Parse("::ffff:10.0.0.7"))?.ToString());
        Assert.Equal("http://[2001:db8::7]:9901/", StreamClient.AdminOf(node, IPAddress.Parse("2001:db8::7"))?.ToString());
        Assert.Null(StreamClient.AdminOf(Read(null), IPAddress.Parse("10.0.0.7")));
    }

    [Fact]
    public void Anchors_are_digests_by_their_roots_ids()
    {
        string digest = new('a', 64), other = new string('b', 63) + "0";

        Assert.Equal<string>([new string('a', 32), new string('b', 32)], Anchored(Value.ForList(Value.ForString(digest), Value.ForString(other), Value.ForString(digest))));
    }

    // A bad list is no evidence, and never an error of the stream: a proxy must get its secrets whatever stands there.
    [Fact]
    public void Anchors_in_any_other_form_are_none()
    {
        string digest = new('a', 64);
        Value good = Value.ForString(digest);

        Assert.Empty(Read(null).Anchors);
        Assert.Empty(Anchored(good));
        Assert.Empty(Anchored(Value.ForList()));
        Assert.Empty(Anchored(Value.ForList(good, Value.ForNumber(1))));
        Assert.Empty(Anchored(Value.ForList(good, Value.ForString(digest[1..]))));
        Assert.Empty(Anchored(Value.ForList(good, Value.ForString(digest + "a"))));
        Assert.Empty(Anchored(Value.ForList(good, Value.ForString(digest.ToUpperInvariant()))));
        Assert.Empty(Anchored(Value.ForList(good, Value.ForString("g" + digest[1..]))));
        Assert.Empty(Anchored(Value.ForList([.. Enumerable.Repeat(good, 17)])));
        Assert.Single(Anchored(Value.ForList([.. Enumerable.Repeat(good, 16)])));
    }

    private static ImmutableArray<string> Anchored(Value stated) => Read(new Struct { Fields = { ["sdsserver.anchors"] = stated } }).Anchors;

    private static NodeIdentity Stating(Value port) => Read(new Struct { Fields = { ["sdsserver.envoy.admin_port"] = port } });

    private static NodeIdentity Read(Struct? metadata) => NodeIdentity.From(new Node { Id = "n1", Cluster = "web", Metadata = metadata }, new XdsLimits());
}
