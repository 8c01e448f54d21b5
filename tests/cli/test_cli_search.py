"""`alma search`, and the filters that it shares with `alma list`."""

import json

import pytest

DAY = "2026-03-0{}T12:00:00Z"


@pytest.fixture
def memories(run_alma):
    """One of each kind, and outcomes of three days; two agents, two users; the ids by a word."""
    records = {
        "login": {"kind": "outcome", "agent": "helena", "task": "Test the login form", "outcome": "success",
                  "at": DAY.format(1), "domain": "ui", "labels": {"source": "git", "build": "7"}},
        "cart": {"kind": "outcome", "agent": "victor", "task": "Test the cart page", "outcome": "failure",
                 "at": DAY.format(2), "error": "ElementNotFound: #badge-99", "labels": {"build": "8"}},
        "orders": {"kind": "outcome", "agent": "victor", "task": "Load the orders table", "outcome": "partial",
                   "at": DAY.format(3)},
        "form": {"kind": "heuristic", "agent": "helena", "condition": "a login form is tested",
                 "strategy": "send it empty first", "domain": "ui", "last_validated_at": DAY.format(4)},
        "sleep": {"kind": "anti_pattern", "agent": "helena", "pattern": "sleeping before a click",
                  "last_seen_at": DAY.format(5)},
        "ana": {"kind": "preference", "agent": "_project", "preference": "Never force-push", "user_id": "ana",
                "updated_at": DAY.format(6)},
        "bo": {"kind": "preference", "agent": "_project", "preference": "Prefer rebase to merge", "user_id": "bo",
               "updated_at": DAY.format(7)},
        "cores": {"kind": "knowledge", "agent": "_project", "fact": "CI has two cores", "source": "wiki",
                  "last_verified_at": DAY.format(8)},
        "old": {"kind": "knowledge", "agent": "helena", "fact": "The login form had a captcha", "archived": True,
                "last_verified_at": DAY.format(1)},
    }  # fmt: skip
    ids = {name: f"{number:x}" * 32 for number, name in enumerate(records, start=1)}
    lines = [json.dumps({**record, "id": ids[name]}) for name, record in records.items()]
    finished = run_alma("import", "-", stdin="\n".join(lines))
    assert 0 == finished.code, finished
    return ids


@pytest.fixture
def names(memories, run_json):
    """The words for what a command finds, in its order."""

    def found(*argv):
        by_id = {id: name for name, id in memories.items()}
        return [by_id[memory["id"]] for memory in run_json(*argv)["data"]["memories"]]

    return found


FILTERS = {
    "no filter": ([], ["cores", "bo", "ana", "sleep", "form", "orders", "cart", "login"]),
    "a kind": (["--kind", "outcome"], ["orders", "cart", "login"]),
    "a plural": (["--kind", "outcomes"], ["orders", "cart", "login"]),
    "a plural with a dash": (["--kind", "anti-patterns", "--kind", "preferences"], ["bo", "ana", "sleep"]),
    "in capitals": (["--kind", "Anti_Pattern"], ["sleep"]),
    "rules": (["--kind", "rules"], ["sleep", "form"]),
    "facts": (["--kind", "fact"], ["cores"]),
    "an agent": (["--agent", "victor"], ["orders", "cart"]),
    "a domain": (["--domain", "ui"], ["form", "login"]),
    "a result": (["--outcome", "failure"], ["cart"]),
    "since a time": (["--since", DAY.format(5)], ["cores", "bo", "ana", "sleep"]),
    "since a day": (["--since", "2026-03-07"], ["cores", "bo"]),
    "until a day, which counts": (["--until", "2026-03-02"], ["cart", "login"]),
    "until a time, which doesn't": (["--until", DAY.format(2)], ["login"]),
    "one day": (["--since", "2026-03-02", "--until", "2026-03-02"], ["cart"]),
    "so long ago": (["--since", "1m"], []),
    "longer than anybody remembers": (["--since", "90y"], ["cores", "bo", "ana", "sleep", "form", "orders", "cart", "login"]),
    "the field source": (["--source", "wiki"], ["cores"]),
    "the label source": (["--source", "git"], ["login"]),
    "a label": (["--label", "build=8"], ["cart"]),
    "any value of a label": (["--label", "build"], ["cart", "login"]),
    "two labels": (["--label", "build=7", "--label", "source=git"], ["login"]),
    "a user": (["--user", "bo"], ["bo"]),
    "the archived too": (["--all", "--domain", "general", "--kind", "knowledge"], ["cores", "old"]),
    "the other order": (["--sort", "oldest", "--kind", "outcome"], ["login", "cart", "orders"]),
    "a page": (["--limit", "2", "--offset", "1"], ["bo", "ana"]),
    "past the end": (["--offset", "8"], []),
    "several": (["--agent", "victor", "--outcome", "partial", "--since", "2026-03-03", "--kind", "outcomes"], ["orders"]),
}  # fmt: skip


