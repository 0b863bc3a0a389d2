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

        Assert.DoesNotContain(Settings(typeof(ServerOptions), ""), setting => !page.Contains($"`{setting}`", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Settings(Type section, string prefix)
    {
        foreach (PropertyInfo property in section.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
        {
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
