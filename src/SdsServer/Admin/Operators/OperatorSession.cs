namespace SdsServer.Admin.Operators;

/// <summary>A connection of an operator with a certificate; ends with it.</summary>
/// <param name="ValidUntil">When the certificate ends.</param>
/// <param name="Withdrawn">Fires when what it ends at is trusted no more.</param>
internal sealed record OperatorSession(Operator Operator, DateTimeOffset ValidUntil, CancellationToken Withdrawn);
