using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Core.Audit;
using SdsServer.Grpc;
using SdsServer.Grpc.Server;
using SdsServer.Protos.Admin.V1;
using SdsServer.Protos.Google.Rpc;
using Any = Google.Protobuf.WellKnownTypes.Any;
using RpcStatus = SdsServer.Protos.Google.Rpc.Status;

namespace SdsServer.Cli.Tests.Fakes;

/// <summary>The admin API over a <see cref="FakeMesh"/>. Keeps its guards: revisions, gates, existence.</summary>
internal sealed class FakeAdmin(FakeMesh mesh)
{
    /// <summary>Commands as they came, oldest first.</summary>
    public List<IMessage> Commands { get; } = [];

    public void Map(GrpcRoutes routes) => _ = routes
        .MapService(Service(TrustDomainServiceReflection.Descriptor), service => service
            .Unary<ListTrustDomainsRequest, ListTrustDomainsResponse>("ListTrustDomains", (_, _) => Answer(new ListTrustDomainsResponse { TrustDomains = { mesh.Trust } }))
            .Unary<GetTrustDomainRequest, TrustDomain>("GetTrustDomain", (request, _) => Answer(Read(request)))
            .Unary<GetAnchorsRequest, GetAnchorsResponse>("GetAnchors", (_, _) => Answer(mesh.Anchors()))
            .ServerStreaming<WatchTrustDomainRequest, WatchTrustDomainResponse>("WatchTrustDomain", WatchTrustDomainAsync))
        .MapService(Service(AuthorityServiceReflection.Descriptor), service => service
            .Unary<ListAuthoritiesRequest, ListAuthoritiesResponse>("ListAuthorities", (request, _) => Answer(Page(request)))
            .Unary<GetAuthorityRequest, Authority>("GetAuthority", (request, _) => Answer(Find(mesh.Authorities, a => a.Name, request.Name)))
            .Unary<CreateAuthorityRequest, Authority>("CreateAuthority", (request, _) => Answer(Create(request)))
            .Unary<DeleteAuthorityRequest, DeleteAuthorityResponse>("DeleteAuthority", (request, _) => Answer(Delete(request)))
            .Unary<SetAuthorityRoleRequest, Authority>("SetAuthorityRole", (request, _) => Answer(SetRole(request))))
        .MapService(Service(RotationServiceReflection.Descriptor), service => service
            .Unary<StartRotationRequest, StartRotationResponse>("StartRotation", (request, _) => Answer(Start(request)))
            .Unary<GetRotationRequest, Rotation>("GetRotation", (request, _) => Answer(Find(mesh.Rotations, r => r.Name, request.Name)))
            .Unary<ListRotationsRequest, ListRotationsResponse>("ListRotations", (_, _) => Answer(new ListRotationsResponse { Rotations = { mesh.Rotations } }))
            .ServerStreaming<WatchRotationRequest, WatchRotationResponse>("WatchRotation", WatchRotationAsync)
            .Unary<AdvanceRotationRequest, Rotation>("AdvanceRotation", (request, _) => Answer(Advance(request)))
            .Unary<RollbackRotationRequest, Rotation>("RollbackRotation", (request, _) => Answer(Change(request, request.ExpectedRevision, request.ValidateOnly, r => r.Goal = Goal.Back)))
            .Unary<ResumeForwardRequest, Rotation>("ResumeForward", (request, _) => Answer(Change(request, request.ExpectedRevision, request.ValidateOnly, r => r.Goal = Goal.Forward)))
            .Unary<HoldRotationRequest, Rotation>("HoldRotation", (request, _) => Answer(Change(request, request.ExpectedRevision, false, r => (r.Held, r.HoldReason) = (true, $"uid:0: {request.Reason}"))))
            .Unary<UnholdRotationRequest, Rotation>("UnholdRotation", (request, _) => Answer(Change(request, request.ExpectedRevision, false, r => (r.Held, r.HoldReason) = (false, "")))))
        .MapService(Service(FleetServiceReflection.Descriptor), service => service
            .Unary<ListInstancesRequest, ListInstancesResponse>("ListInstances", (request, _) => Answer(new ListInstancesResponse { Instances = { mesh.Instances.Where(i => Fits(i, request.Filter)) } }))
            .Unary<GetInstanceRequest, Instance>("GetInstance", (request, _) => Answer(Find(mesh.Instances, i => i.Name, request.Name)))
            .Unary<RetireInstanceRequest, RetireInstanceResponse>("RetireInstance", (request, _) => Answer(Retire(request)))
            .Unary<RepushSecretsRequest, RepushSecretsResponse>("RepushSecrets", (request, _) => Answer(Repush(request)))
            .Unary<ConfirmTrustRequest, Instance>("ConfirmTrust", (request, _) => Answer(Confirm(request)))
            .Unary<ConfirmAnchorsRequest, Instance>("ConfirmAnchors", (request, _) => Answer(Kept(request, Find(mesh.Instances, i => i.Name, request.Name)))))
        .MapService(Service(LeafServiceReflection.Descriptor), service => service
            .Unary<ListLeavesRequest, ListLeavesResponse>("ListLeaves", (request, _) => Answer(Kept(request, new ListLeavesResponse { Leaves = { mesh.Leaves } }))))
        .MapService(Service(TokenServiceReflection.Descriptor), service => service
            .Unary<CreateTokenRequest, CreateTokenResponse>("CreateToken", (request, _) => Answer(Create(request)))
            .Unary<ListTokensRequest, ListTokensResponse>("ListTokens", (_, _) => Answer(new ListTokensResponse { Tokens = { mesh.Tokens } }))
            .Unary<DeleteTokenRequest, DeleteTokenResponse>("DeleteToken", (request, _) => Answer(Delete(request))))
        .MapService(Service(RegistrationServiceReflection.Descriptor), service => service
            .Unary<CreateRegistrationRequest, Registration>("CreateRegistration", (request, _) => Answer(Create(request)))
            .Unary<GetRegistrationRequest, Registration>("GetRegistration", (request, _) => Answer(Find(mesh.Registrations, r => r.Name, request.Name)))
            .Unary<ListRegistrationsRequest, ListRegistrationsResponse>("ListRegistrations", (_, _) => Answer(new ListRegistrationsResponse { Registrations = { mesh.Registrations } }))
            .Unary<UpdateRegistrationRequest, Registration>("UpdateRegistration", (request, _) => Answer(Update(request)))
            .Unary<DeleteRegistrationRequest, DeleteRegistrationResponse>("DeleteRegistration", (request, _) => Answer(Delete(request))))
        .MapService(Service(EnrolmentServiceReflection.Descriptor), service => service
            .Unary<ListEnrolmentsRequest, ListEnrolmentsResponse>("ListEnrolments", (request, _) => Answer(Kept(request, new ListEnrolmentsResponse { Enrolments = { mesh.Enrolments } })))
            .Unary<RevokeEnrolmentsRequest, RevokeEnrolmentsResponse>("RevokeEnrolments", (request, _) => Answer(Kept(request, new RevokeEnrolmentsResponse { Revoked = request.HasSerial ? 1 : 2 })))
            .Unary<RotateEnrolmentAuthorityRequest, RotateEnrolmentAuthorityResponse>("RotateEnrolmentAuthority", (request, _) => Answer(Kept(
                request, new RotateEnrolmentAuthorityResponse { Authority = "enrolment/0c33", ExpireTime = FakeMesh.At(TimeSpan.FromDays(3652)) }))))
        .MapService(Service(AuditServiceReflection.Descriptor), service => service
            .Unary<ListAuditEntriesRequest, ListAuditEntriesResponse>("ListAuditEntries", (_, _) => Answer(new ListAuditEntriesResponse { AuditEntries = { mesh.Audit } }))
            .ServerStreaming<WatchAuditEntriesRequest, WatchAuditEntriesResponse>("WatchAuditEntries", WatchAuditAsync)
            .Unary<VerifyAuditLogRequest, VerifyAuditLogResponse>("VerifyAuditLog", (request, _) => Answer(Verify(request)))
            .ServerStreaming<ExportAuditLogRequest, ExportAuditLogResponse>("ExportAuditLog", ExportAuditAsync));

