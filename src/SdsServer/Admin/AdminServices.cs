using SdsServer.Admin.Log;
using SdsServer.Admin.Mapping;
using SdsServer.Admin.Operators;
using SdsServer.Admin.Requests;
using SdsServer.Core.Authorities;
using SdsServer.Core.Rotation;
using SdsServer.Enrolment;
using SdsServer.Grpc.Server;
using SdsServer.Hosting;
using SdsServer.Identity;
using SdsServer.Identity.Registrations;

namespace SdsServer.Admin;

/// <summary>All services of sdsserver.admin.v1 for one trust domain, ready to be mapped on the operators' listener.</summary>
internal sealed class AdminServices : IDisposable
{
    private readonly NewRoots _roots;
    private readonly DecisionLog _log;
    private readonly AdminCalls _calls;
    private readonly TrustDomainService _trustDomains;
    private readonly AuthorityService _authorities;
    private readonly RotationService _rotations;
    private readonly FleetService _fleet;
    private readonly LeafService _leaves;
    private readonly TokenService _tokens;
    private readonly RegistrationService _registrations;
    private readonly EnrolmentCommands _enrolments;
    private readonly EnrolmentSigner _signer;
    private readonly EnrolmentService _enrolling;
    private readonly AuditService _audit;

    /// <param name="loop">The owner of the trust domain; its term has begun.</param>
    /// <param name="store">Where tokens, keys and the log are.</param>
    /// <param name="keyring">Lets go of deleted authorities.</param>
    /// <param name="fitness">Gate G0.</param>
    /// <param name="roots">Makes built-in roots.</param>
    /// <param name="options">Settings.</param>
    /// <param name="operatorOf">Who calls, by the connection's evidence, such as <see cref="CertificateOperators.Of"/>.</param>
    /// <param name="tokens">Verifies tokens.</param>
    /// <param name="registrations">Those in force.</param>
    /// <param name="enrolments">Knows enrolled clients.</param>
    /// <param name="enrolment">How clients enrol.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes the 5xxx events.</param>
    public AdminServices(
        TrustDomainLoop loop,
        ITrustStore store,
        Keyring keyring,
        RootFitness fitness,
        BuiltInRoot roots,
        AdminOptions options,
        Func<ServerCallContext, Operator> operatorOf,
        TokenDirectory tokens,
        RegistrationDirectory registrations,
        EnrolmentDirectory enrolments,
        EnrolmentSettings enrolment,
        TimeProvider time,
        ILogger<AdminServices> logger)
    {
        ResourceNames names = new(options.TrustDomain.Name);
        TrustDomainMapper domains = new(names, options.LogWarning, options.ClientWarnings, options.ServingUntil);
        RefusalMapper refusals = new(names);
        PolicyMapper policies = new(options);
        RotationMapper rotations = new(names, policies, refusals);

        TrustDomainAccess access = new(loop, time);
        SharedReading<DomainReading> domain = new(access, DomainReading.Of);
        Watches watches = new(access, time);
        AuditLog audit = new(access, store, options.TrustDomain.Name, names, time, logger);
        AdminCalls calls = _calls = new(operatorOf, audit, time, logger);
        DomainCommands commands = new(access, domains, refusals);
        RootReadiness readiness = new(fitness, time, logger);
        _roots = new NewRoots(access, store, keyring, roots, new BuiltInIntermediate(store, keyring), options, time, logger);
        _log = new DecisionLog(store, options.TrustDomain.Name, logger);
        RotationReader reader = new(access, _log, rotations, names);
        Rotations = new RotationStart(
            access, _roots, readiness, reader, commands, rotations, policies, new ForecastMapper(refusals, options.Fleet), refusals, names, time);
        RotationSteering steering = new(access, readiness, reader, commands, rotations, names);

        _trustDomains = new TrustDomainService(access, domain, watches, calls, domains, names);
        _authorities = new AuthorityService(access, _roots, readiness, calls, commands, new AuthorityMapper(names), options.Rotation, names, time);
        _rotations = new RotationService(access, domain, watches, calls, reader, Rotations, steering, names);
        _fleet = new FleetService(access, new SharedReading<FleetReading>(access, FleetReading.Of), watches, calls, commands, new InstanceMapper(names), names);
        _leaves = new LeafService(access, calls, new LeafMapper(names), names);
        _registrations = new RegistrationService(access, store, audit, registrations, calls, new RegistrationMapper(names, options), names, options, time, logger);
        _tokens = new TokenService(access, store, audit, tokens.ReloadAsync, calls, commands, new TokenMapper(names), names, options, time, logger);
        _signer = new EnrolmentSigner(access, store, enrolments, enrolment, options.TrustDomain, time);
        _enrolments = new EnrolmentCommands(access, store, audit, enrolments, _signer, calls, commands, new EnrolmentMapper(names), names, options, time, logger);
        _enrolling = new EnrolmentService(access, store, tokens, enrolments, _signer, enrolment, time, logger);
        _audit = new AuditService(_log, watches, calls, new AuditMapper(names), names, options.TrustDomain.Name);
    }

    /// <summary>Starts rotations, also for whoever is no caller of the API.</summary>
    public RotationStart Rotations { get; }

    public void Map(GrpcRoutes routes) => routes
        .MapService(TrustDomainService.Descriptor, _trustDomains.Bind)
        .MapService(AuthorityService.Descriptor, _authorities.Bind)
        .MapService(RotationService.Descriptor, _rotations.Bind)
        .MapService(FleetService.Descriptor, _fleet.Bind)
        .MapService(LeafService.Descriptor, _leaves.Bind)
        .MapService(TokenService.Descriptor, _tokens.Bind)
        .MapService(RegistrationService.Descriptor, _registrations.Bind)
        .MapService(EnrolmentCommands.Descriptor, _enrolments.Bind)
        .MapService(AuditService.Descriptor, _audit.Bind);

    /// <summary>For services of others on the operators' listener: throws for a caller who may not make this call.</summary>
    public void Require(ServerCallContext context) => _calls.Enter(context);

    /// <summary>Enrolment, for the proxies' listener.</summary>
    public void MapEnrolment(GrpcRoutes routes) => routes.MapService(EnrolmentService.Descriptor, _enrolling.Bind);

    public void Dispose()
    {
        _roots.Dispose();
        _log.Dispose();
        _signer.Dispose();
    }
}
