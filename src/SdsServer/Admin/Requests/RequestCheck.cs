using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using SdsServer.Grpc;
using SdsServer.Protos.Google.Rpc;

namespace SdsServer.Admin.Requests;

/// <summary>Reads the fields of one request and remembers everything that is wrong, so that the caller learns it at once.</summary>
internal sealed partial class RequestCheck(ResourceNames names)
{
    private const int MaxName = 512;
    private const int MaxReason = 500;
    private static readonly long Earliest = DateTimeOffset.MinValue.ToUnixTimeSeconds();
    private static readonly long Latest = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    private readonly BadRequest _wrong = new();
    private RpcException? _missing;

    public void Wrong(string field, string description) =>
        _wrong.FieldViolations.Add(new BadRequest.Types.FieldViolation { Field = field, Description = description });

    public void Require(string field, bool holds, string description)
    {
        if (!holds)
        {
            Wrong(field, description);
        }
    }

    /// <summary>The name of the trust domain.</summary>
    public void TrustDomain(string field, string name)
    {
        if (name.Length > MaxName || name.Split('/') is not [ResourceNames.TrustDomains, { Length: > 0 }])
        {
            Wrong(field, $"must be {names.TrustDomain}");
        }
        else if (name != names.TrustDomain)
        {
            _missing ??= AdminErrors.NotFound(name, $"this server has one trust domain, {names.TrustDomain}");
        }
    }

    /// <summary>The id in a name of the collection; empty when it is wrong.</summary>
    public string Id(string field, string name, string collection)
    {
        if (name.Length > MaxName || ResourceNames.Split(name, collection) is not { } found)
        {
            Wrong(field, $"must be {names.TrustDomain}/{collection}/ID");
            return "";
        }

        if (found.TrustDomain != names.TrustDomain)
        {
            _missing ??= AdminErrors.NotFound(name, $"this server has one trust domain, {names.TrustDomain}");
        }

        return found.Id;
    }

    /// <summary>An id the caller chooses.</summary>
    public void NewId(string field, string id) => Require(field, IdPattern().IsMatch(id), "must be 1 to 63 of a-z, 0-9 and -");

    /// <summary>The revision the caller decided on.</summary>
    public void Revision(long revision) => Require("expected_revision", revision > 0, "must be the TrustDomain.revision you decided on; read it with GetTrustDomain");

    /// <summary>The same where 0 stands for "not checked"; null then.</summary>
    public long? OptionalRevision(long revision)
    {
        Require("expected_revision", revision >= 0, "must be a TrustDomain.revision, or 0 for not checked");
        return revision > 0 ? revision : null;
    }

    /// <summary>Free text for the log: one line.</summary>
    public void Reason(string reason) => Line("reason", reason, MaxReason);

    public void Line(string field, string text, int length) =>
        Require(field, text.Length <= length && !text.Any(char.IsControl), $"must be one line of at most {length} characters");

    /// <summary>A time span within bounds; null when it is unset or wrong.</summary>
    public TimeSpan? Span(string field, Duration? duration, TimeSpan least, TimeSpan most)
    {
        if (duration is null)
        {
            return null;
        }

        // Compared as seconds: ToTimeSpan throws for what no TimeSpan can hold.
        if (duration.Seconds < (long)least.TotalSeconds || duration.Seconds > (long)most.TotalSeconds || duration.Nanos is < 0 or > 999_999_999
            || duration.ToTimeSpan() is var span && (span < least || span > most))
        {
            Wrong(field, $"must be between {least:c} and {most:c} ([days.]hours:minutes:seconds)");
            return null;
        }

        return duration.ToTimeSpan();
    }

    /// <summary>A point in time; null when it is unset or wrong.</summary>
    public DateTimeOffset? Time(string field, Timestamp? time)
    {
        if (time is null)
        {
            return null;
        }

        if (time.Seconds < Earliest || time.Seconds > Latest || time.Nanos is < 0 or > 999_999_999)
        {
            Wrong(field, "must be a time of the years 1 to 9999");
            return null;
        }

        return time.ToDateTimeOffset();
    }

    /// <exception cref="RpcException">INVALID_ARGUMENT with everything that is wrong, or NOT_FOUND for another trust domain.</exception>
    public void Done()
    {
        if (_wrong.FieldViolations.Count > 0)
        {
            throw AdminErrors.Invalid(_wrong);
        }

        if (_missing is not null)
        {
            throw _missing;
        }
    }

    [GeneratedRegex("^[a-z0-9-]{1,63}$")]
    private static partial Regex IdPattern();
}
