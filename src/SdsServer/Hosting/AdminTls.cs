using SdsServer.Admin.Operators;
using SdsServer.Limits;

namespace SdsServer.Hosting;

/// <summary>What the operators' TCP listener needs.</summary>
/// <param name="Certificate">It serves with.</param>
/// <param name="Operators">Who may connect.</param>
/// <param name="Gate">Lets connections in; one of its own, so that what comes to the proxies' listeners keeps no operator out.</param>
/// <param name="Time">By which their certificates end.</param>
internal sealed record AdminTls(IServingCertificate Certificate, CertificateOperators Operators, ConnectionGate Gate, TimeProvider Time);
