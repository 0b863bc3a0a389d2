using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using SdsServer.Admin;
using SdsServer.Admin.Mapping;
using SdsServer.Admin.Operators;
using SdsServer.Core.Authorities;
using SdsServer.Core.Issuance;
using SdsServer.Core.Rotation;
using SdsServer.Enrolment;
using SdsServer.Grpc;
using SdsServer.Grpc.Health;
using SdsServer.Grpc.Server;
using SdsServer.Identity;
using SdsServer.Identity.Jwt;
using SdsServer.Identity.Registrations;
using SdsServer.Identity.X509;
using SdsServer.Limits;
using SdsServer.Storage;
using SdsServer.Storage.Sqlite;
using SdsServer.Xds;
using ServingStatus = SdsServer.Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace SdsServer.Hosting;

/// <summary>The process from its arguments to its exit code.</summary>
internal static class ServerProgram
{
    public static async Task<int> RunAsync(string[] args)
    {
        List<string> unknown = Arguments.Unknown(args);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = unknown.Count == 0 ? Arguments.Expand(args) : [],
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true);
        using ILoggerFactory logging = LoggerFactory.Create(to => to.AddConfiguration(builder.Configuration.GetSection("Logging")).AddSimpleConsole(console => console.SingleLine = true));
        ILogger logger = logging.CreateLogger("SdsServer");
        try
        {
            if (unknown.Count > 0)
            {
                throw new ConfigurationErrorsException(unknown);
            }

            ServerSettings settings = ServerSettings.Read(builder.Configuration.GetSection("SdsServer"));
            if (args.Contains(Arguments.CheckConfiguration))
            {
                await ConfigurationFiles.RequireGoodAsync(settings, TimeProvider.System, logger, CancellationToken.None);
                return ExitCode.Ok;
            }

            return Arguments.Rekeying(args) is (true, var keyFile) ? Rekey(settings, keyFile, logging) : await ServeAsync(builder, settings, logging, logger);
        }
        catch (ConfigurationErrorsException wrong)
        {
            foreach (string error in wrong.Errors)
            {
                HostingLog.Stops(logger, error);
            }

            return ExitCode.Configuration;
        }
        catch (Exception error) when (error is StoreOpenException or CryptographicException or KeyNotFoundException or StaleTermException
            or IOException or UnauthorizedAccessException or InvalidDataException or SocketException or InvalidOperationException)
        {
            HostingLog.Stops(logger, error.Message);
            return ExitCode.Failure;
        }
    }

    private static int Rekey(ServerSettings settings, string? keyFile, ILoggerFactory logging)
    {
        string actor = $"local:{Environment.UserName}";
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Rekeying.Run(
            new SqliteOptions { DataDirectory = settings.DataDirectory, KeyEncryptionKeyFile = settings.KeyEncryptionKeyFile },
            keyFile,
            _ => new Decision { At = now, Actor = actor, Kind = DecisionKind.Rekey, Action = "encrypt the stored keys under another key-encryption key" },
            logging.CreateLogger("SdsServer"));
        return ExitCode.Ok;
    }

    private static async Task<int> ServeAsync(WebApplicationBuilder builder, ServerSettings settings, ILoggerFactory logging, ILogger logger)
    {
        TimeProvider time = TimeProvider.System;
        string trustDomain = settings.TrustDomain.Name;
        SqliteOptions files = new() { DataDirectory = settings.DataDirectory, KeyEncryptionKeyFile = settings.KeyEncryptionKeyFile };
        await using SqliteTrustStore store = await SqliteTrustStore.OpenAsync(files, logging.CreateLogger<SqliteTrustStore>(), CancellationToken.None);
        await store.RequireTrustDomainAsync(trustDomain, CancellationToken.None);
        string logWarning = await LogCheck.RunAsync(store, trustDomain, logger, CancellationToken.None);
        using Keyring keyring = new(store, trustDomain);
        RootFitness fitness = new(keyring, settings.Leaves, PlanWaits.All(settings.Rotation));
        await using TrustDomainLoop loop = await TrustDomainStartup.StartAsync(
            settings, store, keyring, fitness, time, logging.CreateLogger<TrustDomainLoop>(), CancellationToken.None);
        using TokenDirectory tokens = new(store, trustDomain, time);
        await tokens.ReloadAsync(CancellationToken.None);
        ProcessWatch processes = new(loop.Post, time);
        foreach (string peer in await loop.ReadAsync(engine => engine.Instances().Select(instance => instance.Key.Peer).ToList(), CancellationToken.None))
        {
            processes.Add(peer);
        }

        using JwtAuthenticator jwts = new(settings.JwtIssuers, time, logging.CreateLogger<JwtAuthenticator>());
        await jwts.StartAsync(CancellationToken.None);
        using RegistrationDirectory registrations = new(store, settings.TrustDomain, settings.Leaves, settings.RegistrationsRequired);
        await registrations.ReloadAsync(CancellationToken.None);
        RegistrationFile? registrationFile = settings.RegistrationsFile is { } listed
            ? new RegistrationFile(listed, registrations, entry => RecordAsync(loop, store, entry), time, logging.CreateLogger<RegistrationFile>())
            : null;
        await (registrationFile?.StartAsync(CancellationToken.None) ?? Task.CompletedTask);
        MeshRoots roots = new();
        await loop.FollowTrustAsync(roots.Follow, CancellationToken.None);
        using EnrolmentDirectory enrolments = new(store, trustDomain, roots.Withdraw);
        await enrolments.ReloadAsync(CancellationToken.None);
        ConfiguredAuthorities authorities = new(settings.ClientCertificates, time, logger);
        ClientCertificateAttestor certificates = new(settings.TrustDomain, roots, enrolments, authorities, time, logging.CreateLogger<ClientCertificateAttestor>());
        WorkloadAuthenticator authenticator = new(
            settings.TrustDomain, settings.UnixPeers, tokens, jwts, certificates, registrations, processes,
            new UnregisteredLog(time, logging.CreateLogger<WorkloadAuthenticator>()), settings.Dev, settings.ServingNames);
        XdsServices xds = new(
            loop.Port, settings.Names, authenticator.AuthenticateAsync, () => loop.Bundle, settings.Streams, ControlPlane(), time, logging.CreateLogger<DiscoveryServer>());
        registrations.Changed += xds.Reconsider;
        OwnServingCertificate? own = settings.ServingNames is { } names
            ? await OwnServingCertificate.StartAsync(
                new ServingSigner(keyring, settings.Leaves, names, settings.LeafKeys), loop, settings.Fleet.RenewAt, time, logger, CancellationToken.None)
            : null;
        AnchorsFile? anchors = settings.AnchorsFile is { } file ? new AnchorsFile(file, time, logger) : null;
        if (anchors is not null)
        {
            await loop.FollowTrustAsync(anchors.Follow, CancellationToken.None);
            anchors.Write();
        }

        ClientAuthorities? operatorAuthorities = settings.AdminClientCaFile.Length > 0
            ? new ClientAuthorities(settings.AdminClientCaFile, settings.AdminClientCrlFiles, "SdsServer:Admin:ClientCaFile", time, logger)
            : null;
        AdminOptions operators = new()
        {
            TrustDomain = settings.TrustDomain,
            Rotation = settings.Rotation,
            Fleet = settings.Fleet,
            RootKeys = settings.RootKeys,
            RootLifetime = settings.RootLifetime,
            IntermediateLifetime = settings.IntermediateLifetime,
            MinLeafLifetime = settings.Leaves.Minimum,
            HasWebhook = settings.RotationWebhook is not null,
            LogWarning = logWarning,
            ClientWarnings = () => [.. authorities.Faults, .. operatorAuthorities?.Faults ?? []],
            ServingUntil = own is null ? null : () => own.NotAfter,
        };
        using AdminServices admin = new(
            loop, store, keyring, fitness, new BuiltInRoot(store), operators, CertificateOperators.Of, tokens, registrations, enrolments, settings.Enrolment, time, logging.CreateLogger<AdminServices>());
        HealthService health = new();

        builder.Services.AddSingleton(time);
        IServingCertificate? certificate = settings is { XdsTcp: not null, CertificateFile: { } chain, KeyFile: { } key }
            ? new ServingCertificate(chain, key, time, logger)
            : own;
        ConnectionGate gate = new(settings.Connections, time, logging.CreateLogger<ConnectionGate>());
        CertificateOperators remote = new(
            settings.OperatorRules,
            operatorAuthorities,
            settings.AdminTrustsMesh ? new SvidAttestor(settings.TrustDomain, roots, enrolments) : null,
            roots,
            time,
            logging.CreateLogger<CertificateOperators>());
        IServingCertificate? adminCertificate = settings is { AdminCertificateFile: { } adminChain, AdminKeyFile: { } adminKey, AdminTcp: not null }
            ? new ServingCertificate(adminChain, adminKey, time, logger)
            : own;
        AdminTls? adminTls = settings.AdminTcp is not null && adminCertificate is not null ? new AdminTls(adminCertificate, remote, new ConnectionGate(settings.Connections, time, logging.CreateLogger<ConnectionGate>()), time) : null;
        builder.WebHost.UseGrpcTransport().UseListeners(settings, certificate, gate, adminTls);
        WebApplication app = builder.Build();
        app.UseWhen(http => Listeners.RoleOf(http) == ListenerRole.Xds, branch => branch.UseGrpc(routes =>
        {
            xds.MapDiscovery(routes);
            admin.MapEnrolment(routes);
            routes.MapHealth(health).MapReflection();
        }));
        app.UseWhen(http => Listeners.RoleOf(http) == ListenerRole.Admin, branch => branch.UseGrpc(routes =>
        {
            admin.Map(routes);
            xds.MapClientStatus(routes, admin.Require);
            routes.MapHealth(health).MapReflection();
        }));
        foreach (string service in (string[])["envoy.service.secret.v3.SecretDiscoveryService", "envoy.service.discovery.v3.AggregatedDiscoveryService"])
        {
            health.Set(service, ServingStatus.Serving);
        }

        await app.StartAsync();
        TrustState state = await loop.ReadAsync(engine => engine.State, CancellationToken.None);
        Announce(logger, settings, state);
        Task watching = processes.RunAsync(app.Lifetime.ApplicationStopping);
        Task readingKeys = jwts.RunAsync(app.Lifetime.ApplicationStopping);
        Task readingRegistrations = registrationFile?.RunAsync(app.Lifetime.ApplicationStopping) ?? Task.CompletedTask;
        Task readingAuthorities = Task.WhenAll(authorities.RunAsync(app.Lifetime.ApplicationStopping), remote.RunAsync(app.Lifetime.ApplicationStopping));
        Task serving = Task.WhenAll(own?.RunAsync(app.Lifetime.ApplicationStopping) ?? Task.CompletedTask, anchors?.RunAsync(app.Lifetime.ApplicationStopping) ?? Task.CompletedTask);
        Task rotating = settings.Schedule is { } schedule
            ? new AutomaticRotation(loop, admin.Rotations, schedule, trustDomain, time, logger).RunAsync(app.Lifetime.ApplicationStopping)
            : Task.CompletedTask;
        Task ended = await Task.WhenAny(app.WaitForShutdownAsync(), loop.Failed);
        await app.StopAsync();
        await watching;
        await rotating;
        await readingKeys;
        await readingRegistrations;
        await readingAuthorities;
        await serving;
        await app.DisposeAsync();
        if (ended == loop.Failed)
        {
            HostingLog.Stops(logger, loop.Failed.Exception!.InnerException!.Message);
            return ExitCode.Failure;
        }

        return ExitCode.Ok;
    }

    private static async Task RecordAsync(TrustDomainLoop loop, SqliteTrustStore store, Decision entry)
    {
        TrustState state = await loop.ReadAsync(engine => engine.State, CancellationToken.None);
        await store.AppendLogAsync(state.TrustDomain, state.Term, [entry with { Revision = state.Decisions }], CancellationToken.None);
    }

    private static void Announce(ILogger logger, ServerSettings settings, TrustState state)
    {
        if (settings.Dev)
        {
            HostingLog.Warn(logger, "DEV MODE: every local process that says a node.id is given that identity's key. Never use it outside a laptop");
        }

        if (state.Authority(state.Signer).Provider == AuthorityProvider.BuiltIn)
        {
            HostingLog.Warn(logger, $"root '{state.Signer}' was made by this server: back up {settings.DataDirectory}; without it every proxy must be enrolled anew");
        }

        string listeners = string.Join(" and ", new[] { settings.XdsSocket, settings.XdsTcp?.ToString() }.Where(listener => listener is not null));
        HostingLog.Ready(logger, state.TrustDomain, state.Term, state.Epoch, state.Signer, listeners, settings.AdminTcp is { } remote ? $"{settings.AdminSocket} and {remote}" : settings.AdminSocket);
    }

    private static string ControlPlane() =>
        string.Create(CultureInfo.InvariantCulture, $"sdsserver/{typeof(ServerProgram).Assembly.GetName().Version?.ToString(3)} {Environment.MachineName}");
}
