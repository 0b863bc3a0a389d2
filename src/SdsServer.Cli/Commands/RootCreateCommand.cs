using System.CommandLine;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

internal static class RootCreateCommand
{
    public static Command Create()
    {
        Argument<string> id = new("ID") { Description = "Its id: 1 to 63 of a-z, 0-9 and -. Without one the server chooses.", Arity = ArgumentArity.ZeroOrOne };
        KeyOptions key = new();
        Option<bool> dryRun = GlobalOptions.DryRunOption("Check everything, make nothing.");
        Option<string> reason = GlobalOptions.ReasonOption();
        CliCommand command = new CliCommand("create", "Makes a built-in root. It is inactive: no proxy trusts it before a rotation to it.") { id, dryRun, reason };
        key.AddTo(command);
        return command.With(
            [("sdsctl root create root-2027 --reason 'yearly rotation'", "make it"), ("sdsctl rotation start --to root-2027", "then move the mesh to it")])
        .Does(session => RunAsync(session, new CreateAuthorityRequest
        {
            AuthorityId = session.Get(id) ?? "",
            BuiltInRoot = key.Read(session),
            ValidateOnly = session.Get(dryRun),
            Reason = session.Get(reason) ?? "",
        }));
    }

    private static async Task RunAsync(Session session, CreateAuthorityRequest request)
    {
        TrustDomain trust = await session.Admin.TrustDomainAsync();
        session.Terminal.Say(TrustText.Line(trust));
        (request.Parent, request.ExpectedRevision) = (trust.Name, trust.Revision);
        Authority made = await session.Admin.CallAsync(AdminMethods.CreateAuthority, request);
        if (session.Terminal.Format == OutputFormat.Json)
        {
            session.Terminal.Json(made);
            return;
        }

        string id = ResourceName.Id(made.Name);
        string what = $"{id}, {EnumText.Of(made.KeyAlgorithm)}, valid until {TimeText.Absolute(made.NotAfter)}";
        session.Terminal.Line(session.Terminal.Format == OutputFormat.Plain ? id : request.ValidateOnly ? $"would make root {what}" : $"made root {what}");
        session.Terminal.Say(request.ValidateOnly
            ? "nothing was made; run it without --dry-run"
            : $"no proxy trusts it yet; see what a move to it takes with: sdsctl rotation start --to {id} --dry-run");
    }
}
