using YamlDotNet.RepresentationModel;

namespace SdsServer.Cli.Bootstraps;

/// <summary>What one TLS context of an Envoy must say, so that a refused, missing or mistaken answer of a secret server lets nobody in.</summary>
internal static class TlsContextCheck
{
    /// <summary>Each thing that is wrong, and what to do about it.</summary>
    public static IEnumerable<(string Problem, string Advice)> Of(YamlMappingNode context, bool isListener)
    {
        YamlMappingNode common = Map(context, "common_tls_context") ?? new YamlMappingNode();
        if (isListener && !IsTrue(context, "require_client_certificate"))
        {
            yield return ("callers without a certificate are let in", "set require_client_certificate: true");
        }

        if (Validation(common) is { } wrong)
        {
            yield return wrong;
        }

        if (!TakesSecrets(common))
        {
            yield break;
        }

        if (isListener && !(IsTrue(context, "disable_stateless_session_resumption") && IsTrue(context, "disable_stateful_session_resumption")))
        {
            yield return (
                "a resumed session skips the check of the caller's certificate, even after that has expired",
                "set disable_stateless_session_resumption: true and disable_stateful_session_resumption: true");
        }

        if (!isListener && Text(context, "max_session_keys") != "0")
        {
            yield return ("sessions are resumed, which skips the certificates that are in force now", "set max_session_keys: 0");
        }
    }

    private static (string Problem, string Advice)? Validation(YamlMappingNode common)
    {
        const string advice = "use combined_validation_context, with match_typed_subject_alt_names in its default_validation_context: Envoy then refuses an answer without a CA";
        if (Map(common, "combined_validation_context") is { } combined)
        {
            return Map(combined, "default_validation_context") is { } own && IsGuarded(own)
                ? null
                : ("its own part has neither SAN matchers nor a CA, so that an answer without a CA lets everybody in", advice);
        }

        if (Map(common, "validation_context_sds_secret_config") is not null)
        {
            return ("an answer without a CA lets everybody in, whatever require_client_certificate says", advice);
        }

        return Map(common, "validation_context") is { } plain && HasCa(plain)
            ? null
            : ("certificates of peers are not checked", "set a validation context: the bundle of the secret server, or a trusted_ca");
    }

    private static bool IsGuarded(YamlMappingNode validation) =>
        HasCa(validation) || (Child(validation, "match_typed_subject_alt_names") is YamlSequenceNode { Children.Count: > 0 });

    private static bool HasCa(YamlMappingNode validation) => Child(validation, "trusted_ca") is not null || Child(validation, "system_root_certs") is not null;

    private static bool TakesSecrets(YamlMappingNode common) =>
        Child(common, "tls_certificate_sds_secret_configs") is not null || Child(common, "validation_context_sds_secret_config") is not null
        || Map(common, "combined_validation_context") is not null;

    private static bool IsTrue(YamlMappingNode node, string name) => Text(node, name) is { } text && bool.TryParse(text, out bool value) && value;

    // Envoy takes {value: true} for a wrapped boolean, too.
    private static string? Text(YamlMappingNode node, string name) => Child(node, name) switch
    {
        YamlScalarNode scalar => scalar.Value,
        YamlMappingNode wrapped when Child(wrapped, "value") is YamlScalarNode inner => inner.Value,
        _ => null,
    };

    private static YamlMappingNode? Map(YamlMappingNode node, string name) => Child(node, name) as YamlMappingNode;

    // Protobuf's JSON takes a field's name in either spelling.
    private static YamlNode? Child(YamlMappingNode node, string name) =>
        node.Children.FirstOrDefault(child => child.Key is YamlScalarNode { Value: { } key } && (key == name || key == Camel(name))).Value;

    private static string Camel(string snake)
    {
        string[] parts = snake.Split('_');
        return parts[0] + string.Concat(parts.Skip(1).Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
    }
}