    public static RpcException Error(StatusCode code, string message, params IReadOnlyList<IMessage> details)
    {
        RpcStatus status = new() { Code = (int)code, Message = message, Details = { details.Select(Any.Pack) } };
        return new RpcException(code, message, new Metadata { { "grpc-status-details-bin", status.ToByteArray() } });
    }

    private static ServiceDescriptor Service(FileDescriptor file) => file.Services.Single();

    private static Task<T> Answer<T>(T message)
        where T : class, IMessage<T> => Task.FromResult(((IDeepCloneable<T>)message).Clone());

    private static T Find<T>(IEnumerable<T> all, Func<T, string> nameOf, string name) =>
        all.FirstOrDefault(item => nameOf(item) == name)
        ?? throw Error(StatusCode.NotFound, $"there is no {name}", Info("NO_SUCH_RESOURCE"), new ResourceInfo { ResourceName = name });

    private static ErrorInfo Info(string reason) => new() { Reason = reason, Domain = "sdsserver" };

    private TrustDomain Read(GetTrustDomainRequest request)
    {
        TrustDomain read = Find([mesh.Trust], t => t.Name, request.Name).Clone();
        if (mesh.Racers > 0)
        {
            mesh.Racers--;
            mesh.Trust.Revision++;
        }

        return read;
    }

