using System.Globalization;
using SdsServer.Admin.Log;
using SdsServer.Admin.Mapping;
using SdsServer.Admin.Requests;
using SdsServer.Core.Audit;
using SdsServer.Grpc.Server;
using SdsServer.Protos.Admin.V1;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Admin;

/// <summary>sdsserver.admin.v1.AuditService: the durable log, newest first, as it grows, or as it is stored; and whether it still is what was written.</summary>
internal sealed class AuditService(DecisionLog log, Watches watches, AdminCalls calls, AuditMapper mapper, ResourceNames names, string trustDomain)
{
    private const int Batch = 500;

    /// <summary>Lines looked at for one page at most: a filter that fits little gives short pages, not slow ones.</summary>
    private const int MaxLooked = 10_000;

    public static ServiceDescriptor Descriptor { get; } =
        AuditServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>(nameof(AuditService));

    public void Bind(GrpcServiceBuilder service) => service
        .Unary<ListAuditEntriesRequest, ListAuditEntriesResponse>("ListAuditEntries", (request, context) => calls.ReadAsync(context, () => ListAsync(request, context)))
        .ServerStreaming<WatchAuditEntriesRequest, WatchAuditEntriesResponse>("WatchAuditEntries", WatchAsync)
        .Unary<VerifyAuditLogRequest, VerifyAuditLogResponse>("VerifyAuditLog", (request, context) => calls.ReadAsync(context, () => VerifyAsync(request, context)))
        .ServerStreaming<ExportAuditLogRequest, ExportAuditLogResponse>("ExportAuditLog", ExportAsync);

    private async Task<ListAuditEntriesResponse> ListAsync(ListAuditEntriesRequest request, ServerCallContext context)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        int size = Pages.Size(check, request.PageSize);
        ListAuditEntriesRequest scope = request.Clone();
        (scope.PageSize, scope.PageToken) = (0, "");
        string? after = Pages.After(check, scope, request.PageToken);
        long below = long.MaxValue;
        check.Require("page_token", after is null || long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out below), "is not a next_page_token of this list");
        check.Time("start_time", request.StartTime);
        check.Time("end_time", request.EndTime);
        check.Done();

        below = Math.Min(below, await log.LastAsync(context.CancellationToken) + 1);
        ListAuditEntriesResponse response = new();
        for (int looked = 0; below > 1 && looked < MaxLooked && response.AuditEntries.Count < size; looked += Batch)
        {
            long from = Math.Max(1, below - Batch);
            IReadOnlyList<LoggedDecision> lines = await log.ReadAsync(from - 1, (int)(below - from), context.CancellationToken);
            foreach (LoggedDecision line in lines.Where(line => line.Number < below).Reverse())
            {
                if (response.AuditEntries.Count == size)
                {
                    from = line.Number + 1;
                    break;
                }

                AuditEntry entry = mapper.Map(line);
                if (Fits(entry, request))
                {
                    response.AuditEntries.Add(entry);
                }
            }

            below = from;
        }

        response.NextPageToken = below > 1 ? Pages.Token(scope, below.ToString(CultureInfo.InvariantCulture)) : "";
        return response;
    }

    private async Task WatchAsync(WatchAuditEntriesRequest request, ServerStreamWriter<WatchAuditEntriesResponse> responses, ServerCallContext context)
    {
        calls.Enter(context);
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        check.Require("after_number", request.AfterNumber >= 0, "must be the last number you have, or 0");
        check.Done();
        long told = request.AfterNumber;
        await watches.RunAsync(context, async ended =>
        {
            IReadOnlyList<LoggedDecision> lines;
            do
            {
                lines = await log.ReadAsync(told, Batch, ended);
                if (lines.Count > 0)
                {
                    await responses.WriteAsync(new WatchAuditEntriesResponse { AuditEntries = { lines.Select(mapper.Map) } }, context.CancellationToken);
                    told = lines[^1].Number;
                }
            }
            while (lines.Count == Batch);
            return true;
        });
    }

    private async Task<VerifyAuditLogResponse> VerifyAsync(VerifyAuditLogRequest request, ServerCallContext context)
    {
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        check.Require(
            "expected_head", request.ExpectedHead is null || (request.ExpectedHead.Number >= 0 && LogHead.IsHash(request.ExpectedHead.Hash)),
            "must be the number of a line and its hash, 64 hex digits");
        check.Done();
        LogHead? expected = request.ExpectedHead is { } head ? new LogHead(head.Number, head.Hash.ToLowerInvariant()) : null;
        return AuditMapper.MapReport(await log.VerifyAsync(expected, context.CancellationToken));
    }

    private async Task ExportAsync(ExportAuditLogRequest request, ServerStreamWriter<ExportAuditLogResponse> responses, ServerCallContext context)
    {
        calls.Enter(context);
        RequestCheck check = new(names);
        check.TrustDomain("parent", request.Parent);
        check.Require("after_number", request.AfterNumber >= 0, "must be the last number you have, or 0");
        check.Done();
        string? previous = await HashOfAsync(request.AfterNumber, context.CancellationToken);
        check.Require("after_number", previous is not null, "is no line of this log; take the number of one, or 0");
        check.Done();
        long end = await log.LastAsync(context.CancellationToken);
        long told = request.AfterNumber;
        while (told < end)
        {
            ExportAuditLogResponse response = new();
            foreach (LogLine line in (await log.ReadLinesAsync(told, Batch, context.CancellationToken)).TakeWhile(line => line.Number <= end))
            {
                response.Records.Add(AuditMapper.MapRecord(trustDomain, previous!, line));
                (previous, told) = (line.Hash, line.Number);
            }

            if (response.Records.Count == 0)
            {
                return;
            }

            await responses.WriteAsync(response, context.CancellationToken);
        }
    }

    // Null: there is no such line.
    private async Task<string?> HashOfAsync(long number, CancellationToken cancellation) =>
        number == 0 ? LogChain.Origin(trustDomain)
        : await log.ReadLinesAsync(number - 1, 1, cancellation) is [var line] && line.Number == number ? line.Hash
        : null;

    private static bool Fits(AuditEntry entry, ListAuditEntriesRequest request) =>
        (request.Actor.Length == 0 || entry.Actor == request.Actor)
        && (request.Resource.Length == 0 || entry.Resource == request.Resource || entry.Resource.StartsWith($"{request.Resource}/", StringComparison.Ordinal))
        && (request.StartTime is null || entry.Time.CompareTo(request.StartTime) >= 0)
        && (request.EndTime is null || entry.Time.CompareTo(request.EndTime) < 0);
}
