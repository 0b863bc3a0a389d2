using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RegistrationUpdateCommand
{
    private static readonly Dictionary<string, Action<Registration>> s_clear = new(StringComparer.Ordinal)
    {
        ["dns-names"] = registration => registration.DnsNames.Clear(),
        ["key-algorithm"] = registration => registration.KeyAlgorithm = KeyAlgorithm.Unspecified,
        ["labels"] = registration => registration.Labels.Clear(),
        ["leaf-lifetime"] = registration => registration.LeafLifetime = null,
        ["max-leaf-lifetime"] = registration => registration.MaxLeafLifetime = null,
        ["min-leaf-lifetime"] = registration => registration.MinLeafLifetime = null,
        ["peers"] = registration => registration.Peers.Clear(),
        ["secrets"] = registration => registration.SecretNames.Clear(),
    };

    public static Command Create()
    {
        Argument<string> id = new("ID") { Description = "The registration's id, from 'sdsctl registration list'." };
        Option<string> spiffeId = new("--spiffe-id") { HelpName = "SPIFFE-ID", Description = "The workload's ID." };
        Option<string[]> clear = new("--clear")
        {
            HelpName = "FIELD", Description = $"Say nothing of this any more; repeat for several: {string.Join(", ", s_clear.Keys)}.", DefaultValueFactory = _ => [],
        };
        clear.Validators.Add(result =>
        {
            foreach (string wrong in result.Tokens.Select(token => token.Value).Where(field => !s_clear.ContainsKey(field)))
            {
                result.AddError($"'{wrong}' is none of {string.Join(", ", s_clear.Keys)}");
            }
        });
        RegistrationFields fields = new();
        Option<long?> revision = new("--revision") { HelpName = "N", Description = "Only if it still has this revision. Default: the one it has now." };
        Option<string> reason = GlobalOptions.ReasonOption();
        CliCommand command = new("update", "Changes a registration: streams of those it applies to end and come back to what it says now.") { id, spiffeId };
        fields.AddTo(command);
        command.Add(clear);
        command.Add(revision);
        command.Add(reason);
        return command.With(
            [
                ("sdsctl registration update web --peer spiffe://example.org/db --peer 'spiffe://example.org/ns/shop/*'", "these peers, and no others from now on"),
                ("sdsctl registration update web --clear peers", "whoever the roots vouch for"),
            ],
            "What is not given stays as it is; a list that is given takes the place of the whole list.")
        .Does(session => RunAsync(session, session.Get(id)!, session.Get(spiffeId), session.Get(clear)!, session.Get(revision), fields, session.Get(reason) ?? ""));
    }

    private static async Task RunAsync(Session session, string id, string? spiffeId, string[] clear, long? revision, RegistrationFields fields, string reason)
    {
        Registration registration = await session.Admin.CallAsync(
            AdminMethods.GetRegistration, new GetRegistrationRequest { Name = ResourceName.Registration(await session.Admin.ParentAsync(), id) });
        foreach (string field in clear)
        {
            s_clear[field](registration);
        }

        fields.Apply(session, registration);
        registration.SpiffeId = spiffeId ?? registration.SpiffeId;
        registration.Revision = revision ?? registration.Revision;
        Registration changed = await session.Admin.CallAsync(AdminMethods.UpdateRegistration, new UpdateRegistrationRequest { Registration = registration, Reason = reason });
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(changed);
        }
        else
        {
            session.Terminal.Line($"changed registration {ResourceName.Id(changed.Name)}, now revision {changed.Revision}");
        }
    }
}
