using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SdsServer.Core.Fleet.Completions;
using SdsServer.Core.Fleet.Effects;
using SdsServer.Core.Rotation;

namespace SdsServer.Hosting;

/// <summary>
/// Asks a web server whether a step may be taken: POST of <c>{trustDomain, rotation, gate, wave, step, evidence}</c>, answered with status 200 and
/// <c>{"verdict": "allow" | "wait" | "deny", "reason": "..."}</c>. Everything else is "wait": a webhook that is down must not break a rotation, nor pass it.
/// </summary>
internal sealed class RotationWebhook(Uri url, string trustDomain, TimeProvider time) : IDisposable
{
    private const int MaxAnswer = 64 * 1024;
    private const int MaxReason = 300;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswer };

    /// <summary>Its verdict. Throws only when it is cancelled.</summary>
    public async Task<WebhookAnswered> AskAsync(AskWebhook ask, CancellationToken cancellation)
    {
        using CancellationTokenSource limit = new(Limit, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using HttpResponseMessage response = await _client.PostAsync(url, Question(ask), either.Token);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return Wait(ask.Ask, $"it answered with status {(int)response.StatusCode}");
            }

            // JSON is UTF-8 (RFC 8259), whatever charset the header names.
            using JsonDocument answer = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(either.Token), default, either.Token);
            return Read(ask.Ask, answer);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return Wait(ask.Ask, $"it did not answer within {Limit.TotalSeconds:0} s");
        }
        catch (HttpRequestException error)
        {
            return Wait(ask.Ask, $"it could not be asked: {Shown(error.Message)}");
        }
        catch (JsonException)
        {
            return Wait(ask.Ask, "its answer is no JSON");
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            // Such as half a character in a text. A question that gets no answer at all would never be asked again.
            return Wait(ask.Ask, $"its answer cannot be read: {Shown(error.Message)}");
        }
    }

    public void Dispose() => _client.Dispose();

    private JsonContent Question(AskWebhook ask) => JsonContent.Create(new JsonObject
    {
        ["trustDomain"] = trustDomain,
        ["rotation"] = ask.RotationId,
        ["gate"] = ask.Gate.ToString(),
        ["wave"] = ask.Wave,
        ["step"] = ask.Step,
        ["evidence"] = ask.Evidence,
    });

    private static WebhookAnswered Read(long ask, JsonDocument answer)
    {
        string reason = Text(answer, "reason");
        return Text(answer, "verdict") switch
        {
            "allow" => new WebhookAnswered(ask, WebhookVerdict.Allow, reason),
            "deny" => new WebhookAnswered(ask, WebhookVerdict.Deny, reason.Length > 0 ? reason : "it gave no reason"),
            "wait" => Wait(ask, reason.Length > 0 ? reason : "it gave no reason"),
            _ => Wait(ask, "its answer has no verdict of allow, wait and deny"),
        };
    }

    private static string Text(JsonDocument answer, string name) =>
        answer.RootElement.ValueKind == JsonValueKind.Object && answer.RootElement.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? Shown(value.GetString()!)
            : "";

    // It goes into the log, onto terminals and into protobuf, which takes no half of a character.
    private static string Shown(string text)
    {
        StringBuilder shown = new();
        foreach (Rune letter in text.EnumerateRunes().Take(MaxReason))
        {
            shown.Append(Rune.IsControl(letter) ? " " : letter.ToString());
        }

        return shown.ToString().Trim();
    }

    private static WebhookAnswered Wait(long ask, string reason) => new(ask, WebhookVerdict.Wait, reason);
}
