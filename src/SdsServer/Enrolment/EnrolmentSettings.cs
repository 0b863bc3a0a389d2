using System.Text;
using SdsServer.Core.Pki;

namespace SdsServer.Enrolment;

/// <summary>A checked <see cref="EnrolmentOptions"/>.</summary>
public sealed record EnrolmentSettings
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(90);

    private EnrolmentSettings(TimeSpan lifetime, string serverCa)
    {
        (CertificateLifetime, ServerCa) = (lifetime, serverCa);
        Policy = new LeafPolicy(lifetime, TimeSpan.FromMinutes(5), s_longest);
    }

    public static EnrolmentSettings Default { get; } = Read(new EnrolmentOptions(), []);

    public TimeSpan CertificateLifetime { get; }

    public LeafPolicy Policy { get; }

    /// <summary>PEM, or empty.</summary>
    public string ServerCa { get; }

    /// <inheritdoc cref="EnrolmentOptions.PerSecondPerAddress"/>
    public int PerSecondPerAddress { get; private init; } = 1;

    /// <inheritdoc cref="EnrolmentOptions.BurstPerAddress"/>
    public int BurstPerAddress { get; private init; } = 1;

    /// <inheritdoc cref="EnrolmentOptions.PerSecond"/>
    public int PerSecond { get; private init; } = 1;

    /// <inheritdoc cref="EnrolmentOptions.Burst"/>
    public int Burst { get; private init; } = 1;

    /// <summary>A client is told to come back after this part of its certificate's life.</summary>
    public TimeSpan RenewAfter => CertificateLifetime / 2;

    /// <summary>What the section means; what is wrong is reported.</summary>
    public static EnrolmentSettings Read(EnrolmentOptions options, List<string> errors)
    {
        foreach ((string name, int value) in new (string, int)[]
        {
            (nameof(PerSecondPerAddress), options.PerSecondPerAddress), (nameof(BurstPerAddress), options.BurstPerAddress),
            (nameof(PerSecond), options.PerSecond), (nameof(Burst), options.Burst),
        })
        {
            if (value < 1)
            {
                errors.Add($"SdsServer:Enrolment:{name}: {value} must be at least 1");
            }
        }

        if (options.CertificateLifetime < s_shortest || options.CertificateLifetime > s_longest)
        {
            errors.Add($"SdsServer:Enrolment:CertificateLifetime: {options.CertificateLifetime} must be between {s_shortest} and {s_longest}");
            return new EnrolmentSettings(s_longest, "");
        }

        return new EnrolmentSettings(options.CertificateLifetime, options.ServerCaFile.Length == 0 ? "" : ReadCa(options.ServerCaFile, errors))
        {
            PerSecondPerAddress = options.PerSecondPerAddress,
            BurstPerAddress = options.BurstPerAddress,
            PerSecond = options.PerSecond,
            Burst = options.Burst,
        };
    }

    private static string ReadCa(string file, List<string> errors)
    {
        try
        {
            byte[] pem = File.ReadAllBytes(file);
            return Certificate.ParsePem(pem).Count > 0 ? Encoding.UTF8.GetString(pem) : throw new FormatException("it holds no certificate");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            errors.Add($"SdsServer:Enrolment:ServerCaFile: '{file}' cannot be used: {error.Message}");
            return "";
        }
    }
}
