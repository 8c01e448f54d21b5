"""What every remote promises (see `alma_cli/remote/protocol.py`), as one suite.

A test module inherits `RemoteContract` and has a fixture `open_remote`: each call opens the same, at first empty, shared
copy anew, `open_remote()` for the project `p` and `open_remote("other")` for another one beside it.
"""

import pytest

from alma_cli.core.replication.documents import MARKER_AGENT, MARKER_ID, Document
from alma_cli.errors import CheckpointLost
from alma_cli.remote.protocol import Clash, Place, Write, Written


def an_id(number):
    """The id with this number; their first digits differ."""
    return f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"


def body(number, agent="helena", *, project="p", **fields):
    """A small document."""
    return {"id": an_id(number), "agent": agent, "project_id": project, "kind": "knowledge", "fact": "f", **fields}


def new(number, agent="helena", *, vector="", **fields):
    """The write of a new document."""
    return Write(agent=agent, id=an_id(number), body=body(number, agent, **fields), vector=vector)


def over(document, **fields):
    """The write of a changed document in the place of the one that was seen."""
    return Write(agent=document.agent, id=document.id, body={**document.body, **fields}, etag=document.etag)


def write_of_marker():
    """The write of a marker, as far as a remote minds."""
    body = {"id": MARKER_ID, "agent": MARKER_AGENT, "project_id": "p", "kind": "marker"}
    return Write(agent=MARKER_AGENT, id=MARKER_ID, body=body)


def stored(remote, *writes):
    """The documents after writing, which has to succeed."""
    results = list(remote.write(writes))
    assert all(isinstance(result, Written) for result in results), results
    return [remote.read(write.agent, write.id) for write in writes]


def drained(remote, checkpoint=None):
    """All that changed since the checkpoint, by agent and id, and the next checkpoint."""
    found = {}
    for page in remote.changes(checkpoint):
        found |= {(one.agent, one.id): one for one in page.found}
        checkpoint = page.checkpoint
    return found, checkpoint


