namespace SdsServer.Core.Access;

/// <summary>What makes a token one for joining: it lets its bearer enrol, and opens no stream.</summary>
/// <param name="Uses">How often it may be used; 0 for as often as one likes until it ends.</param>
/// <param name="Used">How often it was.</param>
public sealed record JoinTerms(int Uses, int Used)
{
    /// <summary>There is nothing left of it.</summary>
    public bool IsSpent => Uses > 0 && Used >= Uses;
}
