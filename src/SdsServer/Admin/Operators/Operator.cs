namespace SdsServer.Admin.Operators;

/// <summary>Who calls the admin API.</summary>
/// <param name="Name">As the log has it: <c>unix:uid=1000</c>, <c>x509:spiffe://example.org/ops/alice</c>.</param>
internal sealed record Operator(string Name, OperatorRole Role);
