using System.Globalization;

namespace SdsServer.Admin.Requests;

/// <summary>Writes and reads the names of resources: <c>trustDomains/example.org/rotations/r1</c>.</summary>
internal sealed class ResourceNames(string trustDomain)
{
    public const string TrustDomains = "trustDomains";
    public const string Authorities = "authorities";
    public const string Rotations = "rotations";
    public const string Instances = "instances";
    public const string Leaves = "leaves";
    public const string Tokens = "tokens";
    public const string Registrations = "registrations";
    public const string Enrolments = "enrolments";
    public const string AuditEntries = "auditEntries";

    /// <summary>The trust domain itself.</summary>
    public string TrustDomain { get; } = $"{TrustDomains}/{trustDomain}";

    public string Authority(string id) => Of(Authorities, id);

    public string Rotation(string id) => Of(Rotations, id);

    public string Instance(string id) => Of(Instances, id);

    public string Leaf(string serial) => Of(Leaves, serial);

    public string Token(string id) => Of(Tokens, id);

    public string Registration(string id) => Of(Registrations, id);

    public string Enrolment(string serial) => Of(Enrolments, serial);

    public string AuditEntry(long number) => Of(AuditEntries, number.ToString(CultureInfo.InvariantCulture));

    /// <summary>Takes a name apart; null when it is no name of this collection, in whatever trust domain.</summary>
    public static (string TrustDomain, string Id)? Split(string name, string collection) =>
        name.Split('/') is [TrustDomains, { Length: > 0 } domain, var found, { Length: > 0 } id] && found == collection
            ? ($"{TrustDomains}/{domain}", id)
            : null;

    /// <summary>The collection and id in a name of this trust domain; both empty in every other text, and in the trust domain's own name.</summary>
    public (string Collection, string Id) Find(string name) =>
        name.StartsWith($"{TrustDomain}/", StringComparison.Ordinal) && name[(TrustDomain.Length + 1)..].Split('/') is [{ Length: > 0 } collection, { Length: > 0 } id]
            ? (collection, id)
            : ("", "");

    private string Of(string collection, string id) => $"{TrustDomain}/{collection}/{id}";
}
