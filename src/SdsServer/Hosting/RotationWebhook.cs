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
            return response.StatusCode == HttpStatusCode.OK
                ? Read(ask.Ask, await response.Content.ReadAsStringAsync(either.Token))
                : Wait(ask.Ask, $"it answered with status {(int)response.StatusCode}");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return Wait(ask.Ask, $"it did not answer within {Limit.TotalSeconds:0} s");
        }
        catch (HttpRequestException error)
        {
            return Wait(ask.Ask, $"it could not be asked: {Shown(error.Message)}");
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

    private static WebhookAnswered Read(long ask, string text)
    {
        try
        {
            using JsonDocument answer = JsonDocument.Parse(text);
            string reason = Text(answer, "reason");
            return Text(answer, "verdict") switch
            {
                "allow" => new WebhookAnswered(ask, WebhookVerdict.Allow, reason),
                "deny" => new WebhookAnswered(ask, WebhookVerdict.Deny, reason.Length > 0 ? reason : "it gave no reason"),
                "wait" => Wait(ask, reason.Length > 0 ? reason : "it gave no reason"),
                _ => Wait(ask, "its answer has no verdict of allow, wait and deny"),
            };
        }
        catch (JsonException)
        {
            return Wait(ask, "its answer is no JSON");
        }
    }

    private static string Text(JsonDocument answer, string name) =>
        answer.RootElement.ValueKind == JsonValueKind.Object && answer.RootElement.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? Shown(value.GetString()!)
            : "";

    // It goes into the log and onto terminals.
    private static string Shown(string text)
    {
        StringBuilder shown = new();
        foreach (char letter in text.Take(MaxReason))
        {
            shown.Append(char.IsControl(letter) ? ' ' : letter);
        }

        return shown.ToString().Trim();
    }

    private static WebhookAnswered Wait(long ask, string reason) => new(ask, WebhookVerdict.Wait, reason);
}
