namespace SdsServer.Storage;

/// <summary>
/// The store cannot be opened as it is, and nothing in it was changed. The message names what is wrong, where, and what to do;
/// it never holds key material. The process should report it and end: a retry without an operator cannot help.
/// </summary>
public sealed class StoreOpenException(string message, Exception? inner = null) : Exception(message, inner);
