using SdsServer.Identity;
using SdsServer.Testing.Processes;
using SdsServer.Tests.Identity.Registrations;

namespace SdsServer.Tests.Identity;

public sealed class UnixProcessTests
{
    private static readonly UnixPeer Self = new(Environment.ProcessId, UnixUser.Id, 0);

    [Fact]
    public void Tells_the_program_and_the_control_group()
    {
        UnixProcess process = UnixProcess.Of(Self);

        Assert.Equal(Environment.ProcessPath, process.Path);
        Assert.True(process.Cgroup is null or ['/', ..]);
    }

    [Fact]
    public void Says_nothing_of_a_process_of_another_user() => Assert.Equal(new UnixProcess(null, null), UnixProcess.Of(Self with { Uid = UnixUser.Id + 1 }));

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Says_nothing_of_a_process_that_cannot_be_seen(int pid) => Assert.Equal(new UnixProcess(null, null), UnixProcess.Of(Self with { Pid = pid }));

    [Theory]
    [InlineData("Uid:\t7\t7\t7\t7\n", "0::/system.slice/web.service\n", "/usr/bin/envoy", "/usr/bin/envoy", "/system.slice/web.service")]
    [InlineData("Uid:\t7\t7\t7\t7\n", "12:pids:/x\n0::/\n", "/usr/bin/envoy (deleted)", null, "/")]
    [InlineData("Uid:\t7\t7\t7\t7\n", "12:pids:/x\n", null, null, null)]
    [InlineData("Uid:\t0\t7\t7\t7\n", "0::/a\n", "/usr/bin/envoy", null, null)]
    [InlineData("Uid:\t7\t0\t7\t7\n", "0::/a\n", "/usr/bin/envoy", null, null)]
    [InlineData("Name:\tx\n", "0::/a\n", "/usr/bin/envoy", null, null)]
    public void Believes_procfs_where_all_of_it_agrees(string status, string cgroup, string? program, string? path, string? group)
    {
        using TemporaryDirectory proc = new("sdsserver-proc");
        string directory = Directory.CreateDirectory(proc.PathOf($"{Environment.ProcessId}")).FullName;
        File.WriteAllText(Path.Combine(directory, "status"), status);
        File.WriteAllText(Path.Combine(directory, "cgroup"), cgroup);
        if (program is not null)
        {
            File.CreateSymbolicLink(Path.Combine(directory, "exe"), program);
        }

        Assert.Equal(new UnixProcess(path, group), UnixProcess.Of(Self with { Uid = 7 }, proc.Path));
    }
}
