using Google.Protobuf.Reflection;

namespace SdsServer.Tests.Protos;

/// <summary>What of a proto file is seen on the wire, in the lines of <see cref="EnvoyWire"/>.</summary>
internal static class WireDescription
{
    private static readonly (string Package, string Short)[] Packages =
    [
        ("google.protobuf.", "pb."), ("google.rpc.", "rpc."), ("xds.core.v3.", "xds."), ("envoy.admin.v3.", "admin."),
        ("envoy.config.core.v3.", "core."), ("envoy.service.discovery.v3.", "discovery."), ("envoy.service.secret.v3.", "secret."),
        ("envoy.service.status.v3.", "status."), ("envoy.extensions.transport_sockets.tls.v3.", "tls."),
        ("envoy.type.matcher.v3.", "matcher."), ("envoy.type.v3.", "type."),
    ];

    public static IEnumerable<string> Of(FileDescriptor file) =>
        file.MessageTypes.SelectMany(Of).Concat(file.EnumTypes.Select(Of)).Concat(file.Services.SelectMany(Of));

    private static IEnumerable<string> Of(MessageDescriptor message)
    {
        if (message.GetOptions()?.MapEntry == true)
        {
            return [];
        }

        var fields = message.Fields.InFieldNumberOrder().Select(field => $"{field.FieldNumber} {field.Name} {Type(field)}{OneOf(field)}");
        var line = $"{Name(message)}: {string.Join(", ", fields)}".TrimEnd();
        return message.NestedTypes.SelectMany(Of).Concat(message.EnumTypes.Select(Of)).Append(line);
    }

    private static string Of(EnumDescriptor values) =>
        $"{Name(values)}: {string.Join(", ", values.Values.Select(value => $"{value.Number} {value.Name}"))}";

    private static IEnumerable<string> Of(ServiceDescriptor service) => service.Methods.Select(method =>
        $"/{service.FullName}/{method.Name}: " +
        $"{Stream(method.IsClientStreaming)}{Name(method.InputType)} -> {Stream(method.IsServerStreaming)}{Name(method.OutputType)}");

    private static string Stream(bool streaming) => streaming ? "stream " : "";

    private static string OneOf(FieldDescriptor field) => field.ContainingOneof is { } oneOf ? $" of {oneOf.Name}" : "";

    private static string Type(FieldDescriptor field)
    {
        if (field.IsMap)
        {
            return $"map<{Type(field.MessageType.FindFieldByNumber(1))},{Type(field.MessageType.FindFieldByNumber(2))}>";
        }

        var type = field.FieldType switch
        {
            FieldType.Message => Name(field.MessageType),
            FieldType.Enum => Name(field.EnumType),
            var scalar => scalar.ToString().ToLowerInvariant(),
        };
        return field.IsRepeated ? $"rep {type}" : type;
    }

    private static string Name(IDescriptor type)
    {
        var known = Array.Find(Packages, package => type.FullName.StartsWith(package.Package, StringComparison.Ordinal));
        return known == default ? type.FullName : known.Short + type.FullName[known.Package.Length..];
    }
}
