"""Records as documents, and what is refused of what comes back."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.codec import to_json
from alma_cli.core.replication.documents import (
    MARKER_AGENT,
    MARKER_ID,
    Arrived,
    Cached,
    Document,
    Embedding,
    Readable,
    TheMarker,
    Unreadable,
    decode,
    decode_record,
    embedding_of,
    encode,
    encode_derived,
    encode_retired,
    is_document,
    read,
    record_json,
)
from alma_cli.core.replication.hlc import HLC, next_stamp
from alma_cli.core.replication.merge import Tombstone, Version, content_hash
from alma_cli.errors import InvalidInput
from tests.core.record_examples import EXAMPLES, ID, NOW, heuristic, knowledge, records

STAMP = HLC(1_700_000_000_000, 3, "replica")
TOMBSTONE = Tombstone(id=ID, kind="knowledge", agent="helena", hlc=STAMP, deleted_at=NOW)


def decoded(body, **place):
    return decode(body, **{"agent": "helena", "id": ID, "project_id": "p", **place})


def over_the_wire(body):
    return json.loads(json.dumps(body))


def a_body(**changes):
    body = encode(Version(record=knowledge(), hlc=STAMP), project_id="p")
    return {key: value for key, value in {**body, **changes}.items() if value != "gone"}


@given(records())
def test_a_record_comes_back_as_it_was_with_all_that_is_unknown(record):
    if record.agent.startswith("_") and record.agent != "_project":
        return
    version = Version(record=record, hlc=STAMP)
    body = over_the_wire(encode(version, project_id="p"))
    assert decode(body, agent=record.agent, id=record.id, project_id="p") == Arrived(state=version)


@pytest.mark.parametrize(
    "name", ["hlc", "embedding", "embedding_model", "content_hash", "deleted_at", "extra", "_etag", "ttl"]
)
def test_an_unknown_field_may_have_the_name_of_one_of_ours(name):
    version = Version(record=knowledge(extra={name: {"deep": [1]}, "other": 2}), hlc=STAMP)
    body = over_the_wire(encode(version, project_id="p"))
    assert name not in body or body[name] != {"deep": [1]}
    assert body["other"] == 2
    assert decoded(body) == Arrived(state=version)


def test_a_ttl_of_an_earlier_version_stays_a_field_of_the_record_and_is_no_expiry_from_now_on():
    found = decoded(a_body(ttl=60)).state
    assert found.record == knowledge(extra={"ttl": 60})
    assert "ttl" not in encode(found, project_id="p")
    assert decoded(a_body(ttl=5, extra={"ttl": 60})).state == found  # another one is the service's


def test_what_the_service_adds_is_no_part_of_the_record():
    assert decoded(a_body(_etag='"1"', _ts=5, _rid="x")) == decoded(a_body())


def test_a_tombstone_says_nothing_of_what_was_forgotten():
    body = encode(TOMBSTONE, project_id="p")
    assert list(body) == ["id", "kind", "project_id", "agent", "hlc", "deleted_at"]
    assert decoded(over_the_wire(body)) == Arrived(state=TOMBSTONE)


def test_a_memory_with_the_latest_stamp_that_is_accepted_can_still_be_forgotten():
    latest = HLC(253_402_300_799_999, 999_999, "a")
    taken = decoded(encode(Version(record=knowledge(), hlc=latest), project_id="p"))
    assert latest == taken.state.hlc
    forgotten = replace(TOMBSTONE, hlc=next_stamp(latest, now_ms=0))
    assert forgotten == decoded(encode(forgotten, project_id="p")).state
    with pytest.raises(InvalidInput, match="after the year 9999"):
        decoded(encode(Version(record=knowledge(), hlc=next_stamp(latest, now_ms=0)), project_id="p"))


@pytest.mark.parametrize("record", EXAMPLES.values(), ids=EXAMPLES)
def test_a_document_is_told_from_a_records_own_json_and_gives_it_back(record):
    body = encode(Version(record=record, hlc=STAMP), project_id="p", embedding_model="m") | {"embedding": [1.0]}
    assert (True, to_json(record)) == (is_document(body), record_json(body))
    assert is_document(encode(TOMBSTONE, project_id="p"))
    assert not is_document(to_json(record))
    assert not is_document({**to_json(record), "hlc": "a field of its own"})
    assert not is_document({"hlc": str(STAMP)})


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=5))
def test_a_vector_comes_back_to_the_last_bit(numbers):
    body = encode(Version(record=knowledge(), hlc=STAMP), project_id="p", embedding_model="m")
    assert decoded(body).embedding is None
    assert decoded(over_the_wire({**body, "embedding": numbers})).embedding == Embedding(model="m", vector=numbers)


@pytest.mark.parametrize(
    "fields",
    [
        {"embedding": [1.0]},
        {"embedding_model": "m"},
        {"embedding_model": 3, "embedding": [1.0]},
        {"embedding_model": "m", "embedding": "no"},
        {"embedding_model": "m", "embedding": []},
        {"embedding_model": "m", "embedding": [0.0] * 4097},
        {"embedding_model": "m", "embedding": [0.1, "x"]},
        {"embedding_model": "m", "embedding": [True]},
        {"embedding_model": "m", "embedding": [1e300]},
        {"embedding_model": "m", "embedding": [10**400]},
        {"embedding_model": "m", "embedding": [math.nan]},
    ],
)
def test_an_unsound_vector_is_left_out_and_the_memory_kept(fields):
    found = decoded(a_body(**fields))
    assert found.embedding is None
    assert found.state.record == knowledge()
    assert embedding_of(fields) is None


def test_a_derived_memory_has_a_digest_in_the_place_of_a_stamp():
    rule = heuristic(occurrences=4, successes=3.0)
    body = over_the_wire(encode_derived(rule, embedding_model="m"))
    assert "hlc" not in body
    assert body["embedding_model"] == "m"
    assert decoded(body) == Cached(id=ID, agent="helena", kind="heuristic", content_hash=content_hash(rule))
    assert decode_record(body) == rule


def test_a_retired_memory_says_nothing_of_what_it_was():
    body = encode_retired(ID, kind="heuristic", agent="helena", project_id="p", deleted_at=NOW)
    assert list(body) == ["id", "kind", "project_id", "agent", "content_hash", "deleted_at"]
    assert decoded(body) == Cached(id=ID, agent="helena", kind="heuristic", content_hash="")


def test_the_marker_is_no_memory():
    assert decoded({"anything": 1}, agent=MARKER_AGENT, id=MARKER_ID) == TheMarker()


@pytest.mark.parametrize(
    "changes, named",
    [
        ({"id": "0" * 32}, "id"),
        ({"id": 5}, "id"),
        ({"agent": "victor"}, "agent"),
        ({"project_id": "other"}, "project_id"),
        ({"kind": "dream"}, "kind"),
        ({"kind": None}, "kind"),
        ({"kind": ["knowledge"]}, "kind"),
        ({"hlc": "gone"}, "hlc"),
        ({"hlc": "soon"}, "hlc"),
        ({"hlc": str(HLC(253_402_300_800_000, 0, "a"))}, "hlc"),
        ({"deleted_at": "yesterday"}, "deleted_at"),
        ({"created_at": "gone"}, "created_at"),
        ({"updated_at": "gone"}, "updated_at"),
        ({"origin": "gone"}, "origin"),
        ({"fact": "gone"}, "fact"),
        ({"fact": ""}, "fact"),
        ({"confidence": 7}, "confidence"),
        ({"extra": [1]}, "extra"),
        ({"fact": "x" * 300_000}, "bytes"),
    ],
)
def test_what_is_no_record_is_refused_and_the_key_named(changes, named):
    with pytest.raises(InvalidInput, match=named):
        decoded(a_body(**changes))


def test_an_id_or_an_agent_that_no_record_has_is_refused():
    with pytest.raises(InvalidInput, match="id: expected 32 hex digits"):
        decoded(a_body(id="README"), id="README")
    with pytest.raises(InvalidInput, match="reserved"):
        decoded(a_body(agent="_other"), agent="_other")


def test_an_id_that_is_not_in_its_one_form_is_set_aside():
    id = "A" * 32
    found = read(Document(agent="helena", id=id, body=a_body(id=id), etag="7"), "p")
    assert isinstance(found, Unreadable)
    assert "id: expected lower case" in found.reason


def test_hidden_fields_never_replace_what_a_record_says():
    found = decoded(a_body(extra={"fact": "hidden", "hlc": "kept"}))
    assert found.state.record == knowledge(extra={"hlc": "kept"})


@pytest.mark.parametrize("record", EXAMPLES.values(), ids=EXAMPLES)
def test_every_kind_is_read_back(record):
    body = encode(Version(record=record, hlc=STAMP), project_id="p")
    assert decoded(body).state.record == record


def test_a_document_that_can_be_read_stands_beside_what_it_says():
    document = Document(agent="helena", id=ID, body=a_body(), etag="7")
    content = Arrived(state=Version(record=knowledge(), hlc=STAMP))
    assert read(document, "p") == Readable(document=document, content=content)


def test_a_document_that_cant_be_read_is_given_as_it_came_with_the_reason():
    document = Document(agent="helena", id=ID, body={"id": ID, "b": "\N{SNOWMAN}", "a": 1}, etag="7")
    assert read(document, "p") == Unreadable(
        name=f"helena/{ID}",
        raw=f'{{"a": 1, "b": "\N{SNOWMAN}", "id": "{ID}"}}',
        reason="agent: expected 'helena' in this place, got None",
        etag="7",
        agent="helena",
        id=ID,
    )


def test_what_the_remote_could_not_read_stays_so():
    unreadable = Unreadable(name="x.json", raw="{", reason="no JSON", etag="7")
    assert read(unreadable, "p") is unreadable


@pytest.mark.parametrize("depth", [100, 100_000])
def test_a_document_that_is_nested_too_deeply_to_be_written_again_is_unreadable(depth):
    deep = []
    for _ in range(depth):
        deep = [deep]
    body = {"id": "f" * 32, "agent": "a", "project_id": "p", "kind": deep}
    found = read(Document(agent="a", id="f" * 32, body=body, etag="e"), "p")
    assert isinstance(found, Unreadable)
    assert (depth == 100) == bool(found.raw)


@pytest.mark.parametrize("replica", ["\ud800", "x" * 101])
def test_a_stamp_names_a_replica_that_can_be_stored(replica):
    body = encode(Version(record=knowledge(), hlc=replace(STAMP, replica_id=replica)), project_id="p")
    with pytest.raises(InvalidInput, match="hlc: expected a replica"):
        decoded(body)


def test_a_stamp_that_none_can_follow_is_none():
    latest = HLC(900_000_000_000_000, 999_999, "r")
    tombstone = replace(TOMBSTONE, hlc=latest)
    assert decoded(encode(tombstone, project_id="p")).state == tombstone
    with pytest.raises(InvalidInput, match="no stamp can follow"):
        decoded({**encode(tombstone, project_id="p"), "hlc": "999999999999999.999999.r"})


@pytest.mark.parametrize(
    "vector, is_one", [((0.6, 0.8), True), ((0.59, 0.8), True), ((1e-40, 0.0), False), ((1.9,), False)]
)
def test_a_vector_of_a_model_is_of_unit_length_but_for_rounding(vector, is_one):
    assert is_one is Embedding(model="m", vector=vector).is_of_unit_length
