namespace SdsServer.Tests.Xds;

/// <summary>The four ways a proxy may ask for secrets.</summary>
public enum Transport
{
    Sotw,
    Delta,
    Ads,
    AdsDelta,
}
