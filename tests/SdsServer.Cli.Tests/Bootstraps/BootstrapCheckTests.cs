using SdsServer.Cli.Bootstraps;
using SdsServer.Testing;

namespace SdsServer.Cli.Tests.Bootstraps;

public sealed class BootstrapCheckTests
{
    private static readonly string s_folder = Path.Combine(RepositoryRoot.Path, "deploy", "envoy");

    public static TheoryData<string> Shipped => [.. Directory.EnumerateFiles(s_folder, "*.yaml").Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)];

    /// <summary>What is taken out of, or put into, a shipped file, and what is then found.</summary>
    public static TheoryData<string, string, string, string> Flaws { get; } = new()
    {
        { "server-sotw.yaml", "require_client_certificate: true", "require_client_certificate: false", "callers without a certificate" },
        { "server-sotw.yaml", "          require_client_certificate: true\n", "", "callers without a certificate" },
        { "server-sotw.yaml", "disable_stateless_session_resumption: true", "disable_stateless_session_resumption: false", "resumed session" },
        { "server-delta.yaml", "          disable_stateful_session_resumption: true\n", "", "resumed session" },
        { "server-ads.yaml", "match_typed_subject_alt_names", "allow_expired_certificate", "neither SAN matchers nor a CA" },
        { "server-sotw.yaml", "combined_validation_context", "something_else", "not checked" },
        { "client-sotw.yaml", "max_session_keys: 0", "max_session_keys: 1", "sessions are resumed" },
        { "client-delta.yaml", "        max_session_keys: 0 ", "        # ", "sessions are resumed" },
        { "client-ads.cds.yaml", "match_typed_subject_alt_names", "allow_expired_certificate", "neither SAN matchers nor a CA" },
        { "client-sotw.yaml", "combined_validation_context", "something_else", "not checked" },
    };

    [Theory]
    [MemberData(nameof(Shipped))]
    public void Nothing_is_wrong_with_what_we_ship(string file) => Assert.Empty(BootstrapCheck.Of(file, Text(file)).Findings);

    [Fact]
    public void What_we_ship_has_contexts_to_look_at() =>
        Assert.All((string[])["server-sotw.yaml", "client-sotw.yaml", "client-ads.cds.yaml", "sds-over-tls.yaml"], file => Assert.Equal(1, BootstrapCheck.Of(file, Text(file)).Contexts));

    [Theory]
    [MemberData(nameof(Flaws))]
    public void A_flaw_is_found_where_it_is(string file, string good, string bad, string problem)
    {
        string text = Text(file);
        Assert.Contains(good, text, StringComparison.Ordinal);

        BootstrapFinding finding = Assert.Single(BootstrapCheck.Of(file, text.Replace(good, bad, StringComparison.Ordinal)).Findings);

        Assert.Contains(problem, finding.Problem, StringComparison.Ordinal);
        Assert.Equal(file, finding.File);
        Assert.True(finding.Line > 1);
        Assert.Matches("(listeners\\[inbound\\].filter_chains\\[0\\]|clusters\\[peer\\]|resources\\[peer\\]).transport_socket.typed_config$", finding.Path);
    }

    [Theory]
    [InlineData("validation_context_sds_secret_config: { name: ROOTCA }", "an answer without a CA")]
    [InlineData("combined_validation_context: { default_validation_context: {}, validation_context_sds_secret_config: { name: ROOTCA } }", "neither SAN matchers nor a CA")]
    [InlineData("combined_validation_context: { validation_context_sds_secret_config: { name: ROOTCA } }", "neither SAN matchers nor a CA")]
    [InlineData("combined_validation_context: { default_validation_context: { match_typed_subject_alt_names: [] }, validation_context_sds_secret_config: { name: ROOTCA } }", "neither SAN matchers nor a CA")]
    [InlineData("validation_context: { match_typed_subject_alt_names: [ {} ] }", "not checked")]
    [InlineData("combined_validation_context: { default_validation_context: { trusted_ca: { filename: /ca.pem } }, validation_context_sds_secret_config: { name: ROOTCA } }", null)]
    [InlineData("combinedValidationContext: { defaultValidationContext: { matchTypedSubjectAltNames: [ {} ] }, validationContextSdsSecretConfig: { name: ROOTCA } }", null)]
    [InlineData("validation_context: { trusted_ca: { filename: /ca.pem } }", null)]
    public void Validation_has_something_to_fall_back_on(string validation, string? problem)
    {
        string text = "a:\n  \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext\n  max_session_keys: { value: 0 }\n  common_tls_context: { " + validation + " }\n";

        (int contexts, IReadOnlyList<BootstrapFinding> findings) = BootstrapCheck.Of("x.yaml", text);

        Assert.Equal(1, contexts);
        Assert.Equal(problem is null ? 0 : 1, findings.Count);
        Assert.All(findings, finding => Assert.Contains(problem!, finding.Problem, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("envoy.extensions.transport_sockets.quic.v3.QuicDownstreamTransport", "downstream_tls_context", "callers without a certificate")]
    [InlineData("envoy.extensions.transport_sockets.quic.v3.QuicUpstreamTransport", "upstream_tls_context", "")]
    [InlineData("envoy.extensions.transport_sockets.starttls.v3.StartTlsConfig", "tls_socket_config", "callers without a certificate")]
    [InlineData("envoy.extensions.transport_sockets.starttls.v3.UpstreamStartTlsConfig", "tlsSocketConfig", "")]
    public void A_context_inside_another_socket_is_looked_at_too(string type, string field, string problem)
    {
        string text = "a:\n  \"@type\": type.googleapis.com/" + type + "\n  " + field + ":\n    common_tls_context: { validation_context: { trusted_ca: { filename: /ca.pem } } }\n";

        (int contexts, IReadOnlyList<BootstrapFinding> findings) = BootstrapCheck.Of("x.yaml", text);

        Assert.Equal(1, contexts);
        Assert.Equal(problem.Length > 0 ? 1 : 0, findings.Count);
        Assert.All(findings, finding => Assert.Contains(problem, finding.Problem, StringComparison.Ordinal));
    }

    [Fact]
    public void JSON_is_read_as_well() => Assert.Single(BootstrapCheck.Of("x.json", """
        { "listeners": [ { "name": "in", "typed_config": { "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
          "common_tls_context": { "validation_context": { "trusted_ca": { "filename": "/ca.pem" } } } } } ] }
        """).Findings);

    [Theory]
    [InlineData("a: [")]
    [InlineData("a: *nowhere")]
    public void What_is_no_configuration_is_said_to_be_none(string text) => Assert.Equal(ExitCodes.Usage, Assert.Throws<CliException>(() => BootstrapCheck.Of("x", text)).ExitCode);

    [Fact]
    public async Task The_exit_code_tells()
    {
        string good = Path.Combine(s_folder, "server-sotw.yaml");
        Assert.Equal(ExitCodes.Ok, (await CliRun.OfAsync(["proxy", "verify", good], "unix:///nowhere", null)).ExitCode);

        using SdsServer.Testing.Processes.TemporaryDirectory folder = new("sdsctl-verify");
        string bad = folder.PathOf("bad.yaml");
        await File.WriteAllTextAsync(bad, (await File.ReadAllTextAsync(good)).Replace("require_client_certificate: true", "", StringComparison.Ordinal));
        CliRun run = await CliRun.OfAsync(["proxy", "verify", good, bad], "unix:///nowhere", null);
        Assert.Equal(ExitCodes.Failure, run.ExitCode);
        Assert.Contains("set require_client_certificate: true", run.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Failure, (await CliRun.OfAsync(["proxy", "verify", bad, "--json"], "unix:///nowhere", null)).ExitCode);
        Assert.NotEqual(ExitCodes.Ok, (await CliRun.OfAsync(["proxy", "verify", folder.PathOf("none.yaml")], "unix:///nowhere", null)).ExitCode);
    }

    private static string Text(string file) => File.ReadAllText(Path.Combine(s_folder, file));
}
