using System.Collections.Immutable;
using SdsServer.Core.Access;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Identity.Reviews;

namespace SdsServer.Identity.Jwt;

/// <summary>A checked <see cref="JwtIssuerOptions"/>.</summary>
internal sealed record JwtIssuer
{
    private static readonly ClaimPointer s_subject = ClaimPointer.Parse("/sub")!;
    private static readonly ClaimPointer s_namespace = ClaimPointer.Parse("/kubernetes.io/namespace")!;
    private static readonly ClaimPointer s_serviceAccount = ClaimPointer.Parse("/kubernetes.io/serviceaccount/name")!;
    private static readonly TimeSpan FileRefresh = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WebRefresh = TimeSpan.FromMinutes(5);

    private JwtIssuer(JwtIssuerOptions options, string where, TrustDomain trustDomain, List<string> errors)
    {
        Issuer = options.Issuer;
        Audiences = [.. options.Audiences];
        Algorithms = options.Algorithms.Count > 0 ? [.. options.Algorithms] : [.. JwtAlgorithm.All.Keys.Order(StringComparer.Ordinal)];
        (BundleOnly, Kubernetes) = (options.BundleOnly, options.Kubernetes);
        (Skew, MaxLifetime, StreamGrace) = (options.Skew, options.MaxLifetime, options.StreamGrace ?? options.Skew);
        (UnknownKeyInterval, MaxKeyAge) = (options.UnknownKeyInterval, options.MaxKeyAge);
        KeysRefresh = options.KeysRefresh ?? (options.KeysFile.Length > 0 ? FileRefresh : WebRefresh);
        KeysFile = options.KeysFile.Length > 0 ? options.KeysFile : null;
        CaFile = options.CaFile.Length > 0 ? options.CaFile : null;
        BearerTokenFile = options.BearerTokenFile.Length > 0 ? options.BearerTokenFile : null;
        Require(Issuer.Length > 0, "Issuer", "what tokens say as 'iss' is required");
        Require(Audiences.Length > 0 && Audiences.All(audience => audience.Length > 0), "Audiences", "at least one is required: without it a token that was meant for another server would do here");
        foreach (string algorithm in Algorithms)
        {
            Require(JwtAlgorithm.All.ContainsKey(algorithm), "Algorithms", $"'{algorithm}' is not one of {string.Join(", ", JwtAlgorithm.All.Keys.Order(StringComparer.Ordinal))}");
        }

        Review = options.Review is { } review ? TokenReviewSettings.Read(review, options, where, errors) : null;
        Url = Review is null ? ReadUrl(options) : null;
        SpiffeId = ReadSpiffeId(options.SpiffeId);
        DnsNames = [.. options.DnsNames.Select(ReadDnsName).OfType<ClaimTemplate>()];
        Required = [.. options.Required.Select(ReadRequired).OfType<RequiredClaim>()];
        Require(Skew >= TimeSpan.Zero && Skew <= TimeSpan.FromMinutes(10), "Skew", $"{Skew} must not be negative, nor more than 10 minutes");
        Require(StreamGrace >= Skew && StreamGrace <= TimeSpan.FromDays(365), "StreamGrace", $"{StreamGrace} must be at least Skew ({Skew}), or streams would end as they open, and at most a year");
        foreach ((string name, TimeSpan value) in new[] { ("MaxLifetime", MaxLifetime), ("KeysRefresh", KeysRefresh), ("UnknownKeyInterval", UnknownKeyInterval) })
        {
            Require(value >= TimeSpan.FromSeconds(1), name, $"{value} must be at least a second");
        }

        Require(MaxKeyAge >= KeysRefresh, "MaxKeyAge", $"{MaxKeyAge} must be at least KeysRefresh ({KeysRefresh}), or good keys would lapse between two readings");

        void Require(bool holds, string name, string otherwise)
        {
            if (!holds)
            {
                errors.Add($"{where}:{name}: {otherwise}");
            }
        }

        Uri? ReadUrl(JwtIssuerOptions from)
        {
            if (KeysFile is not null)
            {
                Require(from.KeysUrl.Length == 0 && CaFile is null && BearerTokenFile is null, "KeysFile", "the keys come from the file, so leave out KeysUrl, CaFile and BearerTokenFile");
                return null;
            }

            (string name, string text) = from.KeysUrl.Length > 0 ? ("KeysUrl", from.KeysUrl) : ("Issuer", Issuer);
            IsDiscovered = from.KeysUrl.Length == 0;
            bool good = Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && JwksEndpoint.IsFit(url) && (!IsDiscovered || url.Query.Length == 0);

            // Not repeated: it may hold a password.
            Require(good, name, "the keys are fetched from there, so it must be an absolute https URL without user, password and fragment; or set KeysFile");
            return good ? url : null;
        }

        ClaimTemplate? ReadSpiffeId(string text)
        {
            if (text.Length == 0)
            {
                Require(options is { DnsNames: [], BundleOnly: false }, "SpiffeId", "without it only registrations name its workloads, so leave out DnsNames and BundleOnly too");
                return null;
            }

            try
            {
                ClaimTemplate template = ClaimTemplate.ForSpiffeId(text, trustDomain.Name);
                Core.Pki.SpiffeId id = Core.Pki.SpiffeId.Parse(template.FillWith("x"));
                Require(
                    id.TrustDomain.Equals(trustDomain) && id.IsWorkload && template.FillWith("y").StartsWith($"{trustDomain.Uri}/", StringComparison.Ordinal),
                    "SpiffeId", $"'{text}' must be a workload of this trust domain, such as spiffe://{{trustDomain}}/ns/{{/kubernetes.io/namespace}}");
                return template;
            }
            catch (FormatException wrong)
            {
                Require(false, "SpiffeId", $"'{text}': {wrong.Message}");
                return null;
            }
        }

        ClaimTemplate? ReadDnsName(string text)
        {
            try
            {
                ClaimTemplate template = ClaimTemplate.ForDnsName(text, trustDomain.Name);
                string? wrong = DnsName.Refuse(template.FillWith("x"));
                Require(wrong is null, "DnsNames", $"'{text}': {wrong}");
                return template;
            }
            catch (FormatException wrong)
            {
                Require(false, "DnsNames", $"'{text}': {wrong.Message}");
                return null;
            }
        }

        RequiredClaim? ReadRequired(RequiredClaimOptions claim)
        {
            ClaimPointer? pointer = ClaimPointer.Parse(claim.Claim);
            Require(pointer is not null, "Required", $"'{claim.Claim}' is no claim such as /kubernetes.io/namespace");
            Require(claim.Values.Count > 0, "Required", $"'{claim.Claim}' needs Values, of which it must have one");
            return pointer is null ? null : new RequiredClaim(pointer, [.. claim.Values]);
        }
    }

