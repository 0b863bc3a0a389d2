using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RegistrationCreateCommand
{
    public static Command Create()
    {
        Argument<string> spiffeId = new("SPIFFE-ID") { Description = "The workload's ID; {trustDomain} and kinds of selectors in braces are filled in." };
        Option<string> id = new("--id") { HelpName = "ID", Description = "What it is called: a-z, 0-9 and -. Default: chosen by the server." };
        RegistrationFields fields = new();
        Option<string> reason = GlobalOptions.ReasonOption();
        CliCommand command = new("create", "Says who callers are that show certain selectors, and what they may have.") { spiffeId, id };
        fields.AddTo(command);
        command.Add(reason);
        return command.With(
            [
                ("sdsctl registration create spiffe://example.org/web --selector unix:uid:1000", "one local user"),
                ("sdsctl registration create 'spiffe://{trustDomain}/ns/{k8s:ns}/sa/{k8s:sa}' --selector k8s:ns:shop", "a whole namespace"),
            ],
            "Selectors are unix:uid, unix:gid, unix:path, unix:cgroup, jwt:iss, jwt:sub, k8s:ns, k8s:sa, token and spiffe_id, and x509:WORD; docs/identity.md says what each proves.")
        .Does(session => RunAsync(session, fields, new CreateRegistrationRequest
        {
            RegistrationId = session.Get(id) ?? "",
            Registration = new Registration { SpiffeId = session.Get(spiffeId)! },
            Reason = session.Get(reason) ?? "",
        }));
    }

    private static async Task RunAsync(Session session, RegistrationFields fields, CreateRegistrationRequest request)
    {
        fields.Apply(session, request.Registration);
        request.Parent = await session.Admin.ParentAsync();
        Registration made = await session.Admin.CallAsync(AdminMethods.CreateRegistration, request);
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(made);
            return;
        }

        session.Terminal.Line(ResourceName.Id(made.Name));
        session.Terminal.Say($"whoever shows {string.Join(" and ", made.Selectors)} is {made.SpiffeId} from now on");
    }
}
