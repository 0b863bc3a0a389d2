using System.CommandLine;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Tests.Output;

/// <summary>An operator is told of the options typed, not of the fields they fill.</summary>
public sealed class ApiWordsTests
{
    // One for the whole server, and refused from everybody.
    private const string NoOption = "ack_timeout";

    [Fact]
    public void Every_field_of_a_policy_has_an_option_of_rotation_start()
    {
        Command start = Parse("rotation", "start", "--new").CommandResult.Command;
        foreach (string field in RotationPolicy.Descriptor.Fields.InFieldNumberOrder().Select(field => field.Name).Where(field => field != NoOption))
        {
            string? option = ApiWords.Option($"policy.{field}");
            Assert.True(option is not null, field);
            Assert.Contains(option.Split(' ')[0], start.Options.Select(known => known.Name));
        }
    }

    [Theory]
    [InlineData("policy.max_silent_percent", "--max-silent 101")]
    [InlineData("policy.trust_soak", "--trust-soak 400d")]
    [InlineData("policy.waves[1].percent", "--wave 10%")]
    [InlineData("policy.trust_gate.kind", "--gate trust=webhook")]
    [InlineData("policy.drop_gate.kind", "--gate all=approval")]
    [InlineData("policy.max_in_flight", "--one-by-one")]
    [InlineData("policy.drop_soak", "--drop-soak")]
    [InlineData("new_authority.lifetime", "--lifetime 1h")]
    [InlineData("parent", "parent")]
    public void An_error_names_what_was_typed(string field, string expected) => Assert.Equal(expected, new TypedOptions(Parse(
        "rotation", "start", "--new", "--max-silent", "101", "--trust-soak", "400d", "--wave", "1", "--wave", "10%", "--gate", "all=approval", "--gate", "trust=webhook", "--one-by-one",
        "--lifetime", "1h")).Of(field));

    [Theory]
    [InlineData("must be between 00:00:01 and 365.00:00:00 ([days.]hours:minutes:seconds)", "must be between 1s and 365d")]
    [InlineData("must be between 3.01:25:00 and 100.00:00:00 ([days.]hours:minutes:seconds)", "must be between 3d1h25m and 100d")]
    [InlineData("sign_deadline is 00:02:00, drop_deadline 00:01:00; the drop must not come first", "--sign-deadline is 2m, --drop-deadline 1m; the drop must not come first")]
    [InlineData("does not belong to kind EMERGENCY: it has no soaks", "does not belong to --emergency: it has no soaks")]
    [InlineData("sign_not_before 2099-01-01 00:00:00Z lies behind that", "--sign-not-before 2099-01-01 00:00:00Z lies behind that")]
    [InlineData("or start it as kind EMERGENCY with compromised_authority 'root-a', which has deadlines", "or start it with --emergency --compromised 'root-a', which has deadlines")]
    [InlineData("every step waits for AdvanceRotation, so no times can be given", "every step waits for 'sdsctl rotation advance', so no times can be given")]
    [InlineData("the reason, the waves and the evidence of no_such_field", "the reason, the waves and the evidence of no_such_field")]
    public void A_sentence_of_the_server_is_told_in_options(string said, string expected) => Assert.Equal(expected, ApiWords.Told(said));

    private static ParseResult Parse(params string[] args) => CommandTree.Create().Parse(args);
}
