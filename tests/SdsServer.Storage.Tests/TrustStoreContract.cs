using System.Security.Cryptography;
using SdsServer.Core.Access;
using SdsServer.Core.Audit;
using SdsServer.Core.Enrolment;
using SdsServer.Core.Fleet;
using SdsServer.Core.Rotation;
using static SdsServer.Storage.Tests.Samples;

namespace SdsServer.Storage.Tests;

/// <summary>What every <see cref="ITrustStore"/> does; each store's tests derive from it.</summary>
public abstract class TrustStoreContract : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    protected ITrustStore Store { get; private set; } = null!;

    public static TheoryData<string> TermedWrites => new(Writes.Keys);

    private static Dictionary<string, Func<ITrustStore, long, Task>> Writes { get; } = new()
    {
        ["save"] = (store, term) => store.SaveAsync(State(term, revision: 2), [Entry("stale")], [], None),
        ["insert"] = (store, term) => store.InsertLeavesAsync(TrustDomain, term, [Insert(2)], None),
        ["states"] = (store, term) => store.SetLeafStatesAsync(TrustDomain, term, [(Row(1).Serial, LeafState.Superseded)], None),
        ["log"] = (store, term) => store.AppendLogAsync(TrustDomain, term, [Entry("refused")], None),
        ["token"] = (store, term) => store.AddTokenAsync(TrustDomain, term, Token("t2"), Entry("token"), None),
        ["token's end"] = (store, term) => store.DeleteTokenAsync(TrustDomain, term, "t1", Entry("token"), None),
        ["registration"] = (store, term) => store.AddRegistrationAsync(TrustDomain, term, Registration("r2"), Entry("register"), None),
        ["registration's change"] = (store, term) => store.UpdateRegistrationAsync(TrustDomain, term, Registration("r1", revision: 2), Entry("register"), None),
        ["registration's end"] = (store, term) => store.DeleteRegistrationAsync(TrustDomain, term, "r1", null, Entry("register"), None),
        ["enrolment authority"] = (store, term) => store.AddEnrolmentAuthorityAsync(TrustDomain, term, EnrolmentAuthority("enrolment/2"), new byte[] { 2 }, Entry("rotate"), None),
        ["enrolment"] = (store, term) => store.EnrolAsync(TrustDomain, term, Enrolled(1, "join"), KeepAll, Entry("enrol"), None),
        ["enrolment's renewal"] = (store, term) => store.RenewEnrolmentAsync(TrustDomain, term, Enrolled(9).Serial, Enrolled(2) with { EnrolmentId = Enrolled(9).Serial }, 10, Entry("renew"), None),
        ["enrolment's end"] = (store, term) => store.RevokeEnrolmentsAsync(
            TrustDomain, term, new EnrolmentRevocation("", Enrolled(9).SpiffeId, Now, new IdentityCutoff(Enrolled(9).SpiffeId, Now)), Entry("revoke"), None),
        ["enrolments' pruning"] = (store, term) => store.PruneEnrolmentsAsync(TrustDomain, term, DateTimeOffset.MaxValue, None),
        ["slots"] = (store, term) => store.RaiseSlotsAsync(TrustDomain, term, "instance-1", 9, 9, None),
        ["prune"] = (store, term) => store.PruneLedgerAsync(TrustDomain, term, DateTimeOffset.MaxValue, None),
        ["put roster"] = (store, term) => store.PutRosterAsync(TrustDomain, term, Consumer("export-2"), None),
        ["remove roster"] = (store, term) => store.RemoveRosterAsync(TrustDomain, term, "export-1", None),
        ["add key"] = (store, term) => store.AddKeyAsync(TrustDomain, term, "ca-new", new byte[] { 1 }, None),
        ["delete key"] = (store, term) => store.DeleteKeyAsync(TrustDomain, term, "ca-old", None),
    };

    /// <summary>Opens the same medium, the first time and again.</summary>
    protected abstract Task<ITrustStore> OpenAsync();

    public virtual async Task InitializeAsync() => Store = await OpenAsync();

    public virtual async Task DisposeAsync() => await Store.DisposeAsync();

    [Fact]
    public async Task A_new_store_is_empty_and_its_terms_count_from_one()
    {
        TrustRecord first = await BeginAsync();
        Assert.Equal(1, first.Term);
        Assert.Null(first.State);
        Assert.Empty(first.Ledger);
        Assert.Empty(first.Roster);
        Assert.Equal(2, (await BeginAsync()).Term);
        Assert.Equal(1, (await Store.BeginTermAsync("other.example", KeepAll, None)).Term);
    }

    [Fact]
    public async Task Everything_comes_back_whole_after_a_restart()
    {
        long term = (await BeginAsync()).Term;
        await Store.SaveAsync(State(term, 1), [Entry("begin"), Entry("add trust")], [], None);
        await Store.InsertLeavesAsync(TrustDomain, term, [Insert(3), Insert(1), Insert(2)], None);
        await Store.SetLeafStatesAsync(TrustDomain, term, [(Row(2).Serial, LeafState.Nacked)], None);
        await Store.PutRosterAsync(TrustDomain, term, Consumer("export-1"), None);
        await Store.AddKeyAsync(TrustDomain, term, "ca-old", new byte[] { 1, 2, 3 }, None);
        await Store.AddTokenAsync(TrustDomain, term, Token("t1"), Entry("token"), None);

        await ReopenAsync();

        TrustRecord found = await BeginAsync();
        Assert.Equal(term + 1, found.Term);
        Assert.Equivalent(State(term, 1), found.State, strict: true);
        Assert.Equivalent(new[] { Row(3), Row(1), Row(2) with { State = LeafState.Nacked } }, found.Ledger, strict: true);
        Assert.Equal([Row(3).Serial, Row(1).Serial, Row(2).Serial], found.Ledger.Select(row => row.Serial));
        Assert.Equal([Consumer("export-1")], found.Roster);
        Assert.Equal([1, 2, 3], await Store.ReadKeyAsync(TrustDomain, "ca-old", None));
        Assert.Equivalent(new[] { Token("t1") }, await Store.ReadTokensAsync(TrustDomain, None), strict: true);
        Assert.Equal([Entry("begin"), Entry("add trust"), Entry("token")], (await Store.ReadLogAsync(TrustDomain, 0, 10, None)).Select(it => it.Entry));
    }

    [Fact]
    public async Task A_state_without_optional_parts_comes_back_whole()
    {
        TrustState state = State((await BeginAsync()).Term, 1) with { Plan = null, Authorities = [], Roots = [] };
        await Store.SaveAsync(state, [], [], None);
        Assert.Equivalent(state, (await BeginAsync()).State, strict: true);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_state_that_does_not_follow_the_stored_one_is_refused_with_its_log(long revision)
    {
        long term = (await BeginAsync()).Term;
        await Store.SaveAsync(State(term, 1), [Entry("first")], [], None);

        StaleRevisionException error = await Assert.ThrowsAsync<StaleRevisionException>(
            () => Store.SaveAsync(State(term, revision) with { Floor = 99 }, [Entry("refused")], [], None));

        Assert.Equal((revision - 1, 1), (error.Expected, error.Found));
        Assert.Single(await Store.ReadLogAsync(TrustDomain, 0, 10, None));
        Assert.Equivalent(State(term, 1), (await BeginAsync()).State, strict: true);
    }

    [Fact]
    public async Task Of_racing_saves_of_one_revision_exactly_one_wins()
    {
        long term = (await BeginAsync()).Term;
        Task[] racers = [.. Enumerable.Range(0, 20).Select(i => Task.Run(() => Store.SaveAsync(State(term, 1) with { Floor = i }, [Entry($"{i}")], [], None)))];
        await Task.WhenAll(racers).ContinueWith(_ => { }, TaskScheduler.Default);

        int winner = Array.FindIndex(racers, it => it.IsCompletedSuccessfully);
        Assert.Equal(19, racers.Count(it => it.Exception?.InnerException is StaleRevisionException));
        Assert.Equal(winner, (await BeginAsync()).State!.Floor);
        Assert.Equal($"{winner}", Assert.Single(await Store.ReadLogAsync(TrustDomain, 0, 99, None)).Entry.Action);
    }

    [Theory]
    [MemberData(nameof(TermedWrites))]
    public async Task A_write_of_an_ended_term_is_refused_and_changes_nothing(string write)
    {
        long term = await PopulateAsync();
        TrustRecord before = await BeginAsync();

        StaleTermException error = await Assert.ThrowsAsync<StaleTermException>(() => Writes[write](Store, term));

        Assert.Equal((term, before.Term), (error.Held, error.Current));
        Assert.Equivalent(before with { Term = before.Term + 1 }, await BeginAsync(), strict: true);
        Assert.Single(await Store.ReadLogAsync(TrustDomain, 0, 10, None));
        Assert.Empty(await Store.ReadTokensAsync(TrustDomain, None));
        Assert.Equivalent(new EnrolmentRecord([], [], []), await Store.ReadEnrolmentsAsync(TrustDomain, None), strict: true);
        Assert.Equal([7], await Store.ReadKeyAsync(TrustDomain, "ca-old", None));
        await Assert.ThrowsAsync<KeyNotFoundException>(() => Store.ReadKeyAsync(TrustDomain, "ca-new", None));
    }

    [Theory]
    [MemberData(nameof(TermedWrites))]
    public async Task The_same_write_of_the_running_term_is_taken(string write) => await Writes[write](Store, await PopulateAsync());

    [Theory]
    [MemberData(nameof(TermedWrites))]
    public async Task A_write_of_a_term_that_never_began_is_refused(string write)
    {
        await Assert.ThrowsAsync<StaleTermException>(() => Writes[write](Store, 0));
        await Assert.ThrowsAsync<StaleTermException>(() => Writes[write](Store, 1));
        await Store.BeginTermAsync("other.example", KeepAll, None);
        await Assert.ThrowsAsync<StaleTermException>(() => Writes[write](Store, 1));
    }

    [Fact]
    public async Task A_row_is_refused_when_the_signer_moved_and_the_others_of_its_batch_are_written()
    {
        long term = (await BeginAsync()).Term;
        await Store.SaveAsync(State(term, 1, signerRevision: 5), [], [], None);

        IReadOnlyList<bool> written = await Store.InsertLeavesAsync(TrustDomain, term, [Insert(1, 5), Insert(2, 4), Insert(3, 6), Insert(4, 5)], None);

        Assert.Equal([true, false, false, true], written);
        Assert.Equal([Row(1).Serial, Row(4).Serial], (await BeginAsync()).Ledger.Select(row => row.Serial));
    }

    [Fact]
    public async Task No_row_is_written_before_there_is_a_state()
    {
        long term = (await BeginAsync()).Term;
        Assert.Equal([false, false], await Store.InsertLeavesAsync(TrustDomain, term, [Insert(1, 0), Insert(2, 1)], None));
        Assert.Empty((await BeginAsync()).Ledger);
    }

    [Fact]
    public async Task A_serial_number_that_is_taken_fails_its_whole_batch()
    {
        long term = await PopulateAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => Store.InsertLeavesAsync(TrustDomain, term, [Insert(2), Insert(1)], None));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Store.InsertLeavesAsync(TrustDomain, term, [Insert(3), Insert(3)], None));
        Assert.Equal([Row(1).Serial], (await BeginAsync()).Ledger.Select(row => row.Serial));
    }

    [Fact]
    public async Task A_term_begins_without_superseded_rows_and_those_past_their_retention()
    {
        long term = await PopulateAsync();
        await Store.InsertLeavesAsync(TrustDomain, term, [Insert(2), Insert(3), Insert(4)], None);
        await Store.SetLeafStatesAsync(TrustDomain, term, [(Row(3).Serial, LeafState.Superseded), ("unknown", LeafState.Acked)], None);

        TrustRecord found = await Store.BeginTermAsync(TrustDomain, Row(2).NotAfter, None);

        Assert.Equal([Row(2).Serial, Row(4).Serial], found.Ledger.Select(row => row.Serial));
        Assert.Equal([1, 2, 4], (await BeginAsync()).Ledger.Select(row => Convert.ToInt32(row.Serial, 16)));
    }

    // The floor of the state rests on it: what is written lazily comes too late to undo it.
    [Fact]
    public async Task A_leaf_expires_with_the_state_or_not_at_all_and_stays_so()
    {
        long term = await PopulateAsync();
        await Store.InsertLeavesAsync(TrustDomain, term, [Insert(2)], None);
        await Assert.ThrowsAsync<StaleRevisionException>(() => Store.SaveAsync(State(term, 7), [], [Row(1).Serial], None));
        Assert.Equal([LeafState.Issued, LeafState.Issued], await StatesAsync());

        term = (await BeginAsync()).Term;
        await Store.SaveAsync(State(term, 2), [], [Row(1).Serial, "unknown"], None);
        await Store.SetLeafStatesAsync(TrustDomain, term, [(Row(1).Serial, LeafState.Acked), (Row(2).Serial, LeafState.Acked)], None);
        Assert.Equal([LeafState.Expired, LeafState.Acked], await StatesAsync());

        async Task<LeafState[]> StatesAsync() => [.. (await BeginAsync()).Ledger.Select(row => row.State)];
    }

    [Fact]
    public async Task Pruning_deletes_what_a_term_would_begin_without()
    {
        long term = await PopulateAsync();
        await Store.InsertLeavesAsync(TrustDomain, term, [Insert(2), Insert(3), Insert(4)], None);
        await Store.SetLeafStatesAsync(TrustDomain, term, [(Row(3).Serial, LeafState.Superseded)], None);

        Assert.Equal(2, await Store.PruneLedgerAsync(TrustDomain, term, Row(2).NotAfter, None));
        Assert.Equal(0, await Store.PruneLedgerAsync(TrustDomain, term, Row(2).NotAfter, None));

        Assert.Equal([2, 4], (await BeginAsync()).Ledger.Select(row => Convert.ToInt32(row.Serial, 16)));
    }

    [Fact]
    public async Task Thousands_of_leaf_states_are_recorded_at_once()
    {
        long term = await PopulateAsync();
        await Store.InsertLeavesAsync(TrustDomain, term, [.. Enumerable.Range(10, 5_000).Select(i => Insert(i, instance: $"i{i}"))], None);
        await Store.SetLeafStatesAsync(
            TrustDomain, term, [.. Enumerable.Range(10, 5_000).Select(i => (Row(i).Serial, i % 3 == 0 ? LeafState.Acked : LeafState.Superseded))], None);

        IReadOnlyList<LedgerRow> ledger = (await BeginAsync()).Ledger;
        Assert.Equal(1 + Enumerable.Range(10, 5_000).Count(i => i % 3 == 0), ledger.Count);
        Assert.All(ledger.Skip(1), row => Assert.Equal(LeafState.Acked, row.State));
    }

    [Fact]
    public async Task Slots_are_raised_on_every_row_and_the_roster_entry_of_an_instance_and_never_lowered()
    {
        long term = await PopulateAsync();
        await Store.InsertLeavesAsync(TrustDomain, term, [Insert(2), Insert(3, instance: "instance-2")], None);
        await Store.PutRosterAsync(TrustDomain, term, Consumer("instance-1", 3), None);

        await Store.RaiseSlotsAsync(TrustDomain, term, "instance-1", 5, 1, None);
        TrustRecord raised = await BeginAsync();
        Assert.Equal([(5, 3), (5, 3), (2, 3)], raised.Ledger.Select(row => (row.BundleSlots, row.LeafSlots)));
        await Store.RaiseSlotsAsync(TrustDomain, raised.Term, "instance-1", 4, 6, None);

        TrustRecord found = await BeginAsync();
        Assert.Equal([(5, 6), (5, 6), (2, 3)], found.Ledger.Select(row => (row.BundleSlots, row.LeafSlots)));
        Assert.Equal([1, 5], found.Roster.OrderBy(it => it.InstanceId).Select(it => it.BundleSlots));
    }

    [Fact]
    public async Task A_row_built_before_its_instances_slots_rose_is_written_with_the_raised_ones()
    {
        long term = await PopulateAsync();
        await Store.RaiseSlotsAsync(TrustDomain, term, "instance-1", 5, 1, None);
        await Store.InsertLeavesAsync(TrustDomain, term, [Insert(2), Insert(3, instance: "instance-2")], None);
        Assert.Equal([(5, 3), (5, 3), (2, 3)], (await BeginAsync()).Ledger.Select(row => (row.BundleSlots, row.LeafSlots)));
    }

    [Fact]
    public async Task A_roster_entry_is_replaced_and_removed_by_its_instance()
    {
        long term = await PopulateAsync();
        await Store.PutRosterAsync(TrustDomain, term, Consumer("export-2"), None);
        await Store.PutRosterAsync(TrustDomain, term, Consumer("export-2", 4), None);
        await Store.RemoveRosterAsync(TrustDomain, term, "export-1", None);
        await Store.RemoveRosterAsync(TrustDomain, term, "export-1", None);
        Assert.Equal([Consumer("export-2", 4)], (await BeginAsync()).Roster);
    }

    [Fact]
    public async Task A_key_is_kept_as_it_was_given_and_belongs_to_its_reader()
    {
        long term = (await BeginAsync()).Term;
        byte[] key = RandomNumberGenerator.GetBytes(200);
        byte[] given = [.. key];
        await Store.AddKeyAsync(TrustDomain, term, "ca", given, None);
        CryptographicOperations.ZeroMemory(given);

        byte[] read = await Store.ReadKeyAsync(TrustDomain, "ca", None);
        Assert.Equal(key, read);
        CryptographicOperations.ZeroMemory(read);
        Assert.Equal(key, await Store.ReadKeyAsync(TrustDomain, "ca", None));
    }

    [Fact]
    public async Task A_key_is_never_replaced_but_may_be_deleted()
    {
        long term = await PopulateAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => Store.AddKeyAsync(TrustDomain, term, "ca-old", new byte[] { 8 }, None));
        Assert.Equal([7], await Store.ReadKeyAsync(TrustDomain, "ca-old", None));

        await Store.DeleteKeyAsync(TrustDomain, term, "ca-old", None);
        await Store.DeleteKeyAsync(TrustDomain, term, "ca-old", None);
        await Assert.ThrowsAsync<KeyNotFoundException>(() => Store.ReadKeyAsync(TrustDomain, "ca-old", None));
        await Assert.ThrowsAsync<KeyNotFoundException>(() => Store.ReadKeyAsync("other.example", "ca-old", None));
    }

    [Fact]
    public async Task Tokens_come_by_id_and_come_and_go_with_their_line_of_the_log()
    {
        long term = (await BeginAsync()).Term;
        long other = (await Store.BeginTermAsync("other.example", KeepAll, None)).Term;
        Assert.Empty(await Store.ReadTokensAsync(TrustDomain, None));
        Assert.False(await Store.DeleteTokenAsync(TrustDomain, term, "b", Entry("none"), None));
        await Store.AddTokenAsync(TrustDomain, term, Token("b"), Entry("create b"), None);
        await Store.AddTokenAsync(TrustDomain, term, Token("a"), Entry("create a"), None);
        await Store.AddTokenAsync("other.example", other, Token("c"), Entry("theirs"), None);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Store.AddTokenAsync(TrustDomain, term, Token("a") with { DisplayName = "x" }, Entry("taken"), None));
        Assert.Equivalent(new[] { Token("a"), Token("b") }, await Store.ReadTokensAsync(TrustDomain, None), strict: true);

        Assert.True(await Store.DeleteTokenAsync(TrustDomain, term, "b", Entry("delete b"), None));
        Assert.False(await Store.DeleteTokenAsync(TrustDomain, term, "c", Entry("not ours"), None));
        Assert.Equal(["a"], (await Store.ReadTokensAsync(TrustDomain, None)).Select(it => it.Id));
        Assert.Equal(["create b", "create a", "delete b"], (await Store.ReadLogAsync(TrustDomain, 0, 10, None)).Select(it => it.Entry.Action));
    }

    [Fact]
    public async Task Registrations_come_by_id_and_whole_after_a_restart()
    {
        long term = (await BeginAsync()).Term;
        long other = (await Store.BeginTermAsync("other.example", KeepAll, None)).Term;
        Assert.Empty(await Store.ReadRegistrationsAsync(TrustDomain, None));
        await Store.AddRegistrationAsync(TrustDomain, term, Registration("b"), Entry("create b"), None);
        await Store.AddRegistrationAsync(TrustDomain, term, Registration("a"), Entry("create a"), None);
        await Store.AddRegistrationAsync("other.example", other, Registration("c"), Entry("theirs"), None);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Store.AddRegistrationAsync(TrustDomain, term, Registration("a") with { DisplayName = "x" }, Entry("taken"), None));

        await ReopenAsync();

        Assert.Equivalent(new[] { Registration("a"), Registration("b") }, await Store.ReadRegistrationsAsync(TrustDomain, None), strict: true);
        Assert.Equal(["create b", "create a"], (await Store.ReadLogAsync(TrustDomain, 0, 10, None)).Select(it => it.Entry.Action));
    }

    [Fact]
    public async Task A_registration_changes_from_the_revision_that_its_writer_has_seen_and_no_other()
    {
        long term = (await BeginAsync()).Term;
        await Store.AddRegistrationAsync(TrustDomain, term, Registration("a"), Entry("create"), None);

        Assert.False(await Store.UpdateRegistrationAsync(TrustDomain, term, Registration("a", revision: 3), Entry("too new"), None));
        Assert.False(await Store.UpdateRegistrationAsync(TrustDomain, term, Registration("a", revision: 1), Entry("too old"), None));
        Assert.False(await Store.UpdateRegistrationAsync(TrustDomain, term, Registration("x", revision: 2), Entry("another"), None));
        Assert.True(await Store.UpdateRegistrationAsync(TrustDomain, term, Registration("a", revision: 2) with { DisplayName = "new" }, Entry("update"), None));
        Assert.Equal(("new", 2), (await Store.ReadRegistrationsAsync(TrustDomain, None)).Select(it => (it.DisplayName, it.Revision)).Single());

        Assert.False(await Store.DeleteRegistrationAsync(TrustDomain, term, "a", 1, Entry("stale"), None));
        Assert.False(await Store.DeleteRegistrationAsync(TrustDomain, term, "x", null, Entry("another"), None));
        Assert.True(await Store.DeleteRegistrationAsync(TrustDomain, term, "a", 2, Entry("delete"), None));
        Assert.False(await Store.DeleteRegistrationAsync(TrustDomain, term, "a", null, Entry("gone"), None));
        Assert.Empty(await Store.ReadRegistrationsAsync(TrustDomain, None));
        Assert.Equal(["create", "update", "delete"], (await Store.ReadLogAsync(TrustDomain, 0, 10, None)).Select(it => it.Entry.Action));
    }

    [Fact]
    public async Task An_enrolment_spends_a_use_with_its_line_of_the_log_or_nothing_happens()
    {
        long term = await PopulateAsync();
        await Store.AddTokenAsync(TrustDomain, term, JoinToken("join", uses: 2), Entry("token"), None);
        await Store.AddTokenAsync(TrustDomain, term, Token("bearer"), Entry("token"), None);

        Assert.Equivalent(new EnrolmentOutcome(EnrolmentStatus.TokenGone, null), await Store.EnrolAsync(TrustDomain, term, Enrolled(1, "none"), KeepAll, Entry("gone"), None), strict: true);
        Assert.Equivalent(new EnrolmentOutcome(EnrolmentStatus.TokenGone, null), await Store.EnrolAsync(TrustDomain, term, Enrolled(1, "bearer"), KeepAll, Entry("bearer"), None), strict: true);
        Assert.Equivalent(new EnrolmentOutcome(EnrolmentStatus.Enrolled, Enrolled(1)), await Store.EnrolAsync(TrustDomain, term, Enrolled(1), Now, Entry("one"), None), strict: true);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Store.EnrolAsync(TrustDomain, term, Enrolled(1) with { KeyHash = Enrolled(2).KeyHash }, Now, Entry("taken"), None));
        Assert.Equal(EnrolmentStatus.Enrolled, (await Store.EnrolAsync(TrustDomain, term, Enrolled(2), Now, Entry("two"), None)).Status);
        Assert.Equivalent(new EnrolmentOutcome(EnrolmentStatus.TokenSpent, null), await Store.EnrolAsync(TrustDomain, term, Enrolled(3), Now, Entry("three"), None), strict: true);

        await DisposeAsync();
        await InitializeAsync();
        Assert.Equivalent(new EnrolmentRecord([], [Enrolled(1), Enrolled(2)], []), await Store.ReadEnrolmentsAsync(TrustDomain, None), strict: true);
        Assert.Equal([null, new JoinTerms(2, 2)], (await Store.ReadTokensAsync(TrustDomain, None)).Select(token => token.Join));
        Assert.Equal([null, Enrolled(2).IssuedAt], (await Store.ReadTokensAsync(TrustDomain, None)).Select(token => token.LastUsedAt));
        Assert.Equal(["begin", "token", "token", "one", "two"], (await Store.ReadLogAsync(TrustDomain, 0, 99, None)).Select(line => line.Action));
    }

    [Fact]
    public async Task The_same_key_soon_has_its_first_certificate_again_and_spends_nothing()
    {
        long term = await PopulateAsync();
        await Store.AddTokenAsync(TrustDomain, term, JoinToken("join", uses: 1), Entry("token"), None);
        await Store.AddTokenAsync(TrustDomain, term, JoinToken("other", uses: 1), Entry("token"), None);
        EnrolledCertificate again = Enrolled(2) with { KeyHash = Enrolled(1).KeyHash };
        await Store.EnrolAsync(TrustDomain, term, Enrolled(1), Now, Entry("one"), None);

        EnrolmentOutcome repeated = await Store.EnrolAsync(TrustDomain, term, again, Enrolled(1).IssuedAt, Entry("again"), None);

        Assert.Equivalent(new EnrolmentOutcome(EnrolmentStatus.Repeated, Enrolled(1)), repeated, strict: true);
        Assert.Equal(EnrolmentStatus.TokenSpent, (await Store.EnrolAsync(TrustDomain, term, again, Enrolled(1).IssuedAt.AddTicks(1), Entry("late"), None)).Status);
        Assert.Equal(EnrolmentStatus.TokenSpent, (await Store.EnrolAsync(TrustDomain, term, again with { SpiffeId = "spiffe://mesh.example/other" }, KeepAll, Entry("as another"), None)).Status);
        Assert.Equal(EnrolmentStatus.TokenSpent, (await Store.EnrolAsync(TrustDomain, term, Enrolled(3), KeepAll, Entry("another key"), None)).Status);
        Assert.Equal(EnrolmentStatus.Enrolled, (await Store.EnrolAsync(TrustDomain, term, again with { TokenId = "other" }, KeepAll, Entry("another token"), None)).Status);
        await Store.RevokeEnrolmentsAsync(TrustDomain, term, new EnrolmentRevocation(Enrolled(1).Serial, "", Now, null), Entry("revoke"), None);
        Assert.Equal(EnrolmentStatus.TokenSpent, (await Store.EnrolAsync(TrustDomain, term, Enrolled(4) with { KeyHash = Enrolled(1).KeyHash }, KeepAll, Entry("revoked"), None)).Status);
    }

    [Fact]
    public async Task A_renewal_is_no_first_certificate()
    {
        long term = await PopulateAsync();
        await Store.AddTokenAsync(TrustDomain, term, JoinToken("join", uses: 2), Entry("token"), None);
        await Store.EnrolAsync(TrustDomain, term, Enrolled(1), Now, Entry("one"), None);
        await Store.RenewEnrolmentAsync(TrustDomain, term, Enrolled(1).Serial, Enrolled(2) with { EnrolmentId = Enrolled(1).Serial }, 10, Entry("renew"), None);

        Assert.Equal(EnrolmentStatus.Enrolled, (await Store.EnrolAsync(TrustDomain, term, Enrolled(3) with { KeyHash = Enrolled(2).KeyHash }, KeepAll, Entry("two"), None)).Status);
    }

    [Fact]
    public async Task Of_racing_enrolments_no_more_succeed_than_the_token_has_uses()
    {
        long term = await PopulateAsync();
        await Store.AddTokenAsync(TrustDomain, term, JoinToken("join", uses: 3), Entry("token"), None);

        EnrolmentOutcome[] outcomes = await Task.WhenAll(Enumerable.Range(1, 40).Select(number => Task.Run(() => Store.EnrolAsync(TrustDomain, term, Enrolled(number), Now, Entry("enrol"), None))));

        Assert.Equal(3, outcomes.Count(outcome => outcome.Status == EnrolmentStatus.Enrolled));
        Assert.Equal(37, outcomes.Count(outcome => outcome.Status == EnrolmentStatus.TokenSpent));
        Assert.Equal(3, (await Store.ReadEnrolmentsAsync(TrustDomain, None)).Certificates.Count);
    }

    [Fact]
    public async Task Of_racing_renewals_no_more_succeed_than_an_enrolment_may_have_certificates_and_those_that_ended_count_no_more()
    {
        long term = await PopulateAsync();
        await Store.AddTokenAsync(TrustDomain, term, JoinToken("join", uses: 0), Entry("token"), None);
        await Store.EnrolAsync(TrustDomain, term, Enrolled(1), Now, Entry("enrol"), None);
        await Store.EnrolAsync(TrustDomain, term, Enrolled(2), Now, Entry("enrol"), None);

        RenewalStatus[] racers = await Task.WhenAll(Enumerable.Range(3, 40).Select(number => Task.Run(() => RenewAsync(1, number, Enrolled(1).IssuedAt))));

        Assert.Equal((3, 37), (racers.Count(status => status == RenewalStatus.Renewed), racers.Count(status => status == RenewalStatus.TooMany)));
        Assert.Equal(3, (await Store.ReadLogAsync(TrustDomain, 0, 99, None)).Count(line => line.Action == "renew"));
        Assert.Equal(RenewalStatus.Renewed, await RenewAsync(2, 50, Enrolled(2).IssuedAt));
        Assert.Equal(RenewalStatus.TooMany, await RenewAsync(1, 51, Enrolled(1).NotAfter.AddTicks(-1)));
        Assert.Equal(RenewalStatus.Renewed, await RenewAsync(1, 51, Enrolled(1).NotAfter));

        Task<RenewalStatus> RenewAsync(int first, int number, DateTimeOffset at) => Store.RenewEnrolmentAsync(
            TrustDomain, term, Enrolled(first).Serial, Enrolled(number) with { EnrolmentId = Enrolled(first).Serial, IssuedAt = at }, 4, Entry("renew"), None);
    }

    [Fact]
    public async Task Revoked_certificates_are_marked_with_their_enrolment_and_renew_nothing()
    {
        long term = await PopulateAsync();
        await Store.AddTokenAsync(TrustDomain, term, JoinToken("join", uses: 0), Entry("token"), None);
        foreach (int number in new[] { 1, 2, 3 })
        {
            await Store.EnrolAsync(TrustDomain, term, Enrolled(number) with { SpiffeId = $"spiffe://mesh.example/{number}" }, Now, Entry("enrol"), None);
        }

        EnrolledCertificate renewal = Enrolled(4) with { EnrolmentId = Enrolled(1).Serial, SpiffeId = "spiffe://mesh.example/1" };
        Assert.Equal(RenewalStatus.Renewed, await RenewAsync(Enrolled(1).Serial, renewal));
        Assert.Equal(RenewalStatus.NotEnrolled, await RenewAsync("none", renewal with { Serial = "5" }));
        Assert.Equal(RenewalStatus.NotEnrolled, await RenewAsync(Enrolled(2).Serial, renewal with { Serial = "5" }));

        Assert.Equal(0, await RevokeAsync("none", ""));
        Assert.Equal(2, await RevokeAsync(renewal.Serial, ""));
        Assert.Equal(0, await RevokeAsync(renewal.Serial, ""));
        Assert.Equal(RenewalStatus.NotEnrolled, await RenewAsync(Enrolled(1).Serial, renewal with { Serial = "5" }));
        Assert.Equal(1, await RevokeAsync("", "spiffe://mesh.example/2", Now));
        Assert.Equal(0, await RevokeAsync("", "spiffe://mesh.example/2", Now.AddHours(-1)));

        EnrolmentRecord record = await Store.ReadEnrolmentsAsync(TrustDomain, None);
        Assert.Equal([Now.AddDays(1), Now.AddDays(1), null, Now.AddDays(1)], record.Certificates.Select(certificate => certificate.RevokedAt));
        Assert.Equal([new IdentityCutoff("spiffe://mesh.example/2", Now)], record.Cutoffs);

        // A cutoff is written down also where there was nothing to revoke.
        IReadOnlyList<LogLine> log = await Store.ReadLogAsync(TrustDomain, 0, 99, None);
        Assert.Equal((3, 1), (log.Count(line => line.Action == "revoke"), log.Count(line => line.Action == "renew")));

        Task<RenewalStatus> RenewAsync(string renewed, EnrolledCertificate certificate) => Store.RenewEnrolmentAsync(TrustDomain, term, renewed, certificate, 10, Entry("renew"), None);

        Task<int> RevokeAsync(string serial, string spiffeId, DateTimeOffset? cutoff = null) => Store.RevokeEnrolmentsAsync(
            TrustDomain, term, new EnrolmentRevocation(serial, spiffeId, Now.AddDays(1), cutoff is { } notBefore ? new IdentityCutoff(spiffeId, notBefore) : null), Entry("revoke"), None);
    }

    [Fact]
    public async Task One_enrolment_authority_signs_and_those_before_go_with_their_certificates()
    {
        long term = await PopulateAsync();
        await Store.AddTokenAsync(TrustDomain, term, JoinToken("join", uses: 0), Entry("token"), None);
        await Store.AddEnrolmentAuthorityAsync(TrustDomain, term, EnrolmentAuthority("enrolment/1"), new byte[] { 1 }, Entry("first"), None);
        Assert.Equal([1], await Store.ReadKeyAsync(TrustDomain, "enrolment/1", None));
        await Store.EnrolAsync(TrustDomain, term, Enrolled(1), Now, Entry("enrol"), None);
        await Store.AddEnrolmentAuthorityAsync(TrustDomain, term, EnrolmentAuthority("enrolment/2"), new byte[] { 2 }, Entry("second"), None);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Store.AddEnrolmentAuthorityAsync(TrustDomain, term, EnrolmentAuthority("enrolment/1"), new byte[] { 3 }, Entry("taken"), None));
        await Store.AddEnrolmentAuthorityAsync(TrustDomain, term, EnrolmentAuthority("enrolment/3"), new byte[] { 3 }, Entry("third"), None);

        await Assert.ThrowsAsync<KeyNotFoundException>(() => Store.ReadKeyAsync(TrustDomain, "enrolment/1", None));
        await Assert.ThrowsAsync<KeyNotFoundException>(() => Store.ReadKeyAsync(TrustDomain, "enrolment/2", None));
        Assert.Equal([3], await Store.ReadKeyAsync(TrustDomain, "enrolment/3", None));
        Assert.Equal([7], await Store.ReadKeyAsync(TrustDomain, "ca-old", None));
        Assert.Equivalent(
            new[]
            {
                EnrolmentAuthority("enrolment/1") with { ReplacedAt = EnrolmentAuthority("enrolment/2").CreatedAt },
                EnrolmentAuthority("enrolment/2") with { ReplacedAt = EnrolmentAuthority("enrolment/3").CreatedAt },
                EnrolmentAuthority("enrolment/3"),
            },
            (await Store.ReadEnrolmentsAsync(TrustDomain, None)).Authorities,
            strict: true);

        Assert.Equal(0, await Store.PruneEnrolmentsAsync(TrustDomain, term, Enrolled(1).NotAfter, None));
        Assert.Equal(["enrolment/1", "enrolment/3"], (await Store.ReadEnrolmentsAsync(TrustDomain, None)).Authorities.Select(authority => authority.Id));
        Assert.Equal(1, await Store.PruneEnrolmentsAsync(TrustDomain, term, Enrolled(1).NotAfter.AddTicks(1), None));
        EnrolmentRecord record = await Store.ReadEnrolmentsAsync(TrustDomain, None);
        Assert.Equal(["enrolment/3"], record.Authorities.Select(authority => authority.Id));
        Assert.Empty(record.Certificates);
        Assert.Empty((await Store.ReadEnrolmentsAsync("other.example", None)).Authorities);
    }

    [Fact]
    public async Task The_log_grows_without_a_change_of_state_and_survives()
    {
        long term = await PopulateAsync();
        await Store.AppendLogAsync(TrustDomain, term, [Entry("one"), Entry("two")], None);
        await Store.SaveAsync(State(term, 2), [Entry("three")], [], None);

        await ReopenAsync();

        Assert.Equal(
            [Entry("begin"), Entry("one"), Entry("two"), Entry("three")], (await Store.ReadLogAsync(TrustDomain, 0, 10, None)).Select(it => it.Entry));
        Assert.Equal(2, (await BeginAsync()).State!.Revision);
    }

    [Fact]
    public async Task Each_line_of_the_log_follows_the_one_before_whoever_writes_it()
    {
        Assert.Equal(new LogHead(0, LogChain.Origin(TrustDomain)), await Store.ReadLogHeadAsync(TrustDomain, None));
        long term = await PopulateAsync();
        await Store.AppendLogAsync(TrustDomain, term, [Entry("one"), Entry("two")], None);
        await ReopenAsync();
        term = (await BeginAsync()).Term;
        await Store.AddTokenAsync(TrustDomain, term, Token("a"), Entry("three"), None);
        await Store.SaveAsync(State(term, 2), [Entry("four"), Entry("five")], [], None);
        await Store.DeleteTokenAsync(TrustDomain, term, "a", Entry("six"), None);
        await Store.DeleteTokenAsync(TrustDomain, term, "a", Entry("nothing"), None);

        string previous = LogChain.Origin(TrustDomain);
        IReadOnlyList<LogLine> lines = await Store.ReadLogAsync(TrustDomain, 0, 99, None);
        Assert.Equal(["begin", "one", "two", "three", "four", "five", "six"], lines.Select(line => line.Action));
        foreach (LogLine line in lines)
        {
            Assert.Equal(LogChain.Hash(previous, TrustDomain, line), line.Hash);
            previous = line.Hash;
        }

        LogHead head = new(lines[^1].Number, lines[^1].Hash);
        Assert.Equal(head, await Store.ReadLogHeadAsync(TrustDomain, None));
        Assert.Equal(new LogReport(head, 7, null), await LogVerification.RunAsync(Store, TrustDomain, head, None));
    }

    [Fact]
    public async Task A_write_that_fails_leaves_the_chain_as_it_was()
    {
        long term = await PopulateAsync();
        LogHead before = await Store.ReadLogHeadAsync(TrustDomain, None);

        await Assert.ThrowsAsync<StaleRevisionException>(() => Store.SaveAsync(State(term, 9), [Entry("lost")], [], None));
        await Assert.ThrowsAsync<StaleTermException>(() => Store.AppendLogAsync(TrustDomain, term + 1, [Entry("lost")], None));

        Assert.Equal(before, await Store.ReadLogHeadAsync(TrustDomain, None));
        await Store.AppendLogAsync(TrustDomain, term, [Entry("next")], None);
        Assert.Null((await LogVerification.RunAsync(Store, TrustDomain, before, None)).Break);
    }

    [Fact]
    public async Task Each_trust_domain_has_a_chain_of_its_own()
    {
        const string other = "other.example";
        long ours = await PopulateAsync();
        long theirs = (await Store.BeginTermAsync(other, KeepAll, None)).Term;
        for (int i = 0; i < 3; i++)
        {
            await Store.AppendLogAsync(TrustDomain, ours, [Entry($"{i}")], None);
            await Store.AppendLogAsync(other, theirs, [Entry($"{i}")], None);
        }

        Assert.Equal((4, null), await VerifiedAsync(TrustDomain));
        Assert.Equal((3, null), await VerifiedAsync(other));
        Assert.NotEqual(await Store.ReadLogHeadAsync(TrustDomain, None), await Store.ReadLogHeadAsync(other, None));

        async Task<(long, LogBreak?)> VerifiedAsync(string name)
        {
            LogReport report = await LogVerification.RunAsync(Store, name, null, None);
            return (report.Lines, report.Break);
        }
    }

    [Fact]
    public async Task Odd_texts_are_hashed_as_they_are_read_back()
    {
        long term = await PopulateAsync();
        string[] texts = ["", " ", "a\0b", "\0", "\ud800 alone", "\ud83d\ude80", "e\u0301 is not \u00e9", "\r\n\t", new string('x', 100_000)];
        await Store.AppendLogAsync(TrustDomain, term, [.. texts.Select(text => Entry(text) with { Actor = text, Reason = text })], None);
        await ReopenAsync();
        Assert.Equal((texts.Length + 1, null), ((await LogVerification.RunAsync(Store, TrustDomain, null, None)).Lines, (await LogVerification.RunAsync(Store, TrustDomain, null, None)).Break));
    }

    [Fact]
    public async Task A_long_log_is_looked_through_in_pages_or_from_near_its_end()
    {
        long term = await PopulateAsync();
        await Store.AppendLogAsync(TrustDomain, term, [.. Enumerable.Range(0, 2_500).Select(i => Entry($"{i}"))], None);
        LogHead head = await Store.ReadLogHeadAsync(TrustDomain, None);

        Assert.Equal(new LogReport(head, 2_501, null), await LogVerification.RunAsync(Store, TrustDomain, null, None));
        Assert.Equal(new LogReport(head, 1_000, null), await LogVerification.TailAsync(Store, TrustDomain, 1_000, None));
        Assert.Equal(new LogReport(head, 2_501, null), await LogVerification.TailAsync(Store, TrustDomain, 9_999, None));
    }

    [Fact]
    public async Task The_log_is_read_page_by_page()
    {
        long term = (await BeginAsync()).Term;
        await Store.SaveAsync(State(term, 1), [Entry("1"), Entry("2")], [], None);
        await Store.SaveAsync(State(term, 2), [Entry("3")], [], None);
        long other = (await Store.BeginTermAsync("other.example", KeepAll, None)).Term;
        await Store.SaveAsync(State(other, 1, trustDomain: "other.example"), [Entry("theirs")], [], None);

        IReadOnlyList<LogLine> first = await Store.ReadLogAsync(TrustDomain, 0, 2, None);
        IReadOnlyList<LogLine> second = await Store.ReadLogAsync(TrustDomain, first[^1].Number, 2, None);

        Assert.Equal(["1", "2", "3"], first.Concat(second).Select(it => it.Entry.Action));
        Assert.Equal(first.Concat(second).Select(it => it.Number).Distinct().Order(), first.Concat(second).Select(it => it.Number));
        Assert.Empty(await Store.ReadLogAsync(TrustDomain, second[^1].Number, 2, None));
    }

    [Fact]
    public async Task Trust_domains_know_nothing_of_each_other()
    {
        long term = await PopulateAsync();
        const string other = "other.example";
        await Store.BeginTermAsync(other, KeepAll, None);
        long otherTerm = (await Store.BeginTermAsync(other, KeepAll, None)).Term;
        await Store.SaveAsync(State(otherTerm, 1, trustDomain: other), [], [], None);
        await Store.InsertLeavesAsync(other, otherTerm, [Insert(1)], None);
        await Store.AddKeyAsync(other, otherTerm, "ca-old", new byte[] { 9 }, None);
        await Store.SetLeafStatesAsync(other, otherTerm, [(Row(1).Serial, LeafState.Superseded)], None);
        await Store.RaiseSlotsAsync(other, otherTerm, "instance-1", 9, 9, None);
        await Store.RemoveRosterAsync(other, otherTerm, "export-1", None);
        await Store.PruneLedgerAsync(other, otherTerm, DateTimeOffset.MaxValue, None);
        await Store.DeleteKeyAsync(other, otherTerm, "ca-old", None);

        Assert.Equal([7], await Store.ReadKeyAsync(TrustDomain, "ca-old", None));
        await Store.RaiseSlotsAsync(TrustDomain, term, "instance-1", 0, 0, None);
        TrustRecord found = await BeginAsync();
        Assert.Equivalent(new[] { Row(1) }, found.Ledger, strict: true);
        Assert.Single(found.Roster);
    }

    [Fact]
    public async Task A_call_that_is_cancelled_beforehand_has_no_effect()
    {
        long term = await PopulateAsync();
        CancellationToken cancelled = new(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.SaveAsync(State(term, 2), [], [], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.InsertLeavesAsync(TrustDomain, term, [Insert(2)], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.BeginTermAsync(TrustDomain, KeepAll, cancelled));
        TrustRecord found = await BeginAsync();
        Assert.Equal((term + 1, 1), (found.Term, found.State!.Revision));
        Assert.Single(found.Ledger);
    }

    [Fact]
    public async Task A_disposed_store_says_so()
    {
        await Store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(BeginAsync);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Store.ReadTokensAsync(TrustDomain, None));
        await Store.DisposeAsync();
    }

    [Fact]
    public async Task Inserts_and_saves_from_many_callers_are_all_there()
    {
        const int callers = 16, perCaller = 40, saves = 60;
        long term = await PopulateAsync();
        Task saving = Task.Run(async () =>
        {
            for (int revision = 2; revision <= saves; revision++)
            {
                await Store.SaveAsync(State(term, revision, signerRevision: 1 + (revision / 10)), [Entry($"{revision}")], [], None);
            }
        });
        List<string>[] written = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            List<string> acknowledged = [];
            for (int i = 0; i < perCaller; i++)
            {
                LedgerInsert insert = Insert(1_000 + (caller * perCaller) + i, signerRevision: 1 + (i / 8), $"c{caller}");
                if ((await Store.InsertLeavesAsync(TrustDomain, term, [insert], None))[0])
                {
                    acknowledged.Add(insert.Row.Serial);
                }

                await Store.ReadLogAsync(TrustDomain, 0, 5, None);
            }

            return acknowledged;
        })));
        await saving;

        TrustRecord found = await BeginAsync();
        Assert.Equal(written.SelectMany(it => it).Append(Row(1).Serial).Order(), found.Ledger.Select(row => row.Serial).Order());
        Assert.Equal(saves, found.State!.Revision);
        Assert.Equal(saves, (await Store.ReadLogAsync(TrustDomain, 0, 999, None)).Count);
    }

    protected async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = await OpenAsync();
    }

    protected Task<TrustRecord> BeginAsync() => Store.BeginTermAsync(TrustDomain, KeepAll, None);

    /// <summary>A term with one of everything; its number.</summary>
    protected async Task<long> PopulateAsync()
    {
        long term = (await BeginAsync()).Term;
        await Store.SaveAsync(State(term, 1), [Entry("begin")], [], None);
        await Store.InsertLeavesAsync(TrustDomain, term, [Insert(1)], None);
        await Store.PutRosterAsync(TrustDomain, term, Consumer("export-1"), None);
        await Store.AddKeyAsync(TrustDomain, term, "ca-old", new byte[] { 7 }, None);
        return term;
    }
}
