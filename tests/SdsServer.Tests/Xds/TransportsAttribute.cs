using System.Reflection;
using Xunit.Sdk;

namespace SdsServer.Tests.Xds;

/// <summary>Runs a theory over the given protocols; over all four if none is given.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TransportsAttribute(params Transport[] transports) : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) =>
        (transports.Length > 0 ? transports : Enum.GetValues<Transport>()).Select(transport => new object[] { transport });
}