    public string Issuer { get; }

    public ImmutableArray<string> Audiences { get; }

    public ImmutableArray<string> Algorithms { get; }

    /// <summary>Null: only registrations name its workloads.</summary>
    public ClaimTemplate? SpiffeId { get; }

    public ImmutableArray<ClaimTemplate> DnsNames { get; }

    public ImmutableArray<RequiredClaim> Required { get; }

    public bool BundleOnly { get; }

    public bool Kubernetes { get; }

    public string? KeysFile { get; }

    /// <summary>Of the keys, or of the issuer where they are discovered; null where they come from a file.</summary>
    public Uri? Url { get; }

    public bool IsDiscovered { get; private set; }

    public string? CaFile { get; }

    public string? BearerTokenFile { get; }

    /// <summary>How the API server judges its tokens; null where keys do.</summary>
    public TokenReviewSettings? Review { get; }

    public TimeSpan Skew { get; }

    public TimeSpan MaxLifetime { get; }

    public TimeSpan StreamGrace { get; }

    public TimeSpan KeysRefresh { get; }

    public TimeSpan UnknownKeyInterval { get; }

    public TimeSpan MaxKeyAge { get; }

    /// <summary>What the list means; what is wrong is reported.</summary>
    public static ImmutableArray<JwtIssuer> Read(List<JwtIssuerOptions> options, TrustDomain trustDomain, List<string> errors)
    {
        ImmutableArray<JwtIssuer> issuers = [.. options.Select((issuer, index) => new JwtIssuer(issuer, $"SdsServer:JwtIssuers:{index}", trustDomain, errors))];
        foreach (IGrouping<string, JwtIssuer> same in issuers.GroupBy(issuer => issuer.Issuer, StringComparer.Ordinal).Where(same => same.Count() > 1))
        {
            errors.Add($"SdsServer:JwtIssuers: there are {same.Count()} entries for '{same.Key}', and a token goes to one; join them");
        }

        if (issuers.Count(issuer => issuer.Kubernetes) > 1)
        {
            errors.Add($"SdsServer:JwtIssuers: more than one is marked Kubernetes, and {Selector.KubernetesNamespace}:shop would mean the namespace of either cluster; mark one, and register workloads of the others by {Selector.JwtIssuer} and {Selector.JwtSubject}");
        }

        return issuers;
    }

    /// <summary>What a token proves, for registrations. Claims that are no text, and the cluster's of any other issuer, prove nothing.</summary>
    public ImmutableArray<Selector> SelectorsOf(VerifiedJwt token)
    {
        ImmutableArray<Selector>.Builder selectors = ImmutableArray.CreateBuilder<Selector>();
        selectors.Add(new Selector(Selector.JwtIssuer, Issuer));
        Add(Selector.JwtSubject, s_subject);
        if (Kubernetes)
        {
            Add(Selector.KubernetesNamespace, s_namespace);
            Add(Selector.KubernetesServiceAccount, s_serviceAccount);
        }

        return selectors.ToImmutable();

        void Add(string kind, ClaimPointer claim)
        {
            if (claim.Find(token.Claims) is { Length: > 0 } value)
            {
                selectors.Add(new Selector(kind, value));
            }
        }
    }

    /// <summary>Whom the claims name; null where only a registration can.</summary>
    /// <exception cref="JwtRefusedException">They name nobody here, or lack what is required.</exception>
    public Workload? Identify(VerifiedJwt token)
    {
        foreach (RequiredClaim required in Required)
        {
            required.Check(token.Claims);
        }

        if (SpiffeId is null)
        {
            return null;
        }

        string filled = SpiffeId.Fill(token.Claims);
        if (!Core.Pki.SpiffeId.TryParse(filled, out SpiffeId? id, out string? reason))
        {
            throw new JwtRefusedException(JwtRefusal.ClaimUnfit, $"its claims make no SPIFFE ID: {reason}");
        }

        string[] names = [.. DnsNames.Select(template => template.Fill(token.Claims))];
        foreach (string name in names)
        {
            if (DnsName.Refuse(name) is { } wrong)
            {
                throw new JwtRefusedException(JwtRefusal.ClaimUnfit, $"its claims make no DNS name of '{name}': {wrong}");
            }
        }

        return new Workload(id.ToString(), [.. names], BundleOnly);
    }
}