class RemoteContract:
    # Reading and writing

    def test_nothing_is_there_at_first(self, open_remote):
        remote = open_remote()
        assert remote.read(MARKER_AGENT, MARKER_ID) is None
        assert remote.read("helena", an_id(1)) is None
        assert drained(remote)[0] == {}

    def test_what_is_written_is_read_back_by_others_with_all_its_fields(self, open_remote):
        fields = {"labels": {"é": "😀"}, "unknown": [1, 2.5, None, {"deep": True}]}
        [written] = list(open_remote().write([new(1, vector="[0.25, -0.500000000]", **fields)]))
        read = open_remote().read("helena", an_id(1))
        whole = body(1, embedding=[0.25, -0.5], **fields)
        assert read == Document(agent="helena", id=an_id(1), body=whole, etag=written.etag)

    def test_the_marker_is_a_document_like_any_other(self, open_remote):
        write = write_of_marker()
        [found] = stored(open_remote(), write)
        assert found.body == write.body
        [clash] = open_remote().write([write])
        assert clash == Clash(write=write, present=found)

    @pytest.mark.parametrize(
        "agent", ["helena", "_project", "Zoë", "日本 x", "a.b", "..", "A", "a", "x" * 128, "😀" * 60]
    )
    def test_agents_have_any_name(self, open_remote, agent):
        remote = open_remote()
        stored(remote, new(1, agent))
        found = open_remote().read(agent, an_id(1))
        assert found.body["agent"] == found.agent == agent
        assert list(drained(open_remote())[0]) == [(agent, an_id(1))]

    def test_a_new_document_never_replaces_one_that_is_there(self, open_remote):
        [found] = stored(open_remote(), new(1, fact="first"))
        again = new(1, fact="second")
        assert list(open_remote().write([again])) == [Clash(write=again, present=found)]
        assert open_remote().read("helena", an_id(1)) == found

    def test_a_document_is_replaced_only_while_it_is_as_it_was_seen(self, open_remote):
        [first] = stored(open_remote(), new(1, fact="first"))
        [second] = stored(open_remote(), over(first, fact="second"))
        assert second.etag != first.etag
        late = over(first, fact="late")
        assert list(open_remote().write([late])) == [Clash(write=late, present=second)]
        assert open_remote().read("helena", an_id(1)).body["fact"] == "second"

    def test_replacing_what_is_gone_clashes_with_nothing(self, open_remote):
        [found] = stored(open_remote(), new(1))
        missing = Write(agent="helena", id=an_id(2), body=body(2), etag=found.etag)
        assert list(open_remote().write([missing])) == [Clash(write=missing, present=None)]

    def test_every_write_has_one_result_though_some_of_them_clash(self, open_remote):
        remote = open_remote()
        [first, second, _] = stored(remote, new(1), new(2), new(5))
        [current] = stored(remote, over(first, fact="newer"))
        writes = [new(3), over(first, fact="late"), new(5, fact="again"), over(second, fact="right"), new(4, "victor")]
        results = {(result.write.agent, result.write.id): result for result in remote.write(writes)}
        assert [type(results[write.agent, write.id]) for write in writes] == [Written, Clash, Clash, Written, Written]
        assert results["helena", an_id(1)].present == current
        assert remote.read("helena", an_id(2)).body["fact"] == "right"
        assert remote.read("victor", an_id(4)) is not None

    def test_more_is_written_than_fits_into_one_request(self, open_remote):
        remote = open_remote()
        writes = [new(number, "helena" if number % 3 else "victor") for number in range(330)]
        assert sum(isinstance(result, Written) for result in remote.write(writes)) == 330
        assert set(drained(open_remote())[0]) == {(write.agent, write.id) for write in writes}

    def test_large_documents_are_written_together(self, open_remote):
        remote = open_remote()
        writes = [new(number, fact="x" * 250_000) for number in range(12)]
        assert sum(isinstance(result, Written) for result in remote.write(writes)) == 12
        assert len(drained(open_remote())[0]) == 12

    def test_writing_nothing_is_nothing(self, open_remote):
        assert list(open_remote().write([])) == []

    # Changes

    def test_changes_are_what_was_written_since_the_checkpoint(self, open_remote):
        remote = open_remote()
        [first, _] = stored(remote, new(1), new(2, "victor"))
        found, checkpoint = drained(open_remote())
        assert set(found) == {("helena", an_id(1)), ("victor", an_id(2))}
        [changed, _] = stored(remote, over(first, fact="changed"), new(3))
        found, _ = drained(open_remote(), checkpoint)
        assert found["helena", an_id(1)] == changed
        assert ("helena", an_id(3)) in found

    def test_the_latest_version_comes_last_whatever_was_between(self, open_remote):
        remote = open_remote()
        [document] = stored(remote, new(1))
        for fact in ("second", "third"):
            [document] = stored(remote, over(document, fact=fact))
        assert drained(remote)[0]["helena", an_id(1)] == document

    def test_a_checkpoint_in_the_middle_loses_nothing(self, open_remote):
        remote = open_remote()
        writes = [new(number, f"agent {number % 3}") for number in range(700)]
        assert len(list(remote.write(writes))) == 700
        pages = open_remote().changes(None)
        first = next(pages)
        assert 0 < len(first.found) <= 1000
        rest, _ = drained(open_remote(), first.checkpoint)
        assert {(one.agent, one.id) for one in first.found} | set(rest) == {(one.agent, one.id) for one in writes}

    def test_what_was_written_while_pages_were_read_comes_then_or_the_next_time(self, open_remote):
        remote = open_remote()
        stored(remote, *[new(number) for number in range(50)])
        seen, checkpoint = {}, None
        for page in open_remote().changes(None):
            if checkpoint is None:
                stored(remote, *[new(number) for number in range(100, 110)])
            seen |= {one.id: one for one in page.found}
            checkpoint = page.checkpoint
        seen |= {id: one for (_, id), one in drained(open_remote(), checkpoint)[0].items()}
        assert {an_id(number) for number in (*range(50), *range(100, 110))} == set(seen)

    def test_two_projects_never_see_each_other(self, open_remote):
        ours, theirs = open_remote(), open_remote("other")
        stored(ours, new(1))
        assert theirs.read("helena", an_id(1)) is None
        stored(theirs, Write(agent="helena", id=an_id(1), body=body(1, project="other", fact="theirs")))
        assert ours.read("helena", an_id(1)).body["fact"] == "f"
        assert [one.body["project_id"] for one in drained(ours)[0].values()] == ["p"]
        assert [one.body["project_id"] for one in drained(theirs)[0].values()] == ["other"]

    def test_a_checkpoint_that_means_nothing_is_refused_at_once(self, open_remote):
        stored(open_remote(), new(1))
        with pytest.raises(CheckpointLost) as error:
            next(open_remote().changes("nonsense"))
        assert error.value.exit_code == 4

    # Telling

    def test_it_counts_what_it_asked_for(self, open_remote):
        remote = open_remote()
        assert remote.usage.requests == 0
        stored(remote, new(1))
        assert remote.usage.requests > 0
        assert remote.usage.request_charge >= 0

    def test_it_has_a_name_and_closes(self, open_remote):
        remote = open_remote()
        assert remote.name
        remote.close()

    def test_ids_are_those_of_all_documents_of_the_project(self, open_remote):
        remote = open_remote()
        assert not remote.ids()
        stored(remote, new(1), new(2, "victor"), write_of_marker())
        stored(open_remote("q"), new(3, project="q"))
        assert {an_id(1), an_id(2), MARKER_ID} == remote.ids()

    def test_places_are_looked_at_again_together_and_what_is_gone_is_left_out(self, open_remote):
        remote = open_remote()
        [one, two] = stored(remote, new(1), new(2, "victor"))
        places = [Place(name=name, agent=agent, id=an_id(number)) for name, agent, number in (
            (one.name, "helena", 1), (two.name, "victor", 2), (f"helena/{an_id(2)}", "helena", 2),
            (f"helena/{an_id(9)}", "helena", 9),
        )]  # fmt: skip
        assert {one.name: one, two.name: two} == remote.again(places)
        assert {} == remote.again([])


