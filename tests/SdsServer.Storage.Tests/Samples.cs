using System.Collections.Immutable;
using System.Security.Cryptography;
using SdsServer.Core.Access;
using SdsServer.Core.Enrolment;
using SdsServer.Core.Fleet;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;

namespace SdsServer.Storage.Tests;

/// <summary>Records with every member set to something a store could lose.</summary>
internal static class Samples
{
    public const string TrustDomain = "mesh.example";

    public static readonly DateTimeOffset Now = new(2031, 5, 4, 3, 2, 1, 9, TimeSpan.Zero);

    public static readonly DateTimeOffset KeepAll = DateTimeOffset.MinValue;

    public static TrustState State(long term, long revision, long signerRevision = 1, string trustDomain = TrustDomain) => new()
    {
        TrustDomain = trustDomain,
        Revision = revision,
        Decisions = 7,
        Term = term,
        Epoch = 4,
        Salt = "00112233445566778899aabbccddeeff",
        Floor = 3,
        Roots =
        [
            new TrustRoot { Id = "old", Certificate = [48, 1, 255], Since = 1, SafeAt = Now },
            new TrustRoot { Id = "new", Certificate = [48, 2, 0], Since = 4 },
            new TrustRoot { Id = "gone", Certificate = [], DroppedAt = 2 },
        ],
        Authorities = [Authority("ca-old", "old") with { Tainted = true }, Authority("ca-new", "new")],
        Bundle = ["old", "new"],
        Signer = "ca-old",
        SignerRevision = signerRevision,
        Plan = new RotationPlan
        {
            Id = "rotation-1",
            RequestId = "request \"1\" – ü",
            Kind = RotationKind.Planned,
            From = "ca-old",
            To = "ca-new",
            Goal = RotationGoal.Back,
            Policy = new RotationPolicy { DropGate = GatePolicy.Approval, Waves = [Wave.Of(1), Wave.Of(new WaveSelector("/ns/shop", Labels: ImmutableSortedDictionary<string, string>.Empty.Add("tier", "web")))], TrustSoak = TimeSpan.FromTicks(7), GateDeadline = TimeSpan.FromHours(9) },
            Hold = new PlanHold(HoldCause.Nack, "a proxy refused", Now.AddTicks(1)),
            StartedAt = Now,
            StartedBy = "someone",
            StepSince = Now.AddSeconds(1),
            DrainedAt = Now.AddSeconds(2),
            SignerRevisionAtStart = 3,
        },
        Serving = new OwnServing { AuthorityId = "ca-old", WaitsSince = Now.AddSeconds(4), LeavesBehind = true, Confirmed = [new ConfirmedAnchors("instance-1", 4)] },
        SeenAt = Now.AddTicks(3),
    };

    public static LedgerRow Row(int number, string instance = "instance-1") => new()
    {
        Serial = number.ToString("x32"),
        Kind = number % 2 == 0 ? LedgerRowKind.Leaf : LedgerRowKind.ExportedCa,
        InstanceId = instance,
        Key = new InstanceKey($"spiffe://{TrustDomain}/web", "node ' 1", "ip:10.0.0.1"),
        BundleSlots = 2,
        LeafSlots = 3,
        AuthorityId = "ca-old",
        Anchors = ["old", "new"],
        NotBefore = Now.AddTicks(number),
        NotAfter = Now.AddHours(24).AddTicks(number),
        State = LeafState.Issued,
    };

    public static LedgerInsert Insert(int number, long signerRevision = 1, string instance = "instance-1") =>
        new(Row(number, instance), signerRevision);

    public static RosterEntry Consumer(string instance, int slots = 1) =>
        new(instance, new InstanceKey($"spiffe://{TrustDomain}/export", "", "pod:1"), slots);

    public static AccessToken Token(string id) => new()
    {
        Id = id,
        DisplayName = "A token",
        SpiffeId = $"spiffe://{TrustDomain}/web",
        DnsNames = ["web.example", "www.example"],
        BundleOnly = true,
        Hash = [.. SHA256.HashData(Convert.FromHexString("00ff"))],
        CreatedAt = Now,
        NotAfter = Now.AddDays(30),
    };

    public static Registration Registration(string id, long revision = 1) => new()
    {
        Id = id,
        DisplayName = "A registration",
        Selectors = ["unix:uid:1000", "unix:path:/usr/bin/envoy"],
        SpiffeId = $"spiffe://{TrustDomain}/user/{{unix:uid}}",
        DnsNames = ["web.example"],
        Leaf = new LeafTerms(TimeSpan.FromHours(2), TimeSpan.FromHours(1), TimeSpan.FromHours(3), KeyAlgorithm.EcdsaP384),
        SecretNames = ["default", "ROOTCA"],
        Labels = ImmutableSortedDictionary<string, string>.Empty.Add("tier", "web"),
        Peers = [$"spiffe://{TrustDomain}/db/*"],
        BundleOnly = true,
        Revision = revision,
        CreatedAt = Now,
        CreatedBy = "alice",
        UpdatedAt = Now.AddDays(1),
        UpdatedBy = "bob",
    };

    public static AccessToken JoinToken(string id, int uses) => Token(id) with { SpiffeId = $"spiffe://{TrustDomain}/*", Join = new JoinTerms(uses, 0) };

    public static EnrolmentAuthority EnrolmentAuthority(string id) => new() { Id = id, Certificate = [48, 0, 255], CreatedAt = Now.AddTicks(id[^1]), CreatedBy = "alice" };

    /// <summary>A first certificate, each number of a key of its own.</summary>
    public static EnrolledCertificate Enrolled(int number, string token = "join") => new()
    {
        Serial = number.ToString("x8"),
        EnrolmentId = number.ToString("x8"),
        SpiffeId = $"spiffe://{TrustDomain}/web",
        AuthorityId = "enrolment/1",
        TokenId = token,
        KeyHash = [.. SHA256.HashData([(byte)number])],
        Certificate = [48, (byte)number],
        IssuedAt = Now.AddTicks(number),
        NotAfter = Now.AddDays(7).AddTicks(number),
    };

    public static Decision Entry(string action) => new()
    {
        At = Now.AddTicks(5),
        Actor = "alice",
        Kind = DecisionKind.DropTrust,
        Subject = "old",
        RotationId = "rotation-1",
        Action = action,
        Reason = "because",
        Evidence = "epoch 4, floor 3, members 20",
        Outcome = DecisionOutcome.Refused,
        Error = "root_still_needed: 2 leaves",
        Revision = 7,
    };

    private static Authority Authority(string id, string root) => new()
    {
        Id = id,
        Provider = AuthorityProvider.BuiltIn,
        Chain = [[48, 3], [48, 4, 5]],
        RootId = root,
        CreatedAt = Now,
        CreatedBy = "alice",
    };
}
