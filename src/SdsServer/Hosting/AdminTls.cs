using SdsServer.Admin.Operators;

namespace SdsServer.Hosting;

/// <summary>What the operators' TCP listener needs.</summary>
/// <param name="Certificate">It serves with.</param>
/// <param name="Operators">Who may connect.</param>
/// <param name="Time">By which their certificates end.</param>
internal sealed record AdminTls(IServingCertificate Certificate, CertificateOperators Operators, TimeProvider Time);
