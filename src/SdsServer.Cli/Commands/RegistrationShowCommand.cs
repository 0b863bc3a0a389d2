using System.CommandLine;
using System.Globalization;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RegistrationShowCommand
{
    public static Command Create()
    {
        Argument<string> id = new("ID") { Description = "The registration's id, from 'sdsctl registration list'." };
        return new CliCommand("show", "Shows one registration: who it is about, and all that it says.") { id }.With(
            [("sdsctl registration show web", "everything about it"), ("sdsctl registration show web --json | jq .peers", "its peers alone")])
        .Does(session => RunAsync(session, session.Get(id)!));
    }

    private static async Task RunAsync(Session session, string id)
    {
        Registration registration = await session.Admin.CallAsync(
            AdminMethods.GetRegistration, new GetRegistrationRequest { Name = ResourceName.Registration(await session.Admin.ParentAsync(), id) });
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(registration);
            return;
        }

        Grid facts = new("", "");
        facts.Add("registration", new Cell(ResourceName.Id(registration.Name), Tone.Heading));
        Add("name", registration.DisplayName);
        facts.Add("who shows", string.Join(" and ", registration.Selectors));
        facts.Add("is", registration.SpiffeId);
        Add("dns names", string.Join(", ", registration.DnsNames));
        Add("leaves live", Span(registration.LeafLifetime));
        Add("at least", Span(registration.MinLeafLifetime));
        Add("at most", Span(registration.MaxLeafLifetime));
        Add("keys", registration.KeyAlgorithm == KeyAlgorithm.Unspecified ? "" : EnumText.Of(registration.KeyAlgorithm));
        facts.Add("may have", registration.BundleOnly ? "the bundle, and no leaf" : registration.SecretNames.Count > 0 ? string.Join(", ", registration.SecretNames) : "every name of its own");
        Add("labels", string.Join(", ", registration.Labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}")));
        facts.Add("talks to", registration.Peers.Count > 0 ? string.Join(", ", registration.Peers) : "whoever the roots vouch for, as far as this server says");
        facts.Add("kept", registration.Source == RegistrationSource.File ? "in the server's file" : $"in the store, revision {registration.Revision.ToString(CultureInfo.InvariantCulture)}");
        if (registration.CreateTime is not null)
        {
            facts.Add("made", $"{TimeText.Both(registration.CreateTime, session.Now)} by {registration.CreatedBy}");
            facts.Add("changed", $"{TimeText.Both(registration.UpdateTime, session.Now)} by {registration.UpdatedBy}");
        }

        facts.WriteTo(session.Terminal);

        void Add(string name, string value)
        {
            if (value.Length > 0)
            {
                facts.Add(name, value);
            }
        }
    }

    private static string Span(Google.Protobuf.WellKnownTypes.Duration? span) => span is null ? "" : TimeText.Span(span.ToTimeSpan());
}
