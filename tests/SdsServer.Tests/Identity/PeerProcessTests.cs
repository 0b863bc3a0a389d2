using SdsServer.Identity;
using SdsServer.Testing.Processes;

namespace SdsServer.Tests.Identity;

public sealed class PeerProcessTests
{
    [Fact]
    public void Reads_what_it_writes()
    {
        PeerProcess self = PeerProcess.Find(Environment.ProcessId)!;

        Assert.Equal(self, PeerProcess.Parse(self.ToString()));
        Assert.False(self.HasEnded());
    }

    [Theory]
    [InlineData("ip:10.0.0.1")]
    [InlineData("user:0")]
    [InlineData("process:boot/1/x/2")]
    [InlineData("process:boot/1/2")]
    public void Other_peers_are_no_processes(string peer) => Assert.Null(PeerProcess.Parse(peer));

    [Fact]
    public void A_process_that_exited_has_ended_even_before_it_is_reaped()
    {
        using System.Diagnostics.Process child = System.Diagnostics.Process.Start("sleep", "600");
        PeerProcess process = PeerProcess.Find(child.Id)!;
        Assert.False(process.HasEnded());

        child.Kill();
        child.WaitForExit();

        Assert.True(process.HasEnded());
    }

    [Fact]
    public void A_reused_process_id_is_another_process()
    {
        PeerProcess self = PeerProcess.Find(Environment.ProcessId)!;

        Assert.True((self with { StartedAt = "1" }).HasEnded());
    }

    [Fact]
    public void Whoever_was_there_before_the_machine_booted_has_ended()
    {
        PeerProcess self = PeerProcess.Find(Environment.ProcessId)!;

        Assert.True((self with { Boot = "another" }).HasEnded());
    }

    [Fact]
    public void Nothing_is_said_about_a_process_of_another_namespace()
    {
        PeerProcess self = PeerProcess.Find(Environment.ProcessId)!;

        Assert.False((self with { Namespace = "1", StartedAt = "1" }).HasEnded());
    }

    [Fact]
    public void A_look_that_fails_ends_nobody()
    {
        PeerProcess self = PeerProcess.Find(Environment.ProcessId)!;
        using TemporaryDirectory proc = new("sdsserver-proc");
        Assert.True(self.HasEnded(proc.Path));

        // What cannot be read, for want of a file descriptor for instance, says nothing of the process.
        Directory.CreateDirectory(Path.Combine(proc.Path, $"{self.Pid}", "stat"));

        Assert.False(self.HasEnded(proc.Path));
    }
}
