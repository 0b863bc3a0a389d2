using System.CommandLine;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Cli.Output;
using SdsServer.Cli.Parsing;
using SdsServer.Protos.Admin.V1;
using Option = System.CommandLine.Option;

namespace SdsServer.Cli.Commands;

/// <summary>What a registration says, as options. A list that is given replaces the whole list; what is not given stays as it is.</summary>
internal sealed class RegistrationFields
{
    private readonly Option<string> _displayName = new("--display-name") { HelpName = "TEXT", Description = "A name for people." };
    private readonly Option<string[]> _selectors = Many("--selector", "KIND:VALUE", "What a caller must show, such as unix:uid:1000, k8s:ns:shop or token:7d9f; repeat for several, which must all be shown.");
    private readonly Option<string[]> _dnsNames = Many("--dns-name", "NAME", "A DNS name of its leaves; may have the same braces. Repeat for several.");
    private readonly Option<TimeSpan?> _lifetime = Parsing.Duration.Option("--leaf-lifetime", "How long its leaves live. Default: the server's setting, which is the most.");
    private readonly Option<TimeSpan?> _minimum = Parsing.Duration.Option("--min-leaf-lifetime", "Never shorter, except while a rotation squeezes lifetimes.");
    private readonly Option<TimeSpan?> _maximum = Parsing.Duration.Option("--max-leaf-lifetime", "Never longer.");
    private readonly Option<KeyAlgorithm> _keys = Choice.Option<KeyAlgorithm>("--key-algorithm", "Keys of its leaves. Default: the server's setting.", EnumText.Of);
    private readonly Option<string[]> _secrets = Many("--secret", "NAME", "The only secret names it may have; repeat for several. Default: every name of its own.");
    private readonly Option<(string Name, string Value)[]> _labels = new("--label")
    {
        HelpName = "NAME=VALUE", Description = "A label that waves select it by, whatever its node claims; repeat for several.", CustomParser = LabelText.Parse, DefaultValueFactory = _ => [],
    };

    private readonly Option<string[]> _peers = Many("--peer", "SPIFFE-ID", "Whom it talks to, or spiffe://example.org/ns/shop/* for all below; its bundle lets in no others. Repeat for several.");
    private readonly Option<bool?> _bundleOnly = new("--bundle-only") { HelpName = "true|false", Description = "It takes the bundle and never a leaf." };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_displayName, _selectors, _dnsNames, _lifetime, _minimum, _maximum, _keys, _secrets, _labels, _peers, _bundleOnly])
        {
            command.Add(option);
        }
    }

    /// <summary>Puts what is given in its place.</summary>
    public void Apply(Session session, Registration registration)
    {
        registration.DisplayName = session.Get(_displayName) ?? registration.DisplayName;
        Replace(registration.Selectors, session.Get(_selectors)!);
        Replace(registration.DnsNames, session.Get(_dnsNames)!);
        registration.LeafLifetime = session.Get(_lifetime)?.ToDuration() ?? registration.LeafLifetime;
        registration.MinLeafLifetime = session.Get(_minimum)?.ToDuration() ?? registration.MinLeafLifetime;
        registration.MaxLeafLifetime = session.Get(_maximum)?.ToDuration() ?? registration.MaxLeafLifetime;
        registration.KeyAlgorithm = session.Get(_keys) is var keys && keys != KeyAlgorithm.Unspecified ? keys : registration.KeyAlgorithm;
        Replace(registration.SecretNames, session.Get(_secrets)!);
        Replace(registration.Peers, session.Get(_peers)!);
        registration.BundleOnly = session.Get(_bundleOnly) ?? registration.BundleOnly;
        if (session.Get(_labels) is { Length: > 0 } labels)
        {
            registration.Labels.Clear();
            foreach ((string name, string value) in labels)
            {
                registration.Labels[name] = value;
            }
        }
    }

    private static void Replace(RepeatedField<string> field, string[] given)
    {
        if (given.Length > 0)
        {
            field.Clear();
            field.AddRange(given);
        }
    }

    private static Option<string[]> Many(string name, string helpName, string description) => new(name) { HelpName = helpName, Description = description, DefaultValueFactory = _ => [] };
}