class SearchContract:
    """What a remote promises that can be searched."""

    def test_the_nearest_come_first_and_only_memories_of_that_agent(self, open_remote):
        remote = open_remote()
        stored(
            remote,
            new(1, vector="[1.0, 0.0]"),
            new(2, vector="[0.6, 0.8]"),
            new(3, vector="[-1.0, 0.0]"),
            new(4),
            new(5, vector="[1.0, 0.0]", archived=True),
            new(6, vector="[1.0, 0.0]", kind="credit", target=an_id(1)),
            new(7, "victor", vector="[1.0, 0.0]"),
            new(8, vector="[1.0, 0.0]", deleted_at="2026-01-01T00:00:00Z"),
        )
        found = remote.nearest("helena", [1.0, 0.0], limit=9)
        assert [an_id(1), an_id(2), an_id(3)] == [one.id for one in found]
        assert found[0].body["embedding"] == [1.0, 0.0]
        assert [an_id(1)] == [one.id for one in remote.nearest("helena", [1.0, 0.0], limit=1)]

    def test_those_with_more_of_the_words_come_first(self, open_remote):
        remote = open_remote()
        stored(
            remote,
            new(1, fact="The LOGIN form"),
            new(2, fact="something", strategy="a login"),
            new(3, fact="nothing of it"),
            new(4, "victor", fact="login form"),
            new(5, fact="login form", archived=True),
            new(6, fact="login form", deleted_at="2026-01-01T00:00:00Z"),
        )
        assert [an_id(1), an_id(2)] == [one.id for one in remote.matching("helena", ["login", "form"], limit=9)]
        assert [an_id(1)] == [one.id for one in remote.matching("helena", ["login", "form"], limit=1)]
        assert remote.matching("helena", [], limit=9) == []

    def test_a_sample_has_the_least_ids_and_the_number_of_all_memories(self, open_remote):
        remote = open_remote()
        stored(
            remote,
            new(3, fact="one"),
            new(2, fact="another", vector="[1.0, 0.0]"),
            new(4, fact="a third"),
            new(1, kind="credit", target=an_id(3)),
            new(5, "victor", fact="his"),
            new(6, fact="old", archived=True),
            new(7, deleted_at="2026-01-01T00:00:00Z"),
        )
        sample = remote.sample("helena", limit=2)
        assert (sorted(map(an_id, (2, 3, 4)))[:2], 3) == ([one.id for one in sample.documents], sample.of)
        assert {"one", "another", "a third"} >= {one.body["fact"] for one in sample.documents}
        assert ((), 0) == (tuple((none := remote.sample("nora", limit=2)).documents), none.of)

    def test_credits_are_found_by_their_target(self, open_remote):
        remote = open_remote()
        stored(
            remote,
            new(1, kind="credit", target=an_id(8)),
            new(2, kind="credit", target=an_id(9)),
            new(3, kind="credit", target=an_id(8), deleted_at="2026-01-01T00:00:00Z"),
            new(4, "victor", kind="credit", target=an_id(8)),
        )
        assert [an_id(1)] == [one.id for one in remote.credits("helena", [an_id(8), an_id(7)])]
        assert remote.credits("helena", []) == []

    def test_the_agents_that_have_documents_are_known(self, open_remote):
        remote = open_remote()
        assert [] == remote.agents()
        stored(remote, new(1), new(2, "victor"), new(3, "Zoë 😀" * 20), new(4))
        stored(open_remote("other"), Write(agent="else", id=an_id(1), body=body(1, "else", project="other")))
        assert ["Zoë 😀" * 20, "helena", "victor"] == remote.agents()
