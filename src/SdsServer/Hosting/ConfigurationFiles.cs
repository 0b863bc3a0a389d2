using System.Security.Cryptography;
using System.Text;
using SdsServer.Core.Access;
using SdsServer.Identity;
using SdsServer.Identity.Jwt;
using SdsServer.Identity.Registrations;
using SdsServer.Identity.X509;

namespace SdsServer.Hosting;

/// <summary>
/// The files that settings name and that must be good at the start: registrations, authorities of clients and operators and their revocation lists, keys of issuers,
/// serving certificates. Tokens need not be there yet, but closed to others where they are.
/// </summary>
internal static class ConfigurationFiles
{
    /// <summary>Reads them as the server does when it starts. Registrations of the store are not looked at, so an id that is taken there is found at the start alone.</summary>
    /// <exception cref="ConfigurationErrorsException">Something is wrong; holds every error.</exception>
    public static async Task RequireGoodAsync(ServerSettings settings, TimeProvider time, ILogger logger, CancellationToken cancellation)
    {
        List<string> errors = [];
        if (settings.RegistrationsFile is { } file)
        {
            Require($"SdsServer:Registrations:File: '{file}': ", () => RegistrationSet.Of(
                RegistrationDocument.Parse(
                    Encoding.UTF8.GetString(TrustedFile.Read(file)), registration => RegistrationRules.Check(registration, settings.TrustDomain, settings.Leaves)),
                settings.TrustDomain,
                settings.Leaves));
        }

        Require("", () => _ = new ConfiguredAuthorities(settings.ClientCertificates, time, logger));
        if (settings.AdminClientCaFile.Length > 0)
        {
            Require("", () => _ = new ClientAuthorities(settings.AdminClientCaFile, settings.AdminClientCrlFiles, "SdsServer:Admin:ClientCaFile", time, logger));
        }

        if (settings is { XdsTcp: not null, CertificateFile: { } chain, KeyFile: { } key })
        {
            Require("SdsServer:Xds:CertificateFile: ", () => _ = new ServingCertificate(chain, key, time, logger));
        }

        if (settings is { AdminTcp: not null, AdminCertificateFile: { } adminChain, AdminKeyFile: { } adminKey } && adminKey != settings.KeyFile)
        {
            Require("SdsServer:Admin:CertificateFile: ", () => _ = new ServingCertificate(adminChain, adminKey, time, logger));
        }

        using JwtAuthenticator issuers = new(settings.JwtIssuers, time, logger);
        Task keys = issuers.StartAsync(cancellation);
        await keys.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Require("", keys.GetAwaiter().GetResult);
        foreach (string token in settings.JwtIssuers.Select(issuer => issuer.BearerTokenFile).OfType<string>().Where(File.Exists).Distinct())
        {
            Require("SdsServer:JwtIssuers: BearerTokenFile: ", () => _ = BearerTokenFile.Read(token));
        }

        if (errors.Count > 0)
        {
            throw new ConfigurationErrorsException(errors);
        }

        void Require(string setting, Action read)
        {
            try
            {
                read();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException or FormatException or CryptographicException)
            {
                errors.Add(setting + error.Message);
            }
        }
    }
}
