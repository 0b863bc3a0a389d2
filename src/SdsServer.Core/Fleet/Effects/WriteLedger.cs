using SdsServer.Core.Rotation;

namespace SdsServer.Core.Fleet.Effects;

/// <summary>Write the row, then report <see cref="Completions.LedgerWritten"/> or <see cref="Completions.LedgerFailed"/>.</summary>
public sealed record WriteLedger(long Ticket, LedgerInsert Insert) : EngineEffect;
