using System.Text.Json;

namespace SdsServer.Identity.Reviews;

/// <summary>A token that the API server has accepted. It counts until its age or its end is reached, and streams stand on it while it is judged again and again.</summary>
internal sealed class ReviewedToken : IDisposable
{
    private readonly CancellationTokenSource _withdrawn = new();

    /// <param name="text">The token.</param>
    /// <param name="claims">What was proven.</param>
    /// <param name="expires">Its own <c>exp</c>.</param>
    /// <param name="askedAt">Timestamp of the question that brought the answer.</param>
    public ReviewedToken(string text, JsonElement claims, DateTimeOffset expires, long askedAt) =>
        (Text, Claims, Expires, AskedAt, TriedAt, Withdrawn) = (text, claims, expires, askedAt, askedAt, _withdrawn.Token);

    public string Text { get; }

    public JsonElement Claims { get; }

    public DateTimeOffset Expires { get; }

    /// <summary>Timestamp of the last question that was answered well. Under the reviewer's lock.</summary>
    public long AskedAt { get; set; }

    /// <summary>Timestamp of the last question. Under the reviewer's lock.</summary>
    public long TriedAt { get; set; }

    /// <summary>Streams that stand on it. Under the reviewer's lock.</summary>
    public int Holders { get; set; }

    /// <summary>Fires when the API server does not accept it any more, or could not be asked for too long.</summary>
    public CancellationToken Withdrawn { get; }

    /// <summary>It counts no more.</summary>
    public void Dispose()
    {
        _withdrawn.Cancel();
        _withdrawn.Dispose();
    }
}