def test_every_filter_chooses_what_is_listed(names):
    for case, (argv, expected) in FILTERS.items():
        assert (case, expected) == (case, names("list", *argv))


def test_a_search_has_the_filters_of_list(names):
    for case, (argv, expected) in FILTERS.items():
        if {"--sort", "--limit", "--offset"}.isdisjoint(argv):
            found = set(names("search", "test the login form", "--sort", "newest", "--limit", "99", *argv))
            assert found <= set(expected), case
    assert ["login"] == names("search", "login form", "--kind", "outcomes")
    assert ["form"] == names("search", "login form", "--kind", "rules")


def test_words_and_meaning_find_memories_of_every_kind_and_agent(names):
    assert {"login", "form"} == set(names("search", "login", "form"))
    assert ["cart"] == names("search", "ElementNotFound")[:1]
    assert ["cores"] == names("search", "how many processors does the build machine have")[:1]
    assert ["bo"] == names("search", "rebase")[:1]


def test_what_has_the_words_letter_by_letter_is_found_too(names, run_json):
    assert ["cart"] == names("search", "badge-9")
    assert run_json("search", "badge-9")["data"]["sure"]
    assert ["cart"] == names("search", "badge-9", "--sort", "newest")


def test_the_archived_are_found_with_all_only(names):
    assert "old" not in names("search", "captcha")
    assert ["old"] == names("search", "captcha", "--all")[:1]


def test_where_nothing_is_about_it_the_nearest_are_shown_and_it_is_said(memories, run_alma, run_json):
    data = run_json("search", "quarterly revenue of bakeries")["data"]
    assert (False, 3, 8) == (data["sure"], len(data["memories"]), data["considered"])
    finished = run_alma("search", "quarterly revenue of bakeries")
    assert (0, "nothing is about this among 8 memories\nthese are the nearest\n") == (finished.code, finished.err)


def test_an_empty_store_has_nothing(run_alma, run_json):
    assert (0, "", "nothing is about this among 0 memories\n") == run_alma("search", "x")
    assert {"memories": [], "considered": 0, "sure": False, "more": False} == run_json("search", "x")["data"]


def test_a_long_result_goes_on_with_an_offset(names, memories, run_alma):
    whole = names("search", "test", "--sort", "oldest", "--limit", "99")
    assert whole[:1] == names("search", "test", "--sort", "oldest", "--limit", "1")
    assert whole[1:2] == names("search", "test", "--sort", "oldest", "--limit", "1", "--offset", "1")
    assert "only 1; --limit shows more, --offset 2 the next\n" == run_alma("list", "-n", "1", "--offset", "1").err


def test_an_agent_finds_what_it_sees_and_a_person_everything(names, configure, monkeypatch):
    configure("alma:\n  project_id: shop\n  agents: {helena: {}, victor: {}}\n")
    assert {"login", "form"} <= set(names("search", "test", "--limit", "99"))
    monkeypatch.setenv("ALMA_AGENT", "victor")
    assert {"login", "form"}.isdisjoint(names("search", "test the login form", "--limit", "99"))
    assert {"login"}.isdisjoint(names("search", "ogin for"))
    assert "cart" in names("search", "test the cart page")


def test_an_agent_that_the_configuration_does_not_know_finds_nothing(run_json, configure, monkeypatch):
    configure("alma:\n  project_id: shop\n  agents: {helena: {}}\n")
    monkeypatch.setenv("ALMA_AGENT", "nobody")
    assert "there is no agent nobody" == run_json("search", "x", code=2)["error"]["message"]


def test_an_agent_finds_no_preference_of_another_user(names, monkeypatch):
    monkeypatch.setenv("ALMA_AGENT", "helena")
    assert "bo" not in names("search", "Prefer rebase to merge")
    monkeypatch.setenv("ALMA_USER", "bo")
    assert ["bo"] == names("search", "Prefer rebase to merge")[:1]


def test_the_words_may_come_by_a_pipe(names, run_json, memories):
    piped = run_json("search", stdin="login form\n")["data"]["memories"]
    assert names("search", "login form") == [name for name, id in memories.items() for one in piped if one["id"] == id]


def test_a_found_memory_as_json_is_its_record_with_how_well_it_fits(memories, run_json):
    (found,) = run_json("search", "login form", "--kind", "outcome")["data"]["memories"]
    assert (memories["login"], "Test the login form") == (found["id"], found["task"])
    assert 0 < found["similarity"] <= 1


def test_piped_a_found_memory_is_a_line_with_its_whole_id(memories, run_alma):
    finished = run_alma("search", "ElementNotFound", "-n", "1")
    text = "Test the cart page [failure] - ElementNotFound: #badge-99"
    assert "\t".join([memories["cart"], "outcome", "victor", "general", "2026-03-02", text]) + "\n" == finished.out


def test_only_words_are_compared_where_the_model_can_not_read(memories, run_json):
    envelope = run_json("search", "北京")
    assert ["only words are compared, not meaning: the bundled model reads the Latin script only"] == envelope[
        "warnings"
    ]
