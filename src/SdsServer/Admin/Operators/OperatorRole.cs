namespace SdsServer.Admin.Operators;

/// <summary>What an operator may do; each role may do what those before it may.</summary>
public enum OperatorRole
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Look.</summary>
    Viewer,

    /// <summary>Move the mesh from root to root, within its guards.</summary>
    Operator,

    /// <summary>Everything: give credentials, pass over guards, delete authorities.</summary>
    Admin,
}