    // Two items a page, whatever was asked for: the client must turn pages.
    private ListAuthoritiesResponse Page(ListAuthoritiesRequest request)
    {
        int from = request.PageToken.Length == 0 ? 0 : int.Parse(request.PageToken, System.Globalization.CultureInfo.InvariantCulture);
        ListAuthoritiesResponse page = new() { Authorities = { mesh.Authorities.Skip(from).Take(1) } };
        page.NextPageToken = from + 1 < mesh.Authorities.Count ? $"{from + 1}" : "";
        return page;
    }

    private static bool Fits(Instance instance, InstanceFilter filter) =>
        (filter.States.Count == 0 || filter.States.Contains(instance.State)) && instance.SpiffeId.StartsWith(filter.SpiffeIdPrefix, StringComparison.Ordinal)
        && (filter.BelowEpoch == 0 || instance.LowestEpoch < filter.BelowEpoch) && (!filter.Nacked || instance.LastNack is not null) && (!filter.UnmanagedTrust || instance.UnmanagedTrust);

    private T Kept<T>(IMessage request, T answer)
    {
        Commands.Add(request);
        return answer;
    }

    private void Check(long expectedRevision)
    {
        if (expectedRevision != mesh.Trust.Revision)
        {
            throw Error(
                StatusCode.Aborted, $"revision {expectedRevision} is not current", Info("REVISION_CHANGED"), new RevisionConflict { ExpectedRevision = expectedRevision, Current = mesh.Trust });
        }
    }

