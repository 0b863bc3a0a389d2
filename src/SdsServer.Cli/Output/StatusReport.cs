using System.Text.Json.Nodes;
using Google.Protobuf;
using SdsServer.Cli.Admin;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Output;

/// <summary>What <c>sdsctl status</c> shows.</summary>
internal sealed record StatusReport(TrustDomain Trust, IReadOnlyList<Authority> Authorities, Rotation? Rotation)
{
    private static readonly TimeSpan s_runway = TimeSpan.FromDays(90);
    private static readonly JsonFormatter s_json = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true));

    public static async Task<StatusReport> ReadAsync(AdminClient admin, TrustDomain trust)
    {
        ListAuthoritiesResponse authorities = await admin.ListAsync(AdminMethods.ListAuthorities, new ListAuthoritiesRequest { Parent = trust.Name });
        Rotation? rotation = trust.ActiveRotation.Length == 0
            ? null
            : await admin.CallAsync(AdminMethods.GetRotation, new GetRotationRequest { Name = trust.ActiveRotation });
        return new(trust, authorities.Authorities, rotation);
    }

    /// <summary>The authority that signs.</summary>
    public Authority? Signer => Authorities.FirstOrDefault(authority => authority.Name == Trust.Signer);

    /// <summary>A root by the id of its own authority; the API names the one that signs below it.</summary>
    public string NameOf(BundleRoot root)
    {
        Authority? own = Authorities.FirstOrDefault(authority => authority.RootId == root.RootId && authority.Ski == root.Ski);
        string id = ResourceName.Id(root.Authority);
        return own is not null ? ResourceName.Id(own.Name)
            : Authorities.FirstOrDefault(authority => authority.Name == root.Authority) is { } below && below.Ski != root.Ski ? $"the root of {id}" : id;
    }

    /// <summary>The root above the signer, where that is an intermediate; else null.</summary>
    public BundleRoot? RootAboveSigner => Signer is { } signer
        ? Trust.Bundle.FirstOrDefault(root => root.RootId == signer.RootId && root.Ski != signer.Ski)
        : null;

    public bool IsTainted(BundleRoot root) => Authorities.Any(authority => authority.Name == root.Authority && authority.Tainted);

    /// <summary>What an operator should know although nothing is broken, the gravest first.</summary>
    public IReadOnlyList<string> Warnings(DateTimeOffset now)
    {
        List<string> warnings = [];
        if (Trust.AuditWarning.Length > 0)
        {
            warnings.Add($"{Trust.AuditWarning}: 'sdsctl audit verify'");
        }

        warnings.AddRange(Trust.ClientWarnings);
        foreach (BundleRoot root in Trust.Bundle)
        {
            string id = NameOf(root);
            DateTimeOffset end = root.NotAfter?.ToDateTimeOffset() ?? DateTimeOffset.MaxValue;
            if (end - now < s_runway)
            {
                warnings.Add(end <= now
                    ? $"{id} has expired {TimeText.Relative(end, now)}: every leaf below it is refused"
                    : $"{id} expires {TimeText.Relative(end, now)}: {ToDo(root)}");
            }
        }

        if (RootAboveSigner is not null && Signer?.NotAfter?.ToDateTimeOffset() is { } last && last - now < s_runway)
        {
            warnings.Add($"{ResourceName.Id(Trust.Signer)}, the intermediate that signs, {(last <= now ? "has expired" : "expires")} {TimeText.Relative(last, now)}: 'sdsctl rotation start --intermediate --new'");
        }

        foreach (Authority authority in Authorities.Where(a => a.Role is AuthorityRole.Active or AuthorityRole.Passive))
        {
            if (authority.Tainted)
            {
                warnings.Add($"{ResourceName.Id(authority.Name)} is tainted and still trusted; finish the rotation away from it");
            }
        }

        AddFleetWarnings(warnings);
        AddServingWarning(warnings, now);
        AddBuiltInWarning(warnings);
        return warnings;
    }

    // Beside a rotation that is under way no other one can start.
    private string ToDo(BundleRoot root) =>
        Rotation is null ? "start a rotation with 'sdsctl rotation start --new'"
        : root.Authority == (Rotation.Goal == Goal.Back ? Rotation.ToAuthority : Rotation.FromAuthority) ? $"rotation {ResourceName.Id(Rotation.Name)} is leaving it"
        : $"another rotation can leave it once {ResourceName.Id(Rotation.Name)} has ended";

    public JsonObject ToJson(DateTimeOffset now) => new()
    {
        ["trustDomain"] = JsonNode.Parse(s_json.Format(Trust)),
        ["authorities"] = new JsonArray([.. Authorities.Select(authority => JsonNode.Parse(s_json.Format(authority)))]),
        ["rotation"] = Rotation is null ? null : JsonNode.Parse(s_json.Format(Rotation)),
        ["warnings"] = new JsonArray([.. Warnings(now).Select(warning => JsonValue.Create(warning))]),
    };

    private void AddBuiltInWarning(List<string> warnings)
    {
        List<string> builtIn = [.. Authorities.Where(a => a is { Role: AuthorityRole.Active, Provider: AuthorityProvider.Builtin }).Select(a => ResourceName.Id(a.Name)).Order(StringComparer.Ordinal)];
        if (builtIn.Count > 0)
        {
            warnings.Add($"{string.Join(" and ", builtIn)} {(builtIn.Count == 1 ? "is a built-in root: its key is" : "are built-in roots: their keys are")} "
                + "kept by this server alone; back up its store, and keep the root of a production mesh elsewhere");
        }
    }

    private void AddServingWarning(List<string> warnings, DateTimeOffset now)
    {
        if (Trust.Serving is not { } serving)
        {
            return;
        }

        if (serving.NotAfter is { } end && end.ToDateTimeOffset() <= now)
        {
            warnings.Add($"the server's own certificate has ended {TimeText.Relative(end.ToDateTimeOffset(), now)}: nobody can connect over TLS, look into the server's log");
        }

        if (serving.MissingCount > 0)
        {
            warnings.Add($"{ServingText.Missing(serving)}: 'sdsctl anchors export', then 'sdsctl anchors confirm'");
        }
    }

    private void AddFleetWarnings(List<string> warnings)
    {
        FleetCounts fleet = Trust.Fleet ?? new();
        if (fleet.Nacked > 0)
        {
            warnings.Add($"{fleet.Nacked} of the proxies refused what they were sent: 'sdsctl proxy list --nacked'");
        }

        if (fleet.Quarantined > 0)
        {
            warnings.Add($"{fleet.Quarantined} of the proxies get no renewals and will expire: 'sdsctl proxy list --state quarantined'");
        }

        if (Trust.Floor < Trust.Epoch && Rotation is null)
        {
            warnings.Add($"some proxies may still enforce a bundle as old as epoch {Trust.Floor}: 'sdsctl proxy list --below-epoch {Trust.Epoch}'");
        }
    }
}
