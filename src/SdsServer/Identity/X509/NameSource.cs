namespace SdsServer.Identity.X509;

/// <summary>Which name of a certificate a rule looks at.</summary>
internal enum NameSource
{
    Uri,
    Dns,
    CommonName,
}
