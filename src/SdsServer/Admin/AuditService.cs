using System.Globalization;
using SdsServer.Admin.Log;
using SdsServer.Admin.Mapping;
using SdsServer.Admin.Requests;
using SdsServer.Grpc.Server;
using SdsServer.Protos.Admin.V1;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace SdsServer.Admin;

/// <summary>sdsserver.admin.v1.AuditService: the durable log, newest first or as it grows.</summary>
internal sealed class AuditService(DecisionLog log, Watches watches, AdminCalls calls, AuditMapper mapper, ResourceNames names)
{
    private const int Batch = 500;

    /// <summary>Lines looked at for one page at most: a filter that fits little gives short pages, not slow ones.</summary>
    private const int MaxLooked = 10_000;

    public static ServiceDescriptor Descriptor { get; } =
        AuditServiceReflection.Descriptor.FindTypeByName<ServiceDescriptor>(nameof(AuditService));

    public void Bind(GrpcServiceBuilder service) => service
        .Unary<ListAuditEntriesRequest, ListAuditEntriesResponse>("ListAuditEntries", (request, context) => calls.ReadAsync(context, () => ListAsync(request, context)))
        .ServerStreaming<WatchAuditEntriesRequest, WatchAuditEntriesResponse>("WatchAuditEntries", WatchAsync);

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
        calls.ActorOf(context);
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

    private static bool Fits(AuditEntry entry, ListAuditEntriesRequest request) =>
        (request.Actor.Length == 0 || entry.Actor == request.Actor)
        && (request.Resource.Length == 0 || entry.Resource == request.Resource || entry.Resource.StartsWith($"{request.Resource}/", StringComparison.Ordinal))
        && (request.StartTime is null || entry.Time.CompareTo(request.StartTime) >= 0)
        && (request.EndTime is null || entry.Time.CompareTo(request.EndTime) < 0);
}
