using SdsServer.Core.Access;
using SdsServer.Core.Pki;
using SdsServer.Core.Rotation;
using SdsServer.Identity.Registrations;
using SdsServer.Testing;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Xds;

namespace SdsServer.Tests.Identity.Registrations;

public sealed class RegistrationFileTests : IDisposable
{
    private const string Web = """[ { "id": "web", "selectors": [ "token:web" ], "spiffeId": "spiffe://{trustDomain}/web" } ]""";

    private readonly TemporaryDirectory _directory = new("sdsserver-registrations");
    private readonly InMemoryTrustStore _store = new(new SimulatedDisk());
    private readonly List<Decision> _lines = [];
    private readonly CapturedLog _log = new();
    private readonly RegistrationDirectory _registrations;
    private readonly RegistrationFile _file;
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private int _changes;

    public RegistrationFileTests()
    {
        _registrations = new RegistrationDirectory(_store, TrustDomain.Parse("example.org"), LeafPolicy.Default, required: false);
        _registrations.Changed += () => _changes++;
        _file = new RegistrationFile(Path, _registrations, RecordAsync, _time, _log);
    }

    private string Path => _directory.PathOf("registrations.json");

    public void Dispose()
    {
        _registrations.Dispose();
        _log.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Everything_in_it_is_read()
    {
        await File.WriteAllTextAsync(Path, """
            [
              {
                "id": "shop", "displayName": "The shop", "selectors": [ "k8s:ns:shop" ], "spiffeId": "spiffe://{trustDomain}/ns/{k8s:ns}/sa/{k8s:sa}",
                "dnsNames": [ "{k8s:sa}.shop.svc" ], "leafLifetime": "02:00:00", "minLeafLifetime": "01:00:00", "maxLeafLifetime": "03:00:00", "keyAlgorithm": "EcdsaP384",
                "secretNames": [ "default", "ROOTCA" ], "labels": { "tier": "web" }, "peers": [ "spiffe://example.org/ns/bank/*" ], "bundleOnly": true
              }
            ]
            """);

        await _file.StartAsync(default);

        Registration shop = Assert.Single(_registrations.OfFile);
        Assert.Equal(
            "spiffe_id spiffe://{trustDomain}/ns/{k8s:ns}/sa/{k8s:sa}; selectors k8s:ns:shop; dns_names {k8s:sa}.shop.svc; leaf_lifetime 02:00:00; min_leaf_lifetime 01:00:00; "
            + "max_leaf_lifetime 03:00:00; key_algorithm EcdsaP384; secret_names default ROOTCA; labels tier=web; peers spiffe://example.org/ns/bank/*; bundle_only true",
            shop.ToText());
        Assert.Equal(("shop", "The shop", 0L), (shop.Id, shop.DisplayName, shop.Revision));
        Decision line = Assert.Single(_lines);
        Assert.Equal((DecisionKind.LoadRegistrations, DecisionOutcome.Done), (line.Kind, line.Outcome));
        Assert.StartsWith("1 registrations, sha256 ", line.Evidence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("{}", "no JSON list")]
    [InlineData("[ 1 ]", "[0]")]
    [InlineData("[ null ]", "[0]: it is null")]
    [InlineData("""[ { "id": "a", "selector": [] } ]""", "selector")]
    [InlineData("""[ { "id": "a", "id": "b", "selectors": [ "token:t" ], "spiffeId": "spiffe://example.org/a" } ]""", "id")]
    [InlineData("""[ { "id": "a", "selectors": [ "token:t" ], "spiffeId": "spiffe://example.org/a", "keyAlgorithm": "P256" } ]""", "keyAlgorithm")]
    [InlineData("""[ { "id": "a", "selectors": [ null ], "spiffeId": "spiffe://example.org/a" } ]""", "'a': selectors")]
    [InlineData("""[ { "selectors": [ "token:t" ], "spiffeId": "spiffe://example.org/a" } ]""", "[0]: id")]
    [InlineData("""[ { "id": "a" }, 1 ]""", "[1]: ")]
    [InlineData("""[ { "id": "a", "selectors": [ "token:t" ], "spiffeId": "spiffe://example.org/a" }, { "id": "a", "selectors": [ "token:u" ], "spiffeId": "spiffe://example.org/b" } ]""", "2 registrations 'a'")]
    public async Task A_bad_file_does_not_let_the_server_start(string text, string problem)
    {
        await File.WriteAllTextAsync(Path, text);

        string message = (await Assert.ThrowsAsync<InvalidDataException>(() => _file.StartAsync(default))).Message;

        Assert.Contains(problem, message, StringComparison.Ordinal);
        Assert.Contains(Path, message, StringComparison.Ordinal);
        Assert.Empty(_registrations.OfFile);
    }

    [Fact]
    public async Task All_errors_are_told_at_once()
    {
        await File.WriteAllTextAsync(Path, """[ { "id": "a", "selectors": [ "x" ], "spiffeId": "y" }, { "id": "b", "selectors": [ "token:t" ], "spiffeId": "spiffe://example.org/b", "peers": [ "z" ] } ]""");

        string message = (await Assert.ThrowsAsync<InvalidDataException>(() => _file.StartAsync(default))).Message;

        Assert.All((string[])["'a': selectors", "'a': spiffeId", "'b': peers"], where => Assert.Contains(where, message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_that_is_not_there_does_not_let_the_server_start() => await Assert.ThrowsAsync<InvalidDataException>(() => _file.StartAsync(default));

    [Fact]
    public async Task A_file_that_everybody_may_write_is_refused()
    {
        await File.WriteAllTextAsync(Path, Web);
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);

        Assert.Contains("everybody may write it", (await Assert.ThrowsAsync<InvalidDataException>(() => _file.StartAsync(default))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_read_again_when_it_changes_and_a_bad_one_leaves_the_one_before_in_force()
    {
        await File.WriteAllTextAsync(Path, Web);
        await _file.StartAsync(default);
        await _file.LookAsync(default);
        Assert.Equal(1, _changes);

        await File.WriteAllTextAsync(Path, Web.Replace("token:web", "token", StringComparison.Ordinal));
        await _file.LookAsync(default);
        await _file.LookAsync(default);
        Assert.Equal("token:web", Assert.Single(Assert.Single(_registrations.OfFile).Selectors));
        File.Delete(Path);
        await _file.LookAsync(default);
        Assert.Single(_registrations.OfFile);
        Assert.Equal(2, _log.Lines.Count(line => line.Id == 6403));

        await File.WriteAllTextAsync(Path, Web.Replace("token:web", "token:new", StringComparison.Ordinal));
        await _file.LookAsync(default);
        Assert.Equal("token:new", Assert.Single(Assert.Single(_registrations.OfFile).Selectors));
        Assert.Equal([DecisionOutcome.Done, DecisionOutcome.Refused, DecisionOutcome.Refused, DecisionOutcome.Done], _lines.Select(line => line.Outcome));
    }

    [Fact]
    public async Task An_id_of_the_store_is_refused_until_it_is_free()
    {
        long term = (await _store.BeginTermAsync("example.org", DateTimeOffset.MinValue, default)).Term;
        Decision entry = new() { At = _time.GetUtcNow(), Actor = "test", Kind = DecisionKind.CreateRegistration, Action = "register" };
        await _store.AddRegistrationAsync("example.org", term, RegistrationServer.Of("web") with { Id = "web", Revision = 1 }, entry, default);
        await _registrations.ReloadAsync(default);
        await File.WriteAllTextAsync(Path, Web);

        Assert.Contains("two registrations 'web'", (await Assert.ThrowsAsync<InvalidDataException>(() => _file.StartAsync(default))).Message, StringComparison.Ordinal);

        await _store.DeleteRegistrationAsync("example.org", term, "web", null, entry, default);
        await _registrations.ReloadAsync(default);
        await _file.LookAsync(default);
        Assert.Single(_registrations.OfFile);
    }

    [Fact]
    public async Task It_is_looked_at_every_few_seconds()
    {
        await File.WriteAllTextAsync(Path, Web);
        await _file.StartAsync(default);
        using CancellationTokenSource stop = new();
        Task running = _file.RunAsync(stop.Token);
        await File.WriteAllTextAsync(Path, "[]");

        await Condition.AwaitAsync("the file to be read", XdsTestServer.Patience, _ =>
        {
            _time.Advance(TimeSpan.FromSeconds(5));
            return Task.FromResult(_registrations.OfFile.IsEmpty);
        });

        await stop.CancelAsync();
        await running;
    }

    private Task RecordAsync(Decision line)
    {
        _lines.Add(line);
        return Task.CompletedTask;
    }
}
