using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using SdsServer.Core.Pki;
using SdsServer.Identity.X509;
using SdsServer.Testing;
using SdsServer.Testing.Processes;

namespace SdsServer.Tests.Identity.X509;

/// <summary>Which revocation lists count, and whom they throw out.</summary>
public sealed class ClientAuthoritiesTests : IDisposable
{
    private static readonly Forged s_authority = Forged.Authority("CN=Corp CA"), s_other = Forged.Authority("CN=Other CA");
    private static readonly Forged s_cart = s_authority.Leaf("spiffe://corp.example/cart"), s_web = s_authority.Leaf("spiffe://corp.example/web");
    private static readonly DateTimeOffset s_start = TimeProvider.System.GetUtcNow();

    private static readonly Dictionary<string, (string Fault, byte[] List)> s_faults = new()
    {
        ["out of date"] = ("out of date", s_authority.RevocationList(s_start.AddDays(-2), s_start.AddSeconds(-1))),
        ["of tomorrow"] = ("is not valid before", s_authority.RevocationList(s_start.AddMinutes(5), s_start.AddDays(1))),
        ["of another authority"] = ("no authority of the CA file has signed", s_other.RevocationList(s_start, s_start.AddDays(1))),
        ["of another authority of the same name"] = ("no authority of the CA file has signed", Forged.Authority("CN=Corp CA").RevocationList(s_start, s_start.AddDays(1))),
        ["of a leaf of the authority"] = ("no authority of the CA file has signed", (s_web with { Subject = "CN=web" }).RevocationList(s_start, s_start.AddDays(1))),
        ["no list"] = ("revocation list", RandomNumberGenerator.GetBytes(100)),
        ["empty"] = ("revocation list", []),
        ["cut off"] = ("malformed DER", s_authority.RevocationList(s_start, s_start.AddDays(1))[..^1]),
        ["a certificate"] = ("only revocation lists belong", System.Text.Encoding.ASCII.GetBytes(s_authority.Pem())),
    };

    private readonly TemporaryDirectory _directory = new("sdsserver-crl");
    private readonly CapturedLog _log = new();
    private readonly ManualTime _time = new(s_start);
    private readonly Dictionary<Forged, Certificate> _read = new(ReferenceEqualityComparer.Instance);

    public static TheoryData<string> Faults => [.. s_faults.Keys];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Who_is_revoked_is_thrown_out_at_the_reload_and_nobody_else()
    {
        ClientAuthorities authorities = Start(List());
        CancellationToken cart = authorities.Enter(PathOf(s_cart)), web = authorities.Enter(PathOf(s_web));
        authorities.Refresh();
        Assert.False(cart.IsCancellationRequested);

        Write(List(s_cart));
        authorities.Refresh();

        Assert.True(cart.IsCancellationRequested);
        Assert.False(web.IsCancellationRequested);
        AssertRefused(CertificateRefusal.Revoked, authorities, PathOf(s_cart));
        Assert.Equal(web, authorities.Enter(PathOf(s_web)));
        Assert.Contains(_log.Lines, line => line.Id == 6104);
    }

    [Fact]
    public void A_list_is_der_or_pem_and_the_newest_of_an_authority_counts_wherever_it_stands()
    {
        byte[] old = List(), next = s_authority.RevocationList(s_start.AddSeconds(1), s_start.AddDays(1), s_cart);
        string pem = $"# both\n{PemEncoding.WriteString("X509 CRL", next)}\n{PemEncoding.WriteString("X509 CRL", old)}\n";

        AssertRefused(CertificateRefusal.Revoked, Start(old, next), PathOf(s_cart));
        AssertRefused(CertificateRefusal.Revoked, Start(System.Text.Encoding.ASCII.GetBytes(pem)), PathOf(s_cart));
        Start(s_authority.RevocationList(s_start.AddSeconds(2), s_start.AddDays(1)), next).Enter(PathOf(s_cart));
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_bad_list_is_an_error_at_the_start(string fault)
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Start(s_faults[fault].List));

