using System.Reflection;
using SdsServer.Hosting;
using SdsServer.Testing;

namespace SdsServer.Tests.Hosting;

/// <summary>The page lists what there is to set, all of it.</summary>
public sealed class ConfigurationPageTests
{
    [Fact]
    public void Names_every_setting()
    {
        string page = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "configuration.md"));

        Assert.DoesNotContain(Settings(typeof(ServerOptions), ""), setting => !Names(page, setting));
    }

    // The members of a small list are told of in one line.
    private static bool Names(string page, string setting) =>
        page.Contains($"`{setting}`", StringComparison.Ordinal)
        || (setting.Contains(":*:", StringComparison.Ordinal) && page.Contains($"`{setting.Split(':')[^1]}`", StringComparison.Ordinal));

    private static IEnumerable<string> Settings(Type section, string prefix)
    {
        foreach (PropertyInfo property in section.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
        {
            Type? element = property.PropertyType.IsGenericType && property.PropertyType.GetGenericTypeDefinition() == typeof(List<>) ? property.PropertyType.GetGenericArguments()[0] : null;
            if (element?.Namespace!.StartsWith("SdsServer", StringComparison.Ordinal) == true)
            {
                foreach (string inner in Settings(element, $"{prefix}{property.Name}:*:"))
                {
                    yield return inner;
                }

                continue;
            }

            bool nested = property.PropertyType.Namespace!.StartsWith("SdsServer", StringComparison.Ordinal) && !property.PropertyType.IsEnum;
            if (nested)
            {
                foreach (string inner in Settings(property.PropertyType, $"{prefix}{property.Name}:"))
                {
                    yield return inner;
                }
            }
            else
            {
                yield return prefix + property.Name;
            }
        }
    }
}
