using System.Net;
using SdsServer.Identity;

namespace SdsServer.Tests.Identity;

public sealed class WorkloadAuthenticatorTests
{
    [Theory]
    [InlineData("192.0.2.1", "ip:192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "ip:192.0.2.1")]
    [InlineData("2001:db8::1", "ip:2001:db8::1")]
    public void A_host_has_one_name_whatever_the_server_listens_on(string address, string peer) =>
        Assert.Equal(peer, WorkloadAuthenticator.Describe(IPAddress.Parse(address)));
}
