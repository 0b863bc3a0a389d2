namespace SdsServer.Core.Pki;

/// <summary>A certificate was refused. The message says what is wrong and what to do; nothing was signed.</summary>
public sealed class IssuanceException(string message) : Exception(message);
