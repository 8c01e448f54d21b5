"""The table of the memories beside ALMA: what was measured, and what could not be, both stand in it."""

from tests.benchmarks.peers import OWN, PEERS, Measured, table


def measured(name: str, **figures: object) -> Measured:
    return Measured(peer=next(peer for peer in PEERS if peer.name == name), **figures)


ALMA = measured(
    OWN, size_mb=150, first_ms=[200, 220], search_ms={100: [20, 40]}, pairs=0.95, natural=1, natural_first=0.6, writes=200
)  # fmt: skip


def test_a_peer_has_its_times_beside_those_of_alma_in_the_same_run():
    keywords = measured("sqlite-utils", size_mb=9, first_ms=[100, 110], search_ms={100: [2, 4]}, pairs=0.7, writes=199)

    lines = table([ALMA, keywords], {100: [9, 9]}).splitlines()

    assert "| **ALMA** | agents' memory | 150 MB | 210 ms (1x) | 30 ms (1x) | 0.950 | 1.000 | 0.600 | 200 |" == lines[2]
    assert "100 ms" not in lines[3]
    assert "| 9 MB | 105 ms (0.5x) | 3 ms (0.1x) | 0.700 |" in lines[3]
    assert lines[3].endswith("| 199 |")


def test_a_peer_that_is_handed_vectors_is_also_given_with_what_embedding_the_task_takes():
    vectors = measured("chromadb", first_ms=[1, 1], search_ms={100: [2, 4]})

    assert "| 3 ms (0.1x), with embedding 14 ms (0.6x) |" in table([ALMA, vectors], {100: [18, 4]})


def test_what_a_peer_could_not_do_is_said_and_not_left_out():
    offline = measured("memoripy", reason="TypeError: no chat model")
    slow = measured("mem0ai", first_ms=[1, 1], filled_only={100: 40}, write_error="locked")

    shown = table([ALMA, offline, slow], {100: [1, 1]})

    assert "- memoripy: TypeError: no chat model" in shown
    assert "| memoripy" not in shown
    assert "| took only 40 in 120 s |" in shown
    assert "- mem0ai, while 8 wrote: locked" in shown
