namespace SdsServer.Core.Access;

/// <summary>Something that is wrong with a registration.</summary>
/// <param name="Field">As the admin API calls it: <c>spiffe_id</c>.</param>
/// <param name="Problem">What is wrong, and what to do.</param>
public sealed record RegistrationFault(string Field, string Problem);
