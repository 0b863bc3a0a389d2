using System.Text;
using SdsServer.Core.Access;
using SdsServer.Identity.Registrations;
using SdsServer.Identity.X509;

namespace SdsServer.Hosting;

/// <summary>The files that settings name and that must be good at the start: registrations, authorities of clients and operators, and their revocation lists.</summary>
internal static class ConfigurationFiles
{
    /// <summary>Reads them as the server does when it starts. Registrations of the store are not looked at, so an id that is taken there is found at the start alone.</summary>
    /// <exception cref="ConfigurationErrorsException">Something is wrong; holds every error.</exception>
    public static async Task RequireGoodAsync(ServerSettings settings, TimeProvider time, ILogger logger, CancellationToken cancellation)
    {
        List<string> errors = [];
        if (settings.RegistrationsFile is { } file)
        {
            try
            {
                string text = Encoding.UTF8.GetString(await RegistrationFile.ReadAsync(file, cancellation));
                RegistrationSet.Of(
                    RegistrationDocument.Parse(text, registration => RegistrationRules.Check(registration, settings.TrustDomain, settings.Leaves)), settings.TrustDomain, settings.Leaves);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                errors.Add($"SdsServer:Registrations:File: '{file}': {error.Message}");
            }
        }

        Require(() => _ = new ConfiguredAuthorities(settings.ClientCertificates, time, logger));
        if (settings.AdminClientCaFile.Length > 0)
        {
            Require(() => _ = new ClientAuthorities(settings.AdminClientCaFile, settings.AdminClientCrlFiles, "SdsServer:Admin:ClientCaFile", time, logger));
        }

        if (errors.Count > 0)
        {
            throw new ConfigurationErrorsException(errors);
        }

        void Require(Action read)
        {
            try
            {
                read();
            }
            catch (InvalidDataException error)
            {
                errors.Add(error.Message);
            }
        }
    }
}