    private Authority Create(CreateAuthorityRequest request)
    {
        Check(request.ExpectedRevision);
        if (request.AuthorityId == "Root_C")
        {
            throw Error(
                StatusCode.InvalidArgument, "the request is wrong", Info("INVALID_REQUEST"),
                new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = "authority_id", Description = "1 to 63 of a-z, 0-9 and -" } } });
        }

        return Kept(request, mesh.AddRoot(request.AuthorityId.Length > 0 ? request.AuthorityId : "root-9", AuthorityRole.Inactive, since: 0, years: 10));
    }

    private DeleteAuthorityResponse Delete(DeleteAuthorityRequest request)
    {
        Check(request.ExpectedRevision);
        Authority root = Find(mesh.Authorities, a => a.Name, request.Name);
        return root.Role == AuthorityRole.Inactive
            ? Kept(request, new DeleteAuthorityResponse { Revision = mesh.Trust.Revision + 1 })
            : throw Refused(new Refusal { Code = RefusalCode.AuthorityInUse, Message = "root-a signs; move to another root first" });
    }

    private StartRotationResponse Start(StartRotationRequest request)
    {
        Check(request.ExpectedRevision);
        if (mesh.Rotations.FirstOrDefault(rotation => rotation.Name.EndsWith($"/{request.RequestId}", StringComparison.Ordinal)) is { } before)
        {
            return Kept(request, new StartRotationResponse { Rotation = before, Forecast = new Forecast(), StartedBefore = true, NotHeeded = { request.Policy.Waves.Count > 0 ? ["policy.waves"] : Array.Empty<string>() } });
        }

        if (mesh.Trust.ActiveRotation.Length > 0 && request is { Kind: RotationKind.Emergency, CompromisedAuthority: "" })
        {
            throw Error(
                StatusCode.InvalidArgument, "compromised_authority must be set", Info("INVALID_REQUEST"),
                new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = "compromised_authority", Description = "must be set while rotation 'r1' is under way" } } });
        }

        if (mesh.Rotation is not null && request.Kind != RotationKind.Emergency)
        {
            throw Refused(new Refusal { Code = RefusalCode.RotationActive, Message = "rotation r1 is active" });
        }

        Wave[] nobody = [.. request.Policy.Waves.Where(wave => wave.Selector?.Namespace == "shpo")];
        string to = request.ToAuthority.Length > 0 ? request.ToAuthority : $"{FakeMesh.Name}/authorities/root-b";
        return Kept(request, new StartRotationResponse
        {
            Rotation = new Rotation
            {
                Name = request.ValidateOnly ? "" : $"{FakeMesh.Name}/rotations/{request.RequestId}",
                FromAuthority = request.CompromisedAuthority.Length > 0 ? request.CompromisedAuthority : mesh.Trust.Signer,
                ToAuthority = to,
                Policy = new RotationPolicy { SignDeadline = TimeSpan.FromMinutes(2).ToDuration(), DropDeadline = TimeSpan.FromMinutes(15).ToDuration() },
            },
            Forecast = new Forecast
            {
                Refusal = mesh.Unfit
                    ? new Refusal { Code = RefusalCode.CandidateUnfit, Gate = GateCode.G0AddTrust, Message = "root-b is unfit", Findings = { "it expires before a leaf under it could: valid for 1h" } }
                    : null,
                Steps =
                {
                    new ForecastStep { Phase = Phase.Distributing, EarliestTime = FakeMesh.At(TimeSpan.Zero), WorstTime = FakeMesh.At(TimeSpan.Zero) },
                    new ForecastStep
                    {
                        Phase = Phase.Issuing, Wave = 1, EarliestTime = FakeMesh.At(TimeSpan.FromMinutes(10)), WorstTime = FakeMesh.At(TimeSpan.FromHours(5.5)),
                        Proxies = 1, Extent = new Wave { Proxies = 1 }, Gate = GateCode.G1SetSigner, OpenedBy = new GatePolicy { Kind = GateKind.Ack },
                    },
                    nobody.Select(wave => new ForecastStep { Phase = Phase.Issuing, Wave = 2, Extent = wave }),
                    new ForecastStep
                    {
                        Phase = Phase.Issuing, Wave = 2 + nobody.Length, EarliestTime = FakeMesh.At(TimeSpan.FromMinutes(25)), WorstTime = FakeMesh.At(TimeSpan.FromHours(6)),
                        Proxies = 19, Gate = GateCode.G2NextWave, OpenedBy = new GatePolicy { Kind = GateKind.Time, After = TimeSpan.FromMinutes(15).ToDuration() },
                    },
                    new ForecastStep { Phase = Phase.Removing, EarliestTime = FakeMesh.At(TimeSpan.FromHours(2)), Gate = GateCode.G3DropTrust, OpenedBy = new GatePolicy { Kind = GateKind.Approval } },
                },
                Leaves = 20, IssuingTime = TimeSpan.FromSeconds(4).ToDuration(), WorstAbsenceWait = TimeSpan.FromHours(5.5).ToDuration(), RunwayEnd = FakeMesh.At(TimeSpan.FromDays(3285)),
                Warnings = { "billing is absent; it delays the rotation until it is back or its leaf expires" },
            },
        });
    }

    private Rotation Advance(AdvanceRotationRequest request)
    {
        Check(request.ExpectedRevision);
        Gate gate = mesh.Rotation!.Gate;
        if (request.Gate != gate.Code)
        {
            throw Refused(new Refusal { Code = RefusalCode.WrongPhase, Message = $"the rotation stands before gate {gate.Code}, not {request.Gate}: look at it again" });
        }

        return gate.Open || request.Override is not null ? Kept(request, mesh.Rotation) : throw Refused(gate.Refusal);
    }

    private Rotation Change(IMessage request, long expectedRevision, bool validateOnly, Action<Rotation> change)
    {
        Check(expectedRevision);
        Rotation changed = mesh.Rotation!.Clone();
        change(changed);
        return Kept(request, changed);
    }

    private Authority SetRole(SetAuthorityRoleRequest request)
    {
        Check(request.ExpectedRevision);
        Authority root = Find(mesh.Authorities, a => a.Name, request.Name).Clone();
        if (root.Role == AuthorityRole.Active && request.Role == AuthorityRole.Inactive)
        {
            throw Refused(new Refusal { Code = RefusalCode.RoleNotPossible, Message = "from active the next role is passive, never inactive at once: somebody would be refused" });
        }

        return Kept(request, root);
    }

    private Instance Confirm(ConfirmTrustRequest request) => Kept(request, Find(mesh.Instances, i => i.Name, request.Name));

    private RetireInstanceResponse Retire(RetireInstanceRequest request)
    {
        Instance instance = Find(mesh.Instances, i => i.Name, request.Name);
        return instance.Connected
            ? throw Error(StatusCode.FailedPrecondition, "3f2a is connected; stop its process first", Info("WRONG_PHASE"))
            : Kept(request, new RetireInstanceResponse { Instance = instance });
    }

    private RepushSecretsResponse Repush(RepushSecretsRequest request)
    {
        Find(mesh.Instances, i => i.Name, request.Name);
        return Kept(request, new RepushSecretsResponse { Secrets = { "ROOTCA", "default" } });
    }

    private CreateTokenResponse Create(CreateTokenRequest request) => Kept(request, new CreateTokenResponse
    {
        Token = new Token { Name = $"{FakeMesh.Name}/tokens/5b0c", SpiffeId = request.SpiffeId, ExpireTime = FakeMesh.At(request.Ttl?.ToTimeSpan() ?? TimeSpan.FromDays(30)), Join = request.Join },
        Secret = "5b0c.s3cr3t",
    });

    private DeleteTokenResponse Delete(DeleteTokenRequest request)
    {
        Find(mesh.Tokens, t => t.Name, request.Name);
        return Kept(request, new DeleteTokenResponse());
    }

    private Registration Create(CreateRegistrationRequest request)
    {
        Registration made = request.Registration.Clone();
        (made.Name, made.Revision) = ($"{FakeMesh.Name}/registrations/{(request.RegistrationId.Length > 0 ? request.RegistrationId : "k2v9")}", 1);
        return Kept(request, made);
    }

    private Registration Update(UpdateRegistrationRequest request)
    {
        Registration stored = Find(mesh.Registrations, r => r.Name, request.Registration.Name);
        if (stored.Revision != request.Registration.Revision)
        {
            throw Error(
                StatusCode.Aborted, $"{stored.Name} has revision {stored.Revision}, not {request.Registration.Revision}: read it again, and decide on what it says now", Info("REGISTRATION_CHANGED"));
        }

        Registration changed = request.Registration.Clone();
        changed.Revision++;
        return Kept(request, changed);
    }

    private DeleteRegistrationResponse Delete(DeleteRegistrationRequest request)
    {
        Find(mesh.Registrations, r => r.Name, request.Name);
        return Kept(request, new DeleteRegistrationResponse());
    }

    private async Task WatchTrustDomainAsync(WatchTrustDomainRequest request, ServerStreamWriter<WatchTrustDomainResponse> responses, ServerCallContext context)
    {
        await responses.WriteAsync(new WatchTrustDomainResponse { TrustDomain = mesh.Trust });
        throw Error(StatusCode.PermissionDenied, "no more for you", Info("NOT_ALLOWED"));
    }

    // Breaks off once in the middle, as a server that restarts does.
    private async Task WatchRotationAsync(WatchRotationRequest request, ServerStreamWriter<WatchRotationResponse> responses, ServerCallContext context)
    {
        Rotation rotation = Find(mesh.Rotations, r => r.Name, request.Name).Clone();
        if (!Commands.OfType<WatchRotationRequest>().Any())
        {
            Commands.Add(request);
            await responses.WriteAsync(new WatchRotationResponse { Rotation = rotation });
            throw Error(StatusCode.Unavailable, "the server is shutting down");
        }

        (rotation.State, rotation.Phase, rotation.FinishTime) = (RotationState.Completed, Phase.Steady, FakeMesh.At(TimeSpan.Zero));
        await responses.WriteAsync(new WatchRotationResponse { Rotation = rotation });
    }

    private async Task WatchAuditAsync(WatchAuditEntriesRequest request, ServerStreamWriter<WatchAuditEntriesResponse> responses, ServerCallContext context)
    {
        AuditEntry next = new() { Number = request.AfterNumber + 1, Time = FakeMesh.At(TimeSpan.Zero), Actor = "engine", Action = "DropTrust", Resource = $"{FakeMesh.Name}/authorities/root-a", Outcome = AuditOutcome.Done };
        await responses.WriteAsync(new WatchAuditEntriesResponse { AuditEntries = { next } });
        throw Error(StatusCode.PermissionDenied, "no more for you", Info("NOT_ALLOWED"));
    }

    private static RpcException Refused(Refusal refusal) => Error(StatusCode.FailedPrecondition, refusal.Message, Info("GATE_CLOSED"), refusal);

    private VerifyAuditLogResponse Verify(VerifyAuditLogRequest request)
    {
        ChainCheck check = new("example.org", new LogHead(0, LogChain.Origin("example.org")), request.ExpectedHead is { } head ? new LogHead(head.Number, head.Hash) : null);
        _ = mesh.Log.All(check.Next);
        check.End();
        return new VerifyAuditLogResponse
        {
            Head = new AuditHead { Number = check.Head.Number, Hash = check.Head.Hash },
            Lines = check.Lines,
            FirstBreak = check.Break is { } found
                ? new AuditBreak { Number = found.Number, Fault = System.Enum.Parse<AuditFault>(found.Fault.ToString()), Message = found.Text }
                : null,
        };
    }

    // A line a message, and breaks off before the end when the log was tampered with.
    private async Task ExportAuditAsync(ExportAuditLogRequest request, ServerStreamWriter<ExportAuditLogResponse> responses, ServerCallContext context)
    {
        string previous = request.AfterNumber == 0 ? LogChain.Origin("example.org") : mesh.Log[(int)request.AfterNumber - 1].Hash;
        foreach (LogLine line in mesh.Log.Where(line => line.Number > request.AfterNumber))
        {
            AuditRecord record = new()
            {
                TrustDomain = "example.org", Number = line.Number, Time = line.Entry.At.ToTimestamp(), Actor = line.Actor, Kind = line.Kind, Subject = line.Subject, RotationId = line.RotationId,
                Action = line.Action, Reason = line.Reason, Evidence = line.Evidence, Outcome = line.Outcome, Error = line.Error, Revision = line.Revision, PreviousHash = previous, Hash = line.Hash,
            };
            await responses.WriteAsync(new ExportAuditLogResponse { Records = { record } });
            previous = line.Hash;
            if (mesh.Trust.AuditWarning.Length > 0)
            {
                throw Error(StatusCode.Unavailable, "the server is shutting down");
            }
        }
    }
}
