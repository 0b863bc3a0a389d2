using SdsServer.Core.Audit;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Tests.Fakes;

/// <summary>What the fake admin API answers from: a mesh in one of a few situations.</summary>
internal sealed class FakeMesh
{
    public const string Name = "trustDomains/example.org";

    public TrustDomain Trust { get; } = new()
    {
        Name = Name, Revision = 42, Epoch = 7, Floor = 7, Phase = Phase.Steady, Signer = $"{Name}/authorities/root-a", LeaderTerm = 3,
        Fleet = new FleetCounts { Members = 20, Proven = 20 },
    };

    public List<Authority> Authorities { get; } = [];

    public Rotation? Rotation { get; private set; }

    public List<Rotation> Rotations { get; } = [];

    public List<Instance> Instances { get; } = [];

    public List<Leaf> Leaves { get; } = [];

    public List<Token> Tokens { get; } = [];

    public List<Registration> Registrations { get; } = [];

    public List<Enrolment> Enrolments { get; } = [];

    public List<AuditEntry> Audit { get; } = [];

    /// <summary>The stored lines, oldest first.</summary>
    public List<LogLine> Log { get; } = [];

    /// <summary>Somebody else changes the state after every reading; so many times.</summary>
    public int Racers { get; set; }

    /// <summary>The forecast holds a refusal.</summary>
    public bool Unfit { get; private set; }

    public static FakeMesh In(string situation)
    {
        FakeMesh mesh = new();
        mesh.AddRoot("root-a", AuthorityRole.Active, since: 1, years: 9);
        switch (situation)
        {
            case "steady":
                break;
            case "expiring":
                mesh.Trust.Bundle[0].NotAfter = At(TimeSpan.FromDays(12));
                break;
            case "expiring while issuing":
                mesh.Issue();
                mesh.Trust.Bundle[0].NotAfter = At(TimeSpan.FromDays(12));
                mesh.Trust.Bundle[1].NotAfter = At(TimeSpan.FromDays(80));
                break;
            case "serving":
                mesh.Issue();
                mesh.Trust.Bundle[^1].RootId = new string('b', 32);
                mesh.Trust.Serving = new OwnServing
                {
                    Authority = $"{Name}/authorities/root-a", RootId = new string('a', 32), NotAfter = At(TimeSpan.FromHours(20)), NextRootId = mesh.Trust.Bundle[^1].RootId,
                    Waits = true, GraceEndTime = At(TimeSpan.FromDays(6)), MissingCount = 7,
                };
                mesh.Trust.Serving.Missing.AddRange(Enumerable.Range(1, 7).Select(number => new UnanchoredProxy
                {
                    Instance = $"{Name}/instances/00{number}a", SpiffeId = "spiffe://example.org/cart", NodeId = $"cart-{number}",
                }));
                break;
            case "unfit":
                mesh.Unfit = true;
                break;
            case "tampered":
                mesh.Trust.AuditWarning = "the audit log is not what was written: line 2 does not fit its hash";
                break;
            case "stale list":
                mesh.Trust.ClientWarnings.Add("CRL 7 of CN=Corp CA until 2025-11-20 04:00:00Z is out of date: nobody of this authority is let in");
                break;
            case "raced":
                mesh.Racers = 1;
                mesh.Issue();
                break;
            case "issuing":
                mesh.Issue();
                break;
            case "held":
                mesh.Issue();
                mesh.Trust.Held = mesh.Rotation!.Held = true;
                mesh.Trust.HoldReason = mesh.Rotation.HoldReason = "engine: canary refused its leaf";
                mesh.Rotation.HoldCause = HoldCause.Nack;
                (mesh.Rotation.Gate.Refusal.Code, mesh.Rotation.Gate.Deadline) = (RefusalCode.Held, null);
                break;
            case "approval":
                mesh.Issue();
                GatePolicy approval = new() { Kind = GateKind.Approval };
                mesh.Rotation!.Policy = new RotationPolicy { TrustGate = approval, WaveGate = approval, DropGate = approval };
                mesh.Rotation.Gate = new Gate { Code = GateCode.G2NextWave, Open = true, AwaitingApproval = true, NextStep = "issue from root-b for wave 3 of 5" };
                break;
            case "webhook":
                mesh.Issue();
                mesh.Rotation!.Gate = new Gate
                {
                    Code = GateCode.G2NextWave, Open = true, AwaitingWebhook = true, NextStep = "issue from root-b for wave 3 of 5",
                    Refusal = new Refusal { Code = RefusalCode.GateClosed, Blockers = { new Blocker { Subject = Name, Reason = BlockerReason.Webhook, Detail = "the webhook says: error rate 3 %" } } },
                };
                break;
            case "emergency over":
                mesh.Issue();
                mesh.Rotation!.Kind = RotationKind.Emergency;
                (mesh.Rotation.State, mesh.Rotation.Phase, mesh.Rotation.Gate, mesh.Rotation.FinishTime) = (RotationState.Completed, Phase.Steady, null, At(TimeSpan.Zero));
                mesh.Rotation.Steps.Add(new StepTime { Phase = Phase.Removing, Goal = Goal.Forward, Time = At(TimeSpan.FromMinutes(-20)) });
                mesh.Trust.ActiveRotation = "";
                break;
            default:
                throw new ArgumentException($"no situation '{situation}'", nameof(situation));
        }

        mesh.Populate();
        if (situation == "tampered")
        {
            mesh.Log[1] = mesh.Log[1] with { Actor = "nobody" };
        }

        return mesh;
    }

