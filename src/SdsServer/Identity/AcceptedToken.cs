using SdsServer.Core.Access;

namespace SdsServer.Identity;

/// <summary>A token that is accepted until it expires or is deleted.</summary>
public sealed class AcceptedToken : IDisposable
{
    private readonly CancellationTokenSource _deleted = new();

    public AcceptedToken(AccessToken token) => (Token, Deleted) = (token, _deleted.Token);

    public AccessToken Token { get; }

    /// <summary>Fires when the token is deleted: what it opened ends.</summary>
    public CancellationToken Deleted { get; }

    /// <summary>The token is deleted.</summary>
    public void Dispose()
    {
        _deleted.Cancel();
        _deleted.Dispose();
    }
}