        Assert.Contains(s_faults[fault].Fault, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("SdsServer:ClientCertificates:0: the revocation lists for ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_bad_list_is_refused_at_a_reload_and_the_one_before_counts(string fault)
    {
        ClientAuthorities authorities = Start(List(s_cart));
        CancellationToken web = authorities.Enter(PathOf(s_web));

        Write(s_faults[fault].List);
        authorities.Refresh();
        authorities.Refresh();

        LoggedLine line = Assert.Single(_log.Lines, line => line.Id == 6105);
        Assert.Equal(LogLevel.Error, line.Level);
        Assert.Contains(s_faults[fault].Fault, line.Text, StringComparison.Ordinal);
        Assert.Contains(s_faults[fault].Fault, Assert.Single(authorities.Faults), StringComparison.Ordinal);
        Assert.False(web.IsCancellationRequested);
        AssertRefused(CertificateRefusal.Revoked, authorities, PathOf(s_cart));

        Write(s_authority.RevocationList(s_start.AddSeconds(1), s_start.AddDays(1), s_web));
        authorities.Refresh();

        Assert.True(web.IsCancellationRequested);
        Assert.Empty(authorities.Faults);
    }

    [Fact]
    public void A_file_that_is_gone_is_an_error_at_the_start_and_changes_nothing_later()
    {
        ClientAuthorities authorities = Start(List(s_cart));
        File.Delete(_directory.PathOf("0.crl"));
        authorities.Refresh();

        AssertRefused(CertificateRefusal.Revoked, authorities, PathOf(s_cart));
        Assert.NotEmpty(authorities.Faults);
        Assert.Throws<InvalidDataException>(() => new ClientAuthorities(_directory.PathOf("ca.pem"), [_directory.PathOf("0.crl")], "test", _time, _log));
    }

    [Fact]
    public void An_older_list_does_not_bring_back_whom_a_newer_one_has_revoked()
    {
        ClientAuthorities authorities = Start(s_authority.RevocationList(s_start, s_start.AddDays(1), s_cart));
        Write(s_authority.RevocationList(s_start.AddHours(-1), s_start.AddDays(2)));
        authorities.Refresh();

        AssertRefused(CertificateRefusal.Revoked, authorities, PathOf(s_cart));
        Assert.Contains("older than the list in force", Assert.Single(authorities.Faults), StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_is_let_in_by_a_list_that_is_out_of_date_and_that_is_told_before()
    {
        ClientAuthorities authorities = Start(s_authority.RevocationList(s_start, s_start.AddMinutes(40)));
        CancellationToken cart = authorities.Enter(PathOf(s_cart));
        _time.Advance(TimeSpan.FromMinutes(29));
        authorities.Refresh();
        Assert.Empty(authorities.Faults);

        _time.Advance(TimeSpan.FromMinutes(1));
        authorities.Refresh();
        authorities.Refresh();
        Assert.Equal(LogLevel.Warning, Assert.Single(_log.Lines, line => line.Id == 6106).Level);
        Assert.Contains("about to be out of date", Assert.Single(authorities.Faults), StringComparison.Ordinal);
        Assert.False(cart.IsCancellationRequested);

        _time.Advance(TimeSpan.FromMinutes(10));
        AssertRefused(CertificateRefusal.Unchecked, authorities, PathOf(s_web));
        authorities.Refresh();
        authorities.Refresh();
        Assert.True(cart.IsCancellationRequested);
        Assert.Equal(LogLevel.Error, Assert.Single(_log.Lines, line => line.Id == 6107).Level);
        Assert.Contains("nobody of this authority is let in", Assert.Single(authorities.Faults), StringComparison.Ordinal);

        Write(s_authority.RevocationList(s_start.AddMinutes(40), s_start.AddHours(2)));
        authorities.Refresh();
        authorities.Enter(PathOf(s_web));
        Assert.Empty(authorities.Faults);
    }

    [Fact]
    public void Each_authority_needs_a_list_at_the_start_and_without_one_lets_nobody_in_later()
    {
        Assert.Contains("has no list", Assert.Throws<InvalidDataException>(() => Start([s_authority, s_other], List())).Message, StringComparison.Ordinal);
        ClientAuthorities authorities = Start(List());
        Forged theirs = s_other.Leaf("spiffe://corp.example/cart");

        WriteAuthorities(s_authority, s_other);
        authorities.Refresh();

        AssertRefused(CertificateRefusal.Unchecked, authorities, PathOf(theirs));
        authorities.Enter(PathOf(s_cart));
        Assert.Contains("has no list", Assert.Single(authorities.Faults), StringComparison.Ordinal);
    }

    [Fact]
    public void An_authority_that_leaves_the_file_is_out_though_its_list_is_still_there()
    {
        ClientAuthorities authorities = Start([s_authority, s_other], List(), s_other.RevocationList(s_start, s_start.AddDays(1)));
        CancellationToken theirs = authorities.Enter(PathOf(s_other.Leaf("spiffe://corp.example/cart"))), ours = authorities.Enter(PathOf(s_web));

        WriteAuthorities(s_authority);
        authorities.Refresh();

        Assert.True(theirs.IsCancellationRequested);
        Assert.False(ours.IsCancellationRequested);
        Assert.True(authorities.Enter(PathOf(s_other.Leaf())).IsCancellationRequested);
    }

    [Fact]
    public void All_below_a_revoked_intermediate_are_out_and_all_below_one_without_a_list()
    {
        Forged intermediate = Forged.Authority("CN=Below") with { Issuer = s_authority };
        Forged leaf = intermediate.Leaf("spiffe://corp.example/cart");
        byte[] below = intermediate.RevocationList(s_start, s_start.AddDays(1));
        AssertRefused(CertificateRefusal.Unchecked, Start(List()), PathOf(leaf, intermediate));
        ClientAuthorities authorities = Start([s_authority, intermediate], List(), below);
        CancellationToken entered = authorities.Enter(PathOf(leaf));

        Write(s_authority.RevocationList(s_start.AddSeconds(1), s_start.AddDays(1), intermediate), below);
        authorities.Refresh();

        Assert.True(entered.IsCancellationRequested);
        AssertRefused(CertificateRefusal.Revoked, authorities, PathOf(leaf));
    }

    [Theory]
    [InlineData("ff00000000000000000000000000000001")]
    [InlineData("01")]
    [InlineData("7f00")]
    public void A_serial_number_is_found_however_it_begins(string serial)
    {
        Forged leaf = s_cart with { Serial = Convert.FromHexString(serial) };

        AssertRefused(CertificateRefusal.Revoked, Start(List(leaf)), PathOf(leaf));
    }

    [Fact]
    public void An_authority_that_may_not_sign_lists_has_none()
    {
        Forged authority = Forged.Authority("CN=No lists") with { KeyUsage = System.Security.Cryptography.X509Certificates.X509KeyUsageFlags.KeyCertSign };

        string error = Assert.Throws<InvalidDataException>(() => Start([authority], authority.RevocationList(s_start, s_start.AddDays(1)))).Message;

        Assert.Contains("cRLSign", error, StringComparison.Ordinal);
    }

    private static byte[] List(params Forged[] revoked) => s_authority.RevocationList(s_start, s_start.AddDays(1), revoked);

    private static void AssertRefused(CertificateRefusal expected, ClientAuthorities authorities, Certificate[] path) =>
        Assert.Equal(expected, Assert.Throws<CertificateRefusedException>(() => authorities.Enter(path)).Refusal);

    private Certificate[] PathOf(Forged leaf, params Forged[] between) => [Read(leaf), .. between.Select(Read), Read((between is [.., var last] ? last : leaf).Issuer!)];

    // Each making of a certificate signs anew, and what is in the file and in a path must be the same.
    private Certificate Read(Forged certificate) => _read.TryGetValue(certificate, out Certificate? known) ? known : _read[certificate] = Certificate.Parse(certificate.Der());

    private ClientAuthorities Start(params byte[][] lists) => Start([s_authority], lists);

    private ClientAuthorities Start(Forged[] authorities, params byte[][] lists)
    {
        WriteAuthorities(authorities);
        Write(lists);
        return new(_directory.PathOf("ca.pem"), [.. lists.Select((_, index) => _directory.PathOf($"{index}.crl"))], "SdsServer:ClientCertificates:0", _time, _log);
    }

    private void WriteAuthorities(params Forged[] authorities) => File.WriteAllText(
        _directory.PathOf("ca.pem"), string.Join('\n', authorities.Select(authority => System.Text.Encoding.ASCII.GetString(Read(authority).ToPem()))));

    private void Write(params byte[][] lists)
    {
        foreach ((int index, byte[] list) in lists.Index())
        {
            File.WriteAllBytes(_directory.PathOf($"{index}.crl"), list);
        }
    }
}