    public static Timestamp At(TimeSpan fromNow) => (FixedTime.Now + fromNow).ToTimestamp();

    public GetAnchorsResponse Anchors() => new()
    {
        Pem = "-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n",
        Anchors = { Trust.Bundle.Select(root => new Anchor { RootId = new string('a', 32), Sha256 = new string('a', 64), Subject = root.Subject, NotAfter = root.NotAfter }) },
    };

    public Authority AddRoot(string id, AuthorityRole role, long since, int years)
    {
        Authority root = new()
        {
            Name = $"{Name}/authorities/{id}", DisplayName = $"{id} of example.org", Provider = AuthorityProvider.Builtin, Role = role, RootId = new string(id[^1], 64),
            Subject = $"CN={id}", Ski = $"{id.GetHashCode(StringComparison.Ordinal) & 0:x16}{id[^1]}0ffee", NotBefore = At(TimeSpan.FromDays(-365)),
            NotAfter = At(TimeSpan.FromDays(365 * years)), Since = since, KeyAlgorithm = KeyAlgorithm.P256, CreatedBy = "uid:0", Revision = Trust.Revision,
        };
        Authorities.Insert(0, root);
        if (role is AuthorityRole.Active or AuthorityRole.Passive)
        {
            Trust.Bundle.Add(new BundleRoot
            {
                Authority = root.Name, RootId = root.RootId, Subject = root.Subject, Ski = root.Ski, NotBefore = root.NotBefore, NotAfter = root.NotAfter, Since = since, Safe = since <= Trust.Floor,
            });
        }

        return root;
    }

    private void Issue()
    {
        Authority to = AddRoot("root-b", AuthorityRole.Active, since: 7, years: 10);
        Trust.Phase = Phase.Issuing;
        Trust.Goal = Goal.Forward;
        Trust.Fleet = new FleetCounts { Members = 20, Proven = 19, Nacked = 1, Absent = 1 };
        Trust.ActiveRotation = $"{Name}/rotations/r1";
        Rotation = new Rotation
        {
            Name = Trust.ActiveRotation, Kind = RotationKind.Planned, State = RotationState.Active, FromAuthority = $"{Name}/authorities/root-a", ToAuthority = to.Name,
            Goal = Goal.Forward, Phase = Phase.Issuing, Revision = Trust.Revision, CreateTime = At(TimeSpan.FromMinutes(-90)),
            Waves = new WaveProgress
            {
                Index = 2, Count = 5, Assigned = 4, Proven = 2, Nacked = 1, Total = 20,
                Parts =
                {
                    new WavePart { Index = 1, Wave = new Wave { Proxies = 1 }, Begun = true, Proxies = 1, Proven = 1 },
                    new WavePart { Index = 2, Wave = new Wave { Percent = 20 }, Begun = true, Proxies = 3, Proven = 1, Nacked = 1 },
                    new WavePart { Index = 3, Wave = new Wave { Selector = new WaveSelector { PathPrefix = "/ns/shop", Labels = { ["tier"] = "web" } } }, Proxies = 4 },
                    new WavePart { Index = 4, Wave = new Wave { Percent = 50 }, Proxies = 2 },
                    new WavePart { Index = 5, Proxies = 10 },
                },
            },
            Policy = new RotationPolicy { TrustGate = new GatePolicy { Kind = GateKind.Ack } },
            Gate = new Gate { Code = GateCode.G2NextWave, NextStep = "issue from root-b for wave 3 of 5", Refusal = Blocked(), Deadline = At(TimeSpan.FromHours(46)) },
        };
        Rotation.Decisions.Add(new Decision { Time = At(TimeSpan.FromMinutes(-90)), Actor = "uid:0", What = "StartRotation", Why = "yearly rotation" });
        Rotation.Decisions.Add(new Decision { Time = At(TimeSpan.FromMinutes(-60)), Actor = "engine", What = "SetSigner", Why = "everyone enforces root-b" });
        Rotations.Add(Rotation);
    }

