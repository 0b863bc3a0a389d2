using System.Collections.Immutable;
using System.Text.RegularExpressions;
using SdsServer.Core.Pki;

namespace SdsServer.Core.Access;

/// <summary>What a registration must keep to, wherever it comes from.</summary>
public static partial class RegistrationRules
{
    private const int MaxSelectors = 16;
    private const int MaxDnsNames = 64;
    private const int MaxSecretNames = 100;
    private const int MaxPeers = 256;
    private const int MaxLabels = 32;
    private const int MaxLabelLength = 320;
    private const int MaxNameLength = 2048;
    private const int MaxDisplayName = 100;

    // What any process of a user can make true of itself, by running or bending a program, means something for that user alone.
    private static readonly ImmutableArray<string> s_ofOneUser = [Selector.UnixPath, Selector.UnixCgroup];

    /// <summary>Everything that is wrong with it; empty for a good one.</summary>
    public static ImmutableArray<RegistrationFault> Check(Registration registration, TrustDomain trustDomain, LeafPolicy leaves)
    {
        ImmutableArray<RegistrationFault>.Builder faults = ImmutableArray.CreateBuilder<RegistrationFault>();
        Require("id", IdPattern().IsMatch(registration.Id), "must be 1 to 63 of a-z, 0-9 and -");
        Require("display_name", registration.DisplayName.Length <= MaxDisplayName && !registration.DisplayName.Any(char.IsControl), $"must be one line of at most {MaxDisplayName} characters");
        bool namesIssuer = registration.Selectors.Any(selector => selector.StartsWith($"{Selector.JwtIssuer}:", StringComparison.Ordinal));
        CheckSelectors();
        CheckSpiffeId();
        CheckDnsNames();
        CheckLeaf();
        Require("secret_names", registration.SecretNames.Length <= MaxSecretNames, $"must be at most {MaxSecretNames}");
        Require("secret_names", registration.SecretNames.All(name => name.Length is > 0 and <= MaxNameLength && !name.Any(char.IsControl) && name != "*"), "each is a name to the letter, without wildcards and control characters");
        Require("labels", registration.Labels.Count <= MaxLabels, $"must be at most {MaxLabels}");
        Require(
            "labels", registration.Labels.All(label => label.Key.Length is > 0 and <= MaxLabelLength && label.Value.Length <= MaxLabelLength && !(label.Key + label.Value).Any(char.IsControl)),
            $"each has a name, and at most {MaxLabelLength} characters on either side");
        Require("peers", registration.Peers.Length <= MaxPeers, $"must be at most {MaxPeers}");
        foreach (string wrong in registration.Peers.Select(peer => PeerRules.Refuse(peer, trustDomain)).OfType<string>())
        {
            Require("peers", false, wrong);
        }

        return faults.ToImmutable();

        void Require(string field, bool holds, string problem)
        {
            if (!holds)
            {
                faults.Add(new RegistrationFault(field, problem));
            }
        }

        void CheckSelectors()
        {
            Require("selectors", registration.Selectors.Length is > 0 and <= MaxSelectors, $"must be 1 to {MaxSelectors}, such as unix:uid:1000");
            List<Selector> parsed = [];
            foreach (string text in registration.Selectors)
            {
                if (Selector.TryParse(text, out Selector? selector, out string? reason))
                {
                    parsed.Add(selector);
                    Require("selectors", Refuse(selector) is null, Refuse(selector) ?? "");
                }
                else
                {
                    Require("selectors", false, reason);
                }
            }

            foreach (IGrouping<string, Selector> same in parsed.GroupBy(selector => selector.Kind).Where(same => same.Count() > 1))
            {
                bool twice = same.Distinct().Count() < same.Count();
                Require("selectors", !twice && !Selector.Kinds.Contains(same.Key), twice ? $"'{same.Key}' is there twice with one value" : $"nobody shows two values of '{same.Key}'; make a registration for each");
            }

            HashSet<string> kinds = [.. parsed.Select(selector => selector.Kind)];
            Require(
                "selectors", !kinds.Overlaps(s_ofOneUser) || kinds.Contains(Selector.UnixUid),
                $"{Selector.UnixPath} and {Selector.UnixCgroup} need {Selector.UnixUid} beside them: every user can run that program");
            Require("selectors", !kinds.Contains(Selector.JwtSubject) || kinds.Contains(Selector.JwtIssuer), $"{Selector.JwtSubject} needs {Selector.JwtIssuer} beside it: another issuer may call somebody else so");
            Selector? named = parsed.Find(selector => selector.Kind == Selector.SpiffeId);
            Require("spiffe_id", named is null || named.Value == registration.SpiffeId, $"must be {named?.Value}, the ID that its selector names: a registration turns nobody into somebody else");
        }

        void CheckSpiffeId()
        {
            try
            {
                SegmentTemplate template = SpiffeIdTemplate(registration, trustDomain);
                CheckPlaces("spiffe_id", template);
                SpiffeId id = SpiffeId.Parse(template.FillWith("x"));
                Require(
                    "spiffe_id", id.TrustDomain.Equals(trustDomain) && id.IsWorkload && template.FillWith("y").StartsWith($"{trustDomain.Uri}/", StringComparison.Ordinal),
                    $"'{registration.SpiffeId}' must be a workload of this trust domain, such as {trustDomain.Uri}/ns/shop/sa/web");
            }
            catch (FormatException wrong)
            {
                Require("spiffe_id", false, $"'{registration.SpiffeId}': {wrong.Message}");
            }
        }

        void CheckDnsNames()
        {
            Require("dns_names", registration.DnsNames.Length <= MaxDnsNames, $"must be at most {MaxDnsNames}");
            foreach (string name in registration.DnsNames)
            {
                try
                {
                    SegmentTemplate template = DnsNameTemplate(name, trustDomain);
                    CheckPlaces("dns_names", template);
                    string? wrong = DnsName.Refuse(template.FillWith("x"));
                    Require("dns_names", wrong is null, $"'{name}': {wrong}");
                }
                catch (FormatException wrong)
                {
                    Require("dns_names", false, $"'{name}': {wrong.Message}");
                }
            }
        }

        // The selector's rule, for what the place takes in is any issuer's word just as well.
        void CheckPlaces(string field, SegmentTemplate template) => Require(
            field, namesIssuer || !template.Places.Contains(Selector.JwtSubject, StringComparer.Ordinal),
            $"{{{Selector.JwtSubject}}} needs the selector {Selector.JwtIssuer} beside it: each issuer may call anybody anything");

        void CheckLeaf()
        {
            LeafTerms terms = registration.Leaf;
            foreach ((string field, TimeSpan? span) in new[] { ("leaf_lifetime", terms.Lifetime), ("min_leaf_lifetime", terms.Minimum), ("max_leaf_lifetime", terms.Maximum) })
            {
                Require(field, span is null || (span >= leaves.Minimum && span <= leaves.Lifetime), $"{span} must be between {leaves.Minimum} and {leaves.Lifetime}, the server's Leaf:Minimum and Leaf:Lifetime");
            }

            Require("min_leaf_lifetime", !(terms.Minimum > terms.Maximum), "must not be more than max_leaf_lifetime");
            Require("leaf_lifetime", !(terms.Lifetime < terms.Minimum) && !(terms.Lifetime > terms.Maximum), "must be between min_leaf_lifetime and max_leaf_lifetime");
            Require("key_algorithm", terms.Keys is null or KeyAlgorithm.EcdsaP256 or KeyAlgorithm.EcdsaP384 or KeyAlgorithm.Rsa2048 or KeyAlgorithm.Rsa4096, "must be EcdsaP256, EcdsaP384, Rsa2048 or Rsa4096");
        }
    }

