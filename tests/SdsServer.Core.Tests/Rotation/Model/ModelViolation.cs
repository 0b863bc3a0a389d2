namespace SdsServer.Core.Tests.Rotation.Model;

/// <summary>The promise was broken.</summary>
internal sealed class ModelViolation(string what) : Exception(what);