    private static Refusal Blocked() => new()
    {
        Code = RefusalCode.GateClosed,
        Gate = GateCode.G2NextWave,
        Message = "wave 2 is not proven: 2 of its 4 proxies block it",
        Blockers =
        {
            new Blocker
            {
                Subject = $"{Name}/instances/3f2a", SpiffeId = "spiffe://example.org/payments", NodeId = "payments-7d9f", Reason = BlockerReason.Nacked,
                Detail = "Failed to load certificate chain from <inline>", Overridable = true,
            },
            new Blocker
            {
                Subject = $"{Name}/instances/9c01", SpiffeId = "spiffe://example.org/billing", NodeId = "billing-1", Reason = BlockerReason.Absent,
                Until = At(TimeSpan.FromHours(5.5)),
            },
        },
        BlockerCounts = { new BlockerCount { Reason = BlockerReason.Nacked, Count = 1 }, new BlockerCount { Reason = BlockerReason.Absent, Count = 1 } },
        OverrideBreaks = { "payments keeps its leaf of root-a; it fails once root-a is dropped" },
    };

    private void Populate()
    {
        Instances.Add(new Instance
        {
            Name = $"{Name}/instances/3f2a", SpiffeId = "spiffe://example.org/payments", NodeId = "payments-7d9f", Peer = "uds:4711", UserAgent = "envoy 1.40.0", Connected = true,
            State = InstanceState.Member, LowestEpoch = 7, Slots = 1, LiveSubscriptions = 1, Replica = "sds-0", FirstSeenTime = At(TimeSpan.FromDays(-3)), LastSeenTime = At(TimeSpan.FromMinutes(-1)), Wave = 2,
            Secrets = { "ROOTCA", "default" }, Cluster = "payments", Labels = { ["tier"] = "web" },
            LastNack = new Nack { Secret = "default", Time = At(TimeSpan.FromMinutes(-2)), Detail = "Failed to load certificate chain from <inline>" },
            OutstandingLeaves =
            {
                new OutstandingLeaf { Serial = "0a11", Authority = $"{Name}/authorities/root-a", NotAfter = At(TimeSpan.FromHours(10)), Acked = true },
                new OutstandingLeaf { Serial = "0b22", Authority = $"{Name}/authorities/root-b", NotAfter = At(TimeSpan.FromHours(24)), Nacked = true },
            },
        });
        Instances.Add(new Instance
        {
            Name = $"{Name}/instances/9c01", SpiffeId = "spiffe://example.org/billing", NodeId = "billing-1", Peer = "10.0.0.9:5000", UserAgent = "envoy 1.36.4", State = InstanceState.Absent,
            LowestEpoch = 6, Slots = 1, FirstSeenTime = At(TimeSpan.FromDays(-1)), LastSeenTime = At(TimeSpan.FromMinutes(-40)),
            OutstandingLeaves = { new OutstandingLeaf { Serial = "0c33", Authority = $"{Name}/authorities/root-a", NotAfter = At(TimeSpan.FromHours(5.5)), Acked = true } },
        });
        Instances.Add(new Instance
        {
            Name = $"{Name}/instances/5e77", SpiffeId = "spiffe://example.org/legacy", NodeId = "legacy-1", Peer = "ip:10.0.0.20", UserAgent = "envoy 1.36.4", Connected = true, State = InstanceState.Member,
            LowestEpoch = 6, UnmanagedTrust = true, FirstSeenTime = At(TimeSpan.FromMinutes(-5)), LastSeenTime = At(TimeSpan.FromMinutes(-1)), Secrets = { "default" },
            OutstandingLeaves = { new OutstandingLeaf { Serial = "0d44", Authority = $"{Name}/authorities/root-a", NotAfter = At(TimeSpan.FromHours(20)), Acked = true } },
        });
        Leaves.Add(new Leaf
        {
            Name = $"{Name}/leaves/0c33", Serial = "0c33", SpiffeId = "spiffe://example.org/billing", Instance = $"{Name}/instances/9c01", Authority = $"{Name}/authorities/root-a",
            IssueTime = At(TimeSpan.FromHours(-18.5)), NotAfter = At(TimeSpan.FromHours(5.5)), State = LeafState.Acked,
        });
        Tokens.Add(new Token
        {
            Name = $"{Name}/tokens/7d9f", DisplayName = "payments", SpiffeId = "spiffe://example.org/payments", CreateTime = At(TimeSpan.FromDays(-2)), ExpireTime = At(TimeSpan.FromDays(-1)), CreatedBy = "uid:0",
        });
        Registrations.Add(new Registration
        {
            Name = $"{Name}/registrations/filed", SpiffeId = "spiffe://example.org/batch", Selectors = { "unix:uid:1001" }, Source = RegistrationSource.File, BundleOnly = true,
        });
        Registrations.Add(new Registration
        {
            Name = $"{Name}/registrations/shop", DisplayName = "the shop", SpiffeId = "spiffe://{trustDomain}/ns/{k8s:ns}/sa/{k8s:sa}", Selectors = { "k8s:ns:shop", "unix:uid:1000" },
            DnsNames = { "{k8s:sa}.shop.svc" }, LeafLifetime = Duration.FromTimeSpan(TimeSpan.FromHours(4)), MaxLeafLifetime = Duration.FromTimeSpan(TimeSpan.FromHours(8)), KeyAlgorithm = KeyAlgorithm.P384,
            SecretNames = { "default", "ROOTCA" }, Labels = { ["tier"] = "web" }, Peers = { "spiffe://example.org/ns/bank/*", "spiffe://example.org/db" }, Revision = 3,
            Source = RegistrationSource.Store, CreateTime = At(TimeSpan.FromDays(-2)), CreatedBy = "uid:0", UpdateTime = At(TimeSpan.FromDays(-1)), UpdatedBy = "uid:1000",
        });
        Tokens.Add(new Token
        {
            Name = $"{Name}/tokens/5c01", SpiffeId = "spiffe://example.org/ns/shop/*", CreateTime = At(TimeSpan.Zero), ExpireTime = At(TimeSpan.FromHours(1)), CreatedBy = "uid:0",
            Join = new JoinUses { Uses = 20, Used = 3 },
        });
        Enrolments.Add(Enrolled("5c0f8e", "5c0f8e", "cart", -2, 5, null));
        Enrolments.Add(Enrolled("4a11", "5c0f8e", "cart", -1, 6, null));
        Enrolments.Add(Enrolled("4b22", "4b22", "web", -9, -2, null));
        Enrolments.Add(Enrolled("4c33", "4c33", "web", -3, 4, -1));
        string previous = LogChain.Origin("example.org");
        for (int number = 1; number <= 3; number++)
        {
            Log.Add(LogLine.After(previous, "example.org", number, new Core.Rotation.Decision
            {
                At = FixedTime.Now.AddMinutes(-100 + (10 * number)), Actor = number == 2 ? "uid:1000" : "engine",
                Kind = number == 2 ? Core.Rotation.DecisionKind.AdvanceRotation : Core.Rotation.DecisionKind.SetSigner, RotationId = "r1", Action = "wave 1",
                Outcome = number == 2 ? Core.Rotation.DecisionOutcome.Refused : Core.Rotation.DecisionOutcome.Done, Revision = 40 + number,
            }));
            previous = Log[^1].Hash;
        }

        for (int number = 3; number >= 1; number--)
        {
            Audit.Add(new AuditEntry
            {
                Name = $"{Name}/auditEntries/{number}", Number = number, Time = At(TimeSpan.FromMinutes(-100 + (10 * number))), Actor = number == 2 ? "uid:1000" : "engine",
                Action = number == 2 ? "AdvanceRotation" : "SetSigner", Resource = $"{Name}/rotations/r1", Reason = number == 2 ? "go on" : "",
                Outcome = number == 2 ? AuditOutcome.Refused : AuditOutcome.Done, Detail = number == 2 ? "gate G2 is closed" : "wave 1", Revision = 40 + number,
            });
        }
    }

    private static Enrolment Enrolled(string serial, string first, string service, int from, int until, int? revoked) => new()
    {
        Name = $"{Name}/enrolments/{serial}", Serial = serial, FirstSerial = first, SpiffeId = $"spiffe://example.org/ns/shop/{service}", Token = $"{Name}/tokens/5c01",
        CreateTime = At(TimeSpan.FromDays(from)), ExpireTime = At(TimeSpan.FromDays(until)), RevokeTime = revoked is { } days ? At(TimeSpan.FromDays(days)) : null,
    };
}
