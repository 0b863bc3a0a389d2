namespace SdsServer.Hosting;

/// <summary>What a connection may be used for; set by the listener that accepted it.</summary>
internal enum ListenerRole
{
    Xds,
    Admin,
}
