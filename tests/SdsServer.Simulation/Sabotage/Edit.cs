namespace SdsServer.Simulation.Sabotage;

/// <summary>One change of one file.</summary>
/// <param name="File">Under <c>src</c>.</param>
/// <param name="Old">Text that the file holds exactly once.</param>
/// <param name="New">What stands there instead.</param>
internal sealed record Edit(string File, string Old, string New);
