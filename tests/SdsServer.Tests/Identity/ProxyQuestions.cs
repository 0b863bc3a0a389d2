using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;

namespace SdsServer.Tests.Identity;

/// <summary>
/// The proxy of this process's environment: it is none, and keeps whom it was asked about. A client that has one of its own choice, or will have none, does not ask.
/// </summary>
internal sealed class ProxyQuestions : IWebProxy
{
    private static readonly ConcurrentBag<string> s_asked = [];

    public ICredentials? Credentials { get; set; }

    /// <summary>Whether a client wanted to know how to get to this server.</summary>
    public static bool About(string address) => s_asked.Contains(new Uri(address).Authority);

    public Uri? GetProxy(Uri destination)
    {
        s_asked.Add(destination.Authority);
        return null;
    }

    public bool IsBypassed(Uri host) => GetProxy(host) is null;

    // There is one for the whole process, and clients read it when they first send something.
#pragma warning disable CA2255
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Install() => HttpClient.DefaultProxy = new ProxyQuestions();
}
