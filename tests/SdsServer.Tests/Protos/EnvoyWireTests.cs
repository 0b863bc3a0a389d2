using Google.Protobuf.Reflection;
using SdsServer.Protos.Envoy.Admin.V3;
using SdsServer.Protos.Envoy.Discovery.V3;
using SdsServer.Protos.Envoy.Secret.V3;
using SdsServer.Protos.Envoy.Status.V3;
using SdsServer.Protos.Envoy.Tls.V3;
using SdsServer.Protos.Google.Rpc;
using Xunit.Abstractions;

namespace SdsServer.Tests.Protos;

public sealed class EnvoyWireTests(ITestOutputHelper output)
{
    private static readonly FileDescriptor[] Roots =
    [
        SdsReflection.Descriptor, AdsReflection.Descriptor, CsdsReflection.Descriptor,
        SecretReflection.Descriptor, TlsSpiffeValidatorConfigReflection.Descriptor,
        ConfigDumpReflection.Descriptor, CertsReflection.Descriptor,
        CodeReflection.Descriptor, ErrorDetailsReflection.Descriptor,
    ];

    [Fact]
    public void Every_name_number_and_type_is_Envoys()
    {
        var described = Roots.SelectMany(WithDependencies).Distinct().SelectMany(WireDescription.Of).Order(StringComparer.Ordinal).ToList();
        described.ForEach(output.WriteLine);
        var expected = EnvoyWire.Table.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

        Assert.Empty(described.Except(expected));
        Assert.Empty(expected.Except(described));
    }

    private static IEnumerable<FileDescriptor> WithDependencies(FileDescriptor file) =>
        file.Package == "google.protobuf" ? [] : file.Dependencies.SelectMany(WithDependencies).Append(file);
}
