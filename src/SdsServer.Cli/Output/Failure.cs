using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using SdsServer.Cli.Admin;
using SdsServer.Cli.Parsing;
using SdsServer.Grpc;
using SdsServer.Protos.Admin.V1;
using SdsServer.Protos.Google.Rpc;

namespace SdsServer.Cli.Output;

/// <summary>An error as it is told: one line what, lines that explain, hints what to do.</summary>
internal sealed record Failure(int ExitCode, string Message)
{
    public IReadOnlyList<string> Lines { get; init; } = [];

    public IReadOnlyList<string> Hints { get; init; } = [];

    public StatusCode? Status { get; init; }

    public string Reason { get; init; } = "";

    public Refusal? Refusal { get; init; }

    public TrustDomain? Current { get; init; }

    public static Failure Of(CliException error) => new(error.ExitCode, error.Message) { Hints = error.Hints };

    /// <param name="error">What the call ended with.</param>
    /// <param name="address">The server that was called.</param>
    /// <param name="now">For "in 5h22m".</param>
    /// <param name="typed">What was typed for a field.</param>
    public static Failure Of(RpcException error, string address, DateTimeOffset now, TypedOptions typed)
    {
        ErrorDetails details = ErrorDetails.Of(error);
        string said = error.Status.Detail.Length > 0 ? ApiWords.Told(error.Status.Detail) : $"the server answered {error.StatusCode}";
        Failure failure = error.StatusCode switch
        {
            StatusCode.InvalidArgument => new(ExitCodes.Usage, details.WrongFields switch
            {
                [] => said,
                [var field] => Wrong(field, typed),
                var fields => $"the server finds {fields.Count} values wrong",
            })
            {
                Lines = details.WrongFields.Count > 1 ? [.. details.WrongFields.Select(field => Wrong(field, typed))] : [],
                Hints = details.WrongFields.Any(field => field.Field == "compromised_authority") ? ["name the stolen root with --compromised ID; see the roots there are with 'sdsctl root list'"] : [],
            },
            StatusCode.NotFound => new(ExitCodes.NotFound, said) { Hints = NotFoundHints(details) },
            StatusCode.AlreadyExists => new(ExitCodes.Refused, said)
            {
                Hints = details.Reason == "REQUEST_ID_REUSED" ? ["leave --request-id out, or choose one that was not used yet"] : [],
            },
            StatusCode.FailedPrecondition when details.Refusal is { } refusal => new(ExitCodes.Refused, refusal.Message.Length > 0 ? ApiWords.Told(refusal.Message) : said)
            {
                Lines = [.. RefusalText.Lines(refusal, now)],
                Hints = [.. RefusalText.Advice(refusal)],
            },
            StatusCode.FailedPrecondition => new(ExitCodes.Refused, said),
            StatusCode.Aborted when details.Reason == "REGISTRATION_CHANGED" => new(ExitCodes.Refused, said)
            {
                Hints = ["look again with 'sdsctl registration show', then repeat the command if it is still right"],
            },
            StatusCode.Aborted => new(ExitCodes.Refused, details.Conflict is null ? said : "the state has moved on since you looked; nothing was changed")
            {
                Lines = details.Conflict is { } conflict
                    ? [$"you decided on revision {conflict.ExpectedRevision}; now it is {TrustText.Line(conflict.Current)}"]
                    : [],
                Hints = ["look again with 'sdsctl status', then repeat the command if it is still right"],
            },
            StatusCode.Unauthenticated or StatusCode.PermissionDenied => new(ExitCodes.Refused, said)
            {
                Hints = ["use an account that may administer the server; on its machine that is the owner of the admin socket"],
            },
            StatusCode.Unavailable or StatusCode.DeadlineExceeded => Unreachable(error, details, said, address),
            StatusCode.Unimplemented => new(ExitCodes.Failure, $"the server does not know this call: {said}")
            {
                Hints = ["is it an older version, or is --server the xDS address instead of the admin address?"],
            },
            _ => new(ExitCodes.Failure, said),
        };
        return failure with { Status = error.StatusCode, Reason = details.Reason, Refusal = details.Refusal, Current = details.Conflict?.Current };
    }

    private static string Wrong(BadRequest.Types.FieldViolation field, TypedOptions typed) => $"{typed.Of(field.Field)}: {ApiWords.Told(field.Description)}";

    public void WriteTo(CliHost host, OutputFormat format)
    {
        if (format == OutputFormat.Json)
        {
            host.Out.WriteLine(ToJson().ToJsonString(Terminal.IndentedNode));
        }

        host.Error.WriteLine($"sdsctl: error: {Message}");
        foreach (string line in Lines)
        {
            host.Error.WriteLine($"  {line}");
        }

        foreach (string hint in Hints)
        {
            host.Error.WriteLine($"sdsctl: hint: {hint}");
        }
    }

    private JsonObject ToJson()
    {
        JsonObject error = new()
        {
            ["exitCode"] = ExitCode,
            ["message"] = Message,
            ["hints"] = new JsonArray([.. Hints.Select(hint => JsonValue.Create(hint))]),
        };
        if (Status is { } status)
        {
            error["status"] = JsonNamingPolicy.SnakeCaseUpper.ConvertName(status.ToString());
            error["reason"] = Reason;
        }

        if (Refusal is not null)
        {
            error["refusal"] = JsonNode.Parse(JsonFormatter.Default.Format(Refusal));
        }

        if (Current is not null)
        {
            error["current"] = JsonNode.Parse(JsonFormatter.Default.Format(Current));
        }

        return new JsonObject { ["error"] = error };
    }

    private static string[] NotFoundHints(ErrorDetails details) => details.Resource?.ResourceName.Split('/') switch
    {
        [_, _, "authorities", ..] => ["see what there is with 'sdsctl root list'"],
        [_, _, "rotations", ..] => ["see what there is with 'sdsctl rotation list'"],
        [_, _, "instances", ..] => ["see what there is with 'sdsctl proxy list'"],
        [_, _, "registrations", ..] => ["see what there is with 'sdsctl registration list'"],
        [_, _, "tokens", ..] => ["see what there is with 'sdsctl token list'"],
        ["trustDomains", _] => ["see --trust-domain; without it the server's only trust domain is taken"],
        _ => [],
    };

    private static Failure Unreachable(RpcException error, ErrorDetails details, string said, string address)
    {
        if (details.Reason.Length > 0)
        {
            string again = details.RetryAfter is { } wait ? $" in {TimeText.Span(wait)}" : "";
            return new(ExitCodes.Unreachable, said)
            {
                Hints = details.Metadata.TryGetValue("leader", out string? leader)
                    ? [$"ask the leader: --server {leader}"]
                    : [$"try again{again}; if it stays, look at the server's log"],
            };
        }

        if (error.StatusCode == StatusCode.DeadlineExceeded)
        {
            return new(ExitCodes.Unreachable, $"the server at {address} did not answer in time") { Hints = ["give it longer with --timeout 60s, and look at its log"] };
        }

        if (address.StartsWith("unix://", StringComparison.Ordinal) && !File.Exists(address["unix://".Length..]))
        {
            said = $"there is no socket {address["unix://".Length..]}";
        }

        string[] hints = said.Contains("Permission denied", StringComparison.Ordinal)
            ? ["you may not open that socket: use an account of its group, or sudo"]
            : ["is it running? 'systemctl status sdsserver', or start one with 'dotnet run --project src/SdsServer'",
                "is it elsewhere? say where with --server or SDSCTL_SERVER"];
        return new(ExitCodes.Unreachable, $"cannot reach the server at {address}") { Lines = [said], Hints = hints };
    }
}