    /// <exception cref="FormatException">Says what is wrong.</exception>
    internal static SegmentTemplate SpiffeIdTemplate(Registration registration, TrustDomain trustDomain) =>
        SegmentTemplate.ForSpiffeId(registration.SpiffeId, trustDomain.Name, RefusePlace);

    /// <exception cref="FormatException">Says what is wrong.</exception>
    internal static SegmentTemplate DnsNameTemplate(string text, TrustDomain trustDomain) => SegmentTemplate.ForDnsName(text, trustDomain.Name, RefusePlace);

    private static string? Refuse(Selector selector) => selector.Kind switch
    {
        Selector.UnixUid or Selector.UnixGid when !NumberPattern().IsMatch(selector.Value) || !uint.TryParse(selector.Value, out _) => $"'{selector}': must be a number, without zeros before it",
        Selector.UnixPath when !selector.Value.StartsWith('/') => $"'{selector}': must be an absolute path",
        Selector.UnixCgroup when !selector.Value.StartsWith('/') => $"'{selector}': must be a path from the root of the hierarchy, as /proc/PID/cgroup shows it",
        Selector.SpiffeId when !SpiffeId.TryParse(selector.Value, out _, out string? reason) => $"'{selector}': {reason}",
        _ => null,
    };

    // What names an ID, or is no segment whatever its value, fills no place.
    private static string? RefusePlace(string place) =>
        place is Selector.UnixUid or Selector.UnixGid or Selector.JwtSubject or Selector.KubernetesNamespace or Selector.KubernetesServiceAccount
        || (place.StartsWith("x509:", StringComparison.Ordinal) && Selector.TryParse(place + ":x", out _, out _))
            ? null
            : $"'{{{place}}}' is neither {{trustDomain}} nor a selector that can be a segment, such as {{{Selector.KubernetesNamespace}}} or {{{Selector.UnixUid}}}";

    [GeneratedRegex("^[a-z0-9-]{1,63}\\z")]
    private static partial Regex IdPattern();

    [GeneratedRegex("^(0|[1-9][0-9]{0,9})\\z")]
    private static partial Regex NumberPattern();
}
