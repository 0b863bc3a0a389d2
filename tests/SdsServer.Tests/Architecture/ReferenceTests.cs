using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using SdsServer.Testing;

namespace SdsServer.Tests.Architecture;

/// <summary>Which project may know which. A new arrow is a decision, not an accident.</summary>
public sealed class ReferenceTests
{
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["SdsServer.Protos"] = [],
        ["SdsServer.Grpc"] = [],
        ["SdsServer.Core"] = [],
        ["SdsServer.Storage"] = ["SdsServer.Core"],
        ["SdsServer"] = ["SdsServer.Core", "SdsServer.Grpc", "SdsServer.Protos", "SdsServer.Storage"],
        ["SdsServer.Cli"] = ["SdsServer.Core", "SdsServer.Grpc", "SdsServer.Protos"],
    };

    public static TheoryData<string> Projects => [.. Arrows.Keys];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Knows_only_the_projects_below_it(string project)
    {
        string[] ours = [.. References(AssemblyOf(project)).Where(name => name.StartsWith("SdsServer", StringComparison.Ordinal))];

        Assert.Empty(ours.Except(Arrows[project]));
    }

    [Fact]
    public void Core_knows_no_web_server_no_database_and_no_protocol()
    {
        string[] foreign = ["Microsoft.AspNetCore", "Microsoft.Data", "Microsoft.Extensions", "Google.Protobuf", "Dapper", "System.Net.Http", "System.Data.Common"];

        Assert.DoesNotContain(References(AssemblyOf("SdsServer.Core")), name => foreign.Any(part => name.StartsWith(part, StringComparison.Ordinal)));
    }

    [Fact]
    public void Each_project_in_src_is_listed_here()
    {
        string[] projects = [.. Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "src"), "*.csproj", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension).OfType<string>()];

        Assert.Equal(Arrows.Keys.Order(StringComparer.Ordinal), projects.Order(StringComparer.Ordinal));
    }

    private static string AssemblyOf(string project)
    {
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        string file = (project == "SdsServer.Cli" ? "sdsctl" : project) + ".dll";
        return Path.Combine(RepositoryRoot.Path, ".artifacts", "bin", project, configuration, file);
    }

    private static List<string> References(string assembly)
    {
        using PEReader reader = new(File.OpenRead(assembly));
        MetadataReader metadata = reader.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }
}
