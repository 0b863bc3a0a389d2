using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Commands;

/// <summary>How a new root is made.</summary>
internal sealed class KeyOptions
{
    public Option<string> DisplayName { get; } = new("--display-name") { HelpName = "TEXT", Description = "A name for people; also the certificate's common name. Default: made by the server." };

    public Option<KeyAlgorithm> Algorithm { get; } = Choice.Option<KeyAlgorithm>("--key-algorithm", "Algorithm of the new key. Default: p256.", EnumText.Of);

    public Option<TimeSpan?> Lifetime { get; } = Parsing.Duration.Option("--lifetime", "How long the certificate lasts. Default: 10y for a root.");

    public NewAuthority Read(Session session) => new()
    {
        DisplayName = session.Get(DisplayName) ?? "",
        KeyAlgorithm = session.Get(Algorithm),
        Lifetime = session.Get(Lifetime)?.ToDuration(),
    };

    public void AddTo(Command command)
    {
        command.Add(DisplayName);
        command.Add(Algorithm);
        command.Add(Lifetime);
    }
}
