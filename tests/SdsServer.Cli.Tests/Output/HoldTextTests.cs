using SdsServer.Cli.Output;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Cli.Tests.Output;

public sealed class HoldTextTests
{
    [Fact]
    public void A_webhooks_no_is_told_with_the_command_that_passes_over_it()
    {
        Refusal refusal = new()
        {
            Code = RefusalCode.Held,
            Blockers = { new Blocker { Subject = "trustDomains/example.org", Reason = BlockerReason.Webhook, Overridable = true } },
            BlockerCounts = { new BlockerCount { Reason = BlockerReason.Webhook, Count = 1 } },
        };

        const string command = "to pass over who blocks, in your name: sdsctl rotation advance --override webhook";
        Assert.Equal([command], HoldText.Advice(new Rotation { Held = true, HoldCause = HoldCause.Webhook, Gate = new Gate { Refusal = refusal } }));
        Assert.Equal(["ask the webhook again with 'sdsctl rotation unhold'", command], RefusalText.Advice(refusal));
    }
}
