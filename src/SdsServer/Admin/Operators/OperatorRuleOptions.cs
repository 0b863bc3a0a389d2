namespace SdsServer.Admin.Operators;

/// <summary>Who has a role. One of the three names.</summary>
public sealed class OperatorRuleOptions
{
    /// <summary>The certificate's only URI name is this.</summary>
    public string SpiffeId { get; set; } = "";

    /// <summary>The certificate's only URI name is below this, which ends in a slash: <c>spiffe://corp.example/ops/</c>.</summary>
    public string SpiffeIdPrefix { get; set; } = "";

    /// <summary>The certificate's subject is this, written as in <c>CN=alice,O=Ops</c>.</summary>
    public string Subject { get; set; } = "";

    /// <summary><c>viewer</c>, <c>operator</c> or <c>admin</c>.</summary>
    public string Role { get; set; } = "";
}
