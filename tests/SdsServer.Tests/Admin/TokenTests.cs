using Google.Protobuf.WellKnownTypes;
using SdsServer.Admin;
using SdsServer.Core.Access;
using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Tests.Admin;

public sealed class TokenTests
{
    [Fact]
    public async Task A_token_is_shown_once_kept_as_a_hash_and_accepted_from_the_answer_on()
    {
        await using AdminHost host = await AdminHost.StartAsync();

        CreateTokenResponse created = await CreateAsync(host, "spiffe://example.org/ns/default/sa/web", request => request.DisplayName = "web");

        Assert.Matches("^sds_[a-z0-9]+_[A-Za-z0-9_-]{43}$", created.Secret);
        Assert.Equal("spiffe://example.org/ns/default/sa/web", host.Tokens.Verify(created.Secret)!.Token.SpiffeId);
        AccessToken stored = Assert.Single(await host.Store.ReadTokensAsync("example.org", default));
        string secret = created.Secret[(created.Secret.IndexOf('_', 4) + 1)..];
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(System.Buffers.Text.Base64Url.DecodeFromChars(secret)), stored.Hash.ToArray());
        Assert.StartsWith("unix:uid=", stored.CreatedBy, StringComparison.Ordinal);
        Token listed = Assert.Single((await ListAsync(host, "")).Tokens);
        Assert.Equal(created.Token, listed);
        Assert.Equal(TimeSpan.FromDays(30), listed.ExpireTime.ToDateTimeOffset() - listed.CreateTime.ToDateTimeOffset());
        Assert.DoesNotContain(host.Log.Lines, line => line.Text.Contains(secret, StringComparison.Ordinal));
        Assert.Contains(host.Log.Lines, line => line.Id == 5001 && line.Text.Contains("CreateToken", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_deleted_token_is_refused_from_the_answer_on()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        CreateTokenResponse created = await CreateAsync(host, "spiffe://example.org/web");

        await DeleteAsync(host, created.Token.Name);

        Assert.Null(host.Tokens.Verify(created.Secret));
        Assert.Empty((await ListAsync(host, "")).Tokens);
        await ErrorDetails.FailsAsync(DeleteAsync(host, created.Token.Name), StatusCode.NotFound, "NO_SUCH_RESOURCE");
    }

    [Theory]
    [InlineData("spiffe://other.org/web")]
    [InlineData("spiffe://example.org")]
    [InlineData("https://example.org/web")]
    [InlineData("")]
    public async Task A_token_stands_for_a_workload_of_this_trust_domain_only(string spiffeId)
    {
        await using AdminHost host = await AdminHost.StartAsync();

        RpcException error = await ErrorDetails.FailsAsync(CreateAsync(host, spiffeId), StatusCode.InvalidArgument, "INVALID_REQUEST");

        Assert.Equal(["spiffe_id"], error.WrongFields());
        Assert.Empty(await host.Store.ReadTokensAsync("example.org", default));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(59)]
    [InlineData(366L * 86_400)]
    [InlineData(long.MinValue)]
    public async Task The_life_of_a_token_has_bounds(long seconds)
    {
        await using AdminHost host = await AdminHost.StartAsync();

        RpcException error = await ErrorDetails.FailsAsync(
            CreateAsync(host, "spiffe://example.org/web", request => request.Ttl = new Duration { Seconds = seconds }), StatusCode.InvalidArgument, "INVALID_REQUEST");

        Assert.Equal(["ttl"], error.WrongFields());
    }

    [Fact]
    public async Task A_stated_revision_is_checked()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        long revision = await host.RevisionAsync();

        await ErrorDetails.FailsAsync(
            CreateAsync(host, "spiffe://example.org/web", request => request.ExpectedRevision = revision + 1), StatusCode.Aborted, "REVISION_CHANGED");
        await CreateAsync(host, "spiffe://example.org/web", request => request.ExpectedRevision = revision);
    }

    [Fact]
    public async Task Tokens_are_listed_newest_first_by_identity_in_pages()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        List<string> made = [];
        for (int number = 0; number < 5; number++)
        {
            made.Insert(0, (await CreateAsync(host, $"spiffe://example.org/{(number == 2 ? "api" : "web")}/{number}")).Token.Name);
        }

        ListTokensResponse first = await ListAsync(host, "spiffe://example.org/web/", size: 3);
        ListTokensResponse second = await ListAsync(host, "spiffe://example.org/web/", size: 3, first.NextPageToken);

        made.RemoveAt(2);
        Assert.Equal(made, first.Tokens.Concat(second.Tokens).Select(token => token.Name));
        Assert.Equal("", second.NextPageToken);
        RpcException error = await ErrorDetails.FailsAsync(ListAsync(host, "spiffe://example.org/", 3, first.NextPageToken), StatusCode.InvalidArgument, "INVALID_REQUEST");
        Assert.Equal(["page_token"], error.WrongFields());
    }

    private static Task<CreateTokenResponse> CreateAsync(AdminHost host, string spiffeId, Action<CreateTokenRequest>? change = null)
    {
        CreateTokenRequest request = new() { Parent = AdminHost.Domain, SpiffeId = spiffeId };
        change?.Invoke(request);
        return host.CallAsync<CreateTokenRequest, CreateTokenResponse>(TokenService.Descriptor, "CreateToken", request);
    }

    private static Task<ListTokensResponse> ListAsync(AdminHost host, string prefix, int size = 0, string token = "") =>
        host.CallAsync<ListTokensRequest, ListTokensResponse>(TokenService.Descriptor, "ListTokens",
            new ListTokensRequest { Parent = AdminHost.Domain, SpiffeIdPrefix = prefix, PageSize = size, PageToken = token });

    private static Task<DeleteTokenResponse> DeleteAsync(AdminHost host, string name) =>
        host.CallAsync<DeleteTokenRequest, DeleteTokenResponse>(TokenService.Descriptor, "DeleteToken", new DeleteTokenRequest { Name = name });
}
