"""Sheets, and the answers to them: what an answer can do, and all that it can't."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.core.keys import key_of
from alma_cli.core.learning.answer_lines import MAX_ANSWER, lines_of
from alma_cli.core.learning.answers import Named, alike, of_sheet, plan, references
from alma_cli.core.learning.reports import Words
from alma_cli.core.learning.sheets import Codes, Item, KnownApproach, KnownSituation, Sheet, example, item
from alma_cli.errors import InvalidInput
from tests.core.record_examples import outcome

IDS = [f"{number:032x}" for number in range(1, 8)]
OUTCOMES = {id: outcome(id=id, task=f"Task {id[-1]}", strategy="Clock.fixed") for id in IDS[:4]}
WORDED = outcome(id=IDS[4], strategy="x", when="a test depends on today", do="freeze the clock")
FOREIGN = outcome(id=IDS[5], agent="victor", strategy="x")
WITHOUT = outcome(id=IDS[6], strategy="")


def named(when, do, *members, domain="general"):
    return Named(domain, key_of(when), key_of(do), when, do, members)


NAMED = [
    named("a test depends on today", "freeze the clock", IDS[4]),
    named("a test depends on today", "bump the date"),
    named("an upstream call is flaky", "retry with backoff", "f" * 32),
]


def codes():
    found = Codes()
    for id in IDS:
        found.of_outcome(id)
    for one in NAMED:
        found.of_approach(found.of_situation(one.domain, one.task_key), one.strategy_key)
    return found


def asked(*lines, same=None, sheet=()):
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    known = codes()
    known.sheet = [*sheet]
    everything = {**OUTCOMES, **{one.id: one for one in (WORDED, FOREIGN, WITHOUT)}}
    found = {
        reference: everything[reference] for reference in references(lines_of(text), known) if reference in everything
    }
    return plan(lines_of(text), codes=known, named=NAMED, outcomes=found, same=same or {}, agent="helena")


def test_new_words_are_given_to_outcomes_by_code_and_by_id():
    done = asked({"when": "a b", "do": "c d", "outcomes": ["o1", IDS[1]]})
    assert {IDS[0]: Words("a b", "c d", replaces=False), IDS[1]: Words("a b", "c d", replaces=False)} == done.words
    assert [] == done.refused


def test_codes_stand_for_known_words():
    done = asked(
        {"when": "S1", "do": "a", "outcomes": ["o1"]},
        {"when": "S1", "do": "S1.b", "outcomes": ["o2"]},
        {"when": "S2", "do": "give up early", "outcomes": ["o3"]},
    )
    assert [
        ("a test depends on today", "freeze the clock"),
        ("a test depends on today", "bump the date"),
        ("an upstream call is flaky", "give up early"),
    ] == [words[:2] for words in done.words.values()]


def test_codes_may_stand_in_one_text_as_programs_write_them():
    done = asked({"when": "a b", "do": "c d", "outcomes": "o1, o2"}, {"unclear": "o3"})
    assert {IDS[0]: "a b", IDS[1]: "a b", IDS[2]: ""} == {id: words.when for id, words in done.words.items()}
    assert [] == done.refused
    done = asked({"when": "a b", "do": "c d", "outcomes": f"{IDS[0]} {IDS[1]}"})
    assert ({IDS[0], IDS[1]}, []) == (set(done.words), done.refused)
    [(_, error)] = asked({"unclear": "o1 o99"}).refused
    assert "'o99' is no outcome of agent helena" == error.message
    [(_, error)] = asked({"unclear": "all others"}).refused
    assert "'all' is no outcome of agent helena; 'others' is no outcome of agent helena" == error.message


def test_a_line_without_a_situation_is_of_that_of_the_line_before():
    done = asked(
        {"when": "a b", "do": "c d", "outcomes": "o1"},
        {"unclear": "o4"},
        {"do": "e f", "outcomes": "o2"},
        {"when": "S1", "do": "x" * 201, "outcomes": "o3"},
        {"do": "b", "outcomes": "o3"},
    )
    assert [("a b", "c d"), ("", ""), ("a b", "e f"), ("a test depends on today", "bump the date")] == [
        done.words[id][:2] for id in (IDS[0], IDS[3], IDS[1], IDS[2])
    ]
    assert [4] == [line for line, _ in done.refused]


def test_a_line_without_a_situation_is_refused_where_no_line_gave_one():
    done = asked(
        {"do": "c d", "outcomes": "o1"},
        {"when": "a b", "do": "c d", "outcomes": "o2"},
        {"when": "S99", "do": "a", "outcomes": "o3"},
        {"do": "e f", "outcomes": "o3"},
    )
    assert [IDS[1]] == list(done.words)
    missing = "when: missing, and the line before has none that is known"
    assert [missing, "when: 'S99' is no known situation", missing] == [error.message for _, error in done.refused]


@pytest.mark.parametrize(
    "between",
    [
        '{"when": "a build is slow", "do": "cache", "outcomes": o3}',
        '{\n  "when": "a build is slow",\n  "do": "cache",\n  "outcomes": o3\n}',
        "{'when': 'a build is slow', 'do': 'cache', 'outcomes': o3}",
        "{\u201cwhen\u201d: \u201ca build is slow\u201d}",
        '{"situation": "a build is slow", "do": "cache", "outcomes": "o3"}',
        '{"when": "a build is slow", "do": "cache", "outcome": "o3"}',
        '{"same": "' + IDS[4] + '", "outcomes": "o3"}',
        '{"rename": "S1", "when": "a test depends on a date"}',
    ],
)
def test_a_line_without_a_situation_is_not_of_that_before_a_line_that_names_none_or_is_refused(between):
    done = asked({"when": "a b", "do": "c d", "outcomes": "o1"}, between, {"do": "copy the lockfile", "outcomes": "o2"})
    assert IDS[1] not in done.words
    assert "when: missing, and the line before has none that is known" == done.refused[-1][1].message


def test_what_is_no_json_is_refused_by_its_line_in_whatever_form_it_stands():
    done = asked('{\n  "when": "a b",\n  "outcomes": o3,\n}', "{'when': \"a\" b'}", "use {braces} as you like")
    assert [1, 5] == [line for line, _ in done.refused]
    assert 'this is no JSON: \'{ "when": "a b",' in done.refused[0][1].message


@pytest.mark.parametrize(
    "codes",
    [
        "O1 O2",
        "[o1, o2]",
        "o1|o2",
        "o1/o2",
        "o1, o2.",
        ["o1 o2"],
        "(o1) & 'o2'",
        "o1 and o2",
        "o1\u3001o2",
        "\u201co1\u201d + `o2`",
        "**o1** <o2>",
        "{#o1; o2!}",
        "- o1\n- o2",
        "o1 \u2192 o2 \u00b7",
        ["o1: like o3, but later", "o2 (as o4)"],
    ],
)
def test_codes_are_read_as_programs_write_them(codes):
    done = asked({"when": "a b", "do": "c d", "outcomes": codes})
    assert (set(IDS[:2]), []) == (set(done.words), done.refused)


@pytest.mark.parametrize(
    "written", ["o1-o3", "o1..o3", "O1 - o3", "o1\u2013o3", "o1\u2026o3", "o1 to o3", ["o1 through o3"]]
)
def test_a_range_stands_for_the_codes_of_the_sheet(written):
    line = {"when": "a b", "do": "c d", "outcomes": written}
    done = asked(line, sheet=["o1", "o2", "o3", "o4"])
    assert (set(IDS[:3]), []) == (set(done.words), done.refused)


@pytest.mark.parametrize("written", ["o1-o4", "o3-o1", "o1..o99", "o1-o999999", "o2 to o4"])
def test_a_range_of_codes_that_did_not_all_stand_on_the_sheet_is_refused(written):
    done = asked({"when": "a b", "do": "c d", "outcomes": written}, {"unclear": "o2"}, sheet=["o1", "o2", "o3"])
    assert {IDS[1]: ""} == {id: words.when for id, words in done.words.items()}
    [(_, error)] = done.refused
    assert error.message.endswith("is no range of the last sheet's codes; name each")


def test_a_range_is_of_whole_codes_and_says_no_same():
    done = asked({"same": "o1-o3", "outcomes": "o4"}, {"unclear": "foo1-o2"}, sheet=["o1", "o2", "o3", "o4"])
    assert ({}, 2) == (done.words, len(done.refused))


def test_several_codes_are_merged_in_one_text():
    done = asked(
        {"when": "S2", "do": "give up", "outcomes": "o1"},
        {"merge": "S1.b, S2.a", "into": "S1.a"},
    )
    assert ['"bump the date" into "freeze the clock"', '"retry with backoff" into "freeze the clock"'] == done.joined
    assert [] == done.refused


def test_a_code_is_read_with_its_words_beside_it_and_in_any_case():
    for when in (
        "s1",
        "S1: a test depends on today",
        "S1: when a test depends on today",
        "S1 (a test depends on today)",
        "[S1]",
        "<S1>",
        "situation S1",
        "Known situation S1: a test depends on today",
        "a test depends on today [S1]",
    ):
        for do in (
            "b",
            "B",
            "(b)",
            "b: bump the date",
            "b) Bump the date.",
            "b (bump the date)",
            "b - bump dates",
            "S1.b",
            "s1b",
            "S1:b",
            "S1 / b",
            "[b]",
            "'b'",
            "#b",
            "approach b",
            "option b: bump the date",
            "bump the date (b)",
        ):
            [words] = asked({"when": when, "do": do, "outcomes": "o1"}).words.values()
            assert ("a test depends on today", "bump the date") == words[:2]
    [words] = asked({"when": "S3 uploads: they time out", "do": "c: free the drive", "outcomes": "o1"}).words.values()
    assert ("S3 uploads: they time out", "c: free the drive") == words[:2]
    for words_of_their_own in ("approach a customer", "a/b test", "use -O2", "-O2", "put it into S3", "retry (ms)"):
        [words] = asked({"when": "S1", "do": words_of_their_own, "outcomes": "o1"}).words.values()
        assert words_of_their_own == words.do


@pytest.mark.parametrize("code", ["S1: a test depends on today", "[S1]", "S1 (its words)"])
def test_a_situation_is_renamed_and_merged_by_its_code_however_it_is_written(code):
    done = asked({"rename": code, "when": "a date"}, {"merge": [code], "into": "S2: an upstream call is flaky"})
    assert ("an upstream call is flaky", "freeze the clock") == done.words[IDS[4]][:2]
    done = asked({"rename": "Situation s1a", "do": "fix the time"}, {"rename": "(s1.b)", "do": "x y"})
    assert (["fix the time"], []) == ([words.do for words in done.words.values()], done.refused)


@pytest.mark.parametrize(
    ("when", "do"),
    [
        ("S1: another situation", "wait longer"),
        ("S1", "a: wait longer"),
        ("S1", "C"),
        ("S1.a", "wait longer"),
        ("SX", "wait longer"),
        ("o2", "wait longer"),
        ("S1, S2", "wait longer"),
        ("S1 S2", "wait longer"),
        ("S 1", "wait longer"),
        ("[S9]", "wait longer"),
        ("same as S1", "wait longer"),
        ("<new words>", "wait longer"),
        ("S1", "a/b"),
        ("S1", "a, b"),
        ("S1", "a and b"),
        ("S1", "S2.a"),
        ("S1", "approach x"),
        ("a b", "[a]"),
        ("a b", "approach a"),
        ("a b", "o3"),
        ("new words", "wait longer"),
        ("same as above", "wait longer"),
        ("a b", "done"),
    ],
)
def test_codes_and_what_is_asked_are_no_words(when, do):
    done = asked({"when": when, "do": do, "outcomes": "o1"})
    assert ({}, 1) == (done.words, len(done.refused))


def test_a_situation_has_no_when_of_its_own():
    done = asked({"when": "When a build is slow:", "do": "cache", "outcomes": "o1"})
    assert "a build is slow" == done.words[IDS[0]].when
    done = asked({"when": "tests collide when run together", "do": "split them", "outcomes": "o1"})
    assert "tests collide when run together" == done.words[IDS[0]].when


def test_an_approach_that_stood_on_no_sheet_has_no_letter():
    known = codes()
    known.approaches["S1"].pop()
    lines = lines_of(json.dumps({"when": "S1", "do": "b", "outcomes": IDS[0]}))
    done = plan(lines, codes=known, named=NAMED, outcomes=OUTCOMES, same={}, agent="helena")
    assert ["do: 'b' is no known approach of S1"] == [error.message for _, error in done.refused]


def test_unclear_gives_no_words():
    assert {IDS[0]: Words("", "", replaces=False)} == asked({"unclear": ["o1"]}).words


def test_the_same_takes_over_the_words_of_a_memory():
    rule = "a" * 32
    done = asked({"same": rule, "outcomes": ["o1"]}, same={rule: Words("w", "d", replaces=True)})
    assert {IDS[0]: Words("w", "d", replaces=True)} == done.words


def test_rename_merge_and_move_change_words_that_are_there():
    assert {IDS[4]: Words("dates in tests", "freeze the clock", replaces=True)} == asked(
        {"rename": "S1", "when": "dates in tests"}
    ).words
    assert {IDS[4]: Words("a test depends on today", "stop the clock", replaces=True)} == asked(
        {"rename": "S1.a", "do": "stop the clock"}
    ).words
    merged = asked({"merge": ["S2"], "into": "S1"})
    assert {"f" * 32: Words("a test depends on today", "retry with backoff", replaces=True)} == merged.words
    assert ['"an upstream call is flaky" into "a test depends on today"'] == merged.joined
    assert {IDS[4]: Words("a test depends on today", "bump the date", replaces=True)} == asked(
        {"merge": ["S1.a"], "into": "S1.b"}
    ).words
    moved = asked({"move": ["o5"], "when": "new", "do": "words"}).words
    assert {IDS[4]: Words("new", "words", replaces=True, is_moved=True)} == moved


def test_a_later_line_sees_what_an_earlier_one_renamed():
    done = asked({"rename": "S2", "when": "calls fail now and then"}, {"when": "S2", "do": "a", "outcomes": ["o1"]})
    assert ("calls fail now and then", "retry with backoff") == done.words[IDS[0]][:2]


def test_what_an_earlier_line_put_into_a_situation_is_renamed_with_it():
    done = asked({"when": "S2", "do": "a", "outcomes": ["o1"]}, {"rename": "S2", "when": "calls fail now and then"})
    assert ("calls fail now and then", "retry with backoff", False) == done.words[IDS[0]][:3]


def test_an_outcome_keeps_the_first_words_that_it_had_to_be_found_by_unless_it_was_moved():
    joined = Words("dates in tests", "freeze the clock", replaces=True)
    assert "a test depends on today, freeze the clock" == joined.earlier_words(WORDED)
    assert "" == joined._replace(is_moved=True).earlier_words(WORDED)
    once = outcome(strategy="x", when="dates", do="stop it", earlier_words="a test is red in February, stub Date.now")
    assert "a test is red in February, stub Date.now" == joined.earlier_words(once)
    assert "" == Words(WORDED.when, WORDED.do, replaces=True).earlier_words(WORDED)
    assert "" == Words("a test depends on today", "wait", replaces=False).earlier_words(outcome(when="tests"))
    assert "" == joined.earlier_words(outcome(strategy="x"))


def test_an_answer_says_to_which_sheet_it_is_and_one_of_other_codes_is_refused():
    line = {"unclear": ["o1"]}
    answer = lines_of("\n".join(map(json.dumps, ({"sheet": "3f9a"}, line, {"sheet": "3f9a", **line}, line))) + '\n{"x')
    assert [line, line, line] == [one.value for one in of_sheet(answer, "3f9a")][:3]
    with pytest.raises(InvalidInput, match="this answers the sheet '3f9a', whose codes stand for other outcomes here"):
        of_sheet(answer, "77aa")
    sheet = Sheet(agent="a", domain="d", left=0, outcomes=(Item("o1", IDS[0], "t", "s"),), known=(), mark="3f9a")
    assert '{"sheet": "3f9a"}' in sheet.to_prompt()
    assert "3f9a" == sheet.to_json()["sheet"]


def test_what_was_merged_or_put_into_a_situation_is_renamed_with_it_by_any_of_its_codes():
    for code in ("S1", "S2"):
        done = asked(
            {"when": "S2", "do": "give up early", "outcomes": ["o1"]},
            {"merge": ["S2"], "into": "S1"},
            {"when": code, "do": "retry with backoff", "outcomes": ["o2"]},
            {"rename": code, "when": "it fails now and then"},
            {"rename": "S2.a", "do": "retry later"},
        )
        assert [] == done.refused
        assert {
            IDS[0]: Words("it fails now and then", "give up early", replaces=False),
            "f" * 32: Words("it fails now and then", "retry later", replaces=True),
            IDS[4]: Words("it fails now and then", "freeze the clock", replaces=True),
            IDS[1]: Words("it fails now and then", "retry later", replaces=False),
        } == done.words
    again = asked({"merge": ["S2"], "into": "S1"}, {"merge": ["S1"], "into": "S2"})
    assert ["merge: 'S1' can't be merged into 'S2'"] == [error.message for _, error in again.refused]


def test_an_outcome_that_is_moved_stays_where_it_is_moved_whatever_becomes_of_where_it_was():
    move = {"move": ["o5"], "when": "S2", "do": "a"}
    rename = {"rename": "S1", "when": "dates in tests"}
    for lines in ([move, rename], [rename, move]):
        done = asked(*lines)
        assert ([], ("an upstream call is flaky", "retry with backoff", True)) == (done.refused, done.words[IDS[4]][:3])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"when": "a b", "do": "b c", "outcomes": ["o99"]}, "'o99' is no outcome of agent helena"),
        ({"when": "a b", "do": "b c", "outcomes": ["o6"]}, "'o6' is no outcome of agent helena"),
        ({"when": "a b", "do": "b c", "outcomes": ["o5"]}, "'o5' has general words; {\"move\": ...} replaces them"),
        ({"when": "a b", "do": "b c", "outcomes": ["o7"]}, "'o7' has no strategy, so it can't be said what was done"),
        ({"when": "S9", "do": "b c", "outcomes": ["o1"]}, "when: 'S9' is no known situation"),
        ({"when": "S1", "do": "z", "outcomes": ["o1"]}, "do: 'z' is no known approach of S1"),
        (
            {"when": "a b", "do": "b", "outcomes": ["o1"]},
            "do: 'b' stands for an approach of a known situation; give words",
        ),
        ({"when": "a b", "outcomes": ["o1"]}, "do: missing"),
        ({"when": "x" * 201, "do": "b c", "outcomes": ["o1"]}, "when: expected one line of at most 200 characters"),
        ({"when": "a\nb", "do": "b c", "outcomes": ["o1"]}, "when: expected one line of at most 200 characters"),
        ({"when": " ", "do": "b c", "outcomes": ["o1"]}, "when: empty"),
        ({"when": "a b", "do": "b c", "outcomes": []}, 'expected codes, such as "o1 o2"'),
        ({"when": "a b", "do": "b c", "outcomes": [3]}, "3 is no outcome of agent helena"),
        (
            {"when": "a b", "do": "b c", "outcomes": ["o1"], "success": 9},
            'success: not a key of a line with "outcomes"',
        ),
        ({"rename": "S9", "when": "a"}, "'S9' is no known situation"),
        ({"rename": "S1", "do": "a b"}, "rename: the situation 'S1' needs \"when\""),
        ({"rename": "S1.a", "when": "a b"}, "rename: 'S1.a' needs \"do\", and has to be a known approach"),
        ({"merge": [], "into": "S1"}, 'merge: expected codes, such as "S9"'),
        ({"merge": ["S1.z"], "into": "S1.a"}, "merge: 'S1.z' is no known approach"),
        ({"merge": ["S1"], "into": "S1"}, "merge: 'S1' can't be merged into 'S1'"),
        ({"merge": ["S1.a"], "into": "S2"}, "merge: 'S1.a' can't be merged into 'S2'"),
        ({"same": "abc", "outcomes": ["o1"]}, "same: 'abc' is no outcome or rule of helena's"),
        ({"hello": 1}, 'expected "outcomes", "unclear", "rename", "merge", "move" or "same"'),
        ('{"when": oops}', "this is no JSON: '{\"when\": oops}'"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_the_rest_is_taken(line, message):
    done = asked({"when": "a b", "do": "c d", "outcomes": ["o2"]}, line)
    assert [(2, True)] == [(number, error.message.startswith(message)) for number, error in done.refused]
    assert [IDS[1]] == list(done.words)


def test_a_code_counts_once():
    done = asked({"when": "a b", "do": "c d", "outcomes": ["o1", "o1", "o2"]}, {"unclear": ["o2"]})
    assert ["a b", "a b"] == [words.when for words in done.words.values()]
    assert ["'o1' was given words in line 1", "'o2' was given words in line 1"] == [
        error.message for _, error in done.refused
    ]


def test_prose_fences_and_arrays_around_the_objects_do_no_harm():
    text = 'Sure! Here {it} is:\n```json\n[{"unclear":\n ["o1"]},\n{"unclear": ["o2"]}]\n```\nHope that helps :}'
    assert [(3, ["o1"]), (5, ["o2"])] == [(line.number, line.value["unclear"]) for line in lines_of(text)]


def test_the_question_is_no_answer():
    prompt = Sheet(agent="a", domain="d", left=0, outcomes=(Item("o1", IDS[0], "t", "s"),), known=()).to_prompt()
    assert {} == asked(prompt).words


def test_what_a_model_thinks_aloud_is_no_part_of_its_answer():
    draft, final = '{"when": "draft words", "do": "c d", "outcomes": "o1"}', '{"unclear": "o1"}'
    for text in (
        f"<think>\nMaybe {draft}\n</think>\n{final}",
        f"<thinking>{draft}</thinking>{final}\n\n <think>{draft}",
        f"Maybe\n{draft}\r\n</think>\r\n\r\n{final}",
        f"Thinking...\n{draft}\n...done thinking.\n\n{final}",
        f"<think>\n{draft}\n</think>\n{final}\n<think>\n{draft}\n</think>",
    ):
        assert [json.loads(final)] == [line.value for line in lines_of(text)]
    assert [3, 4] == [line.number for line in lines_of(f"<think>\n{draft}\n</think>{final}\n{final}")]
    said = '{"when": "a page has <think> tags", "do": "cut at </think>", "outcomes": "o1"}'
    assert [json.loads(said)] * 2 == [line.value for line in lines_of(f"{said}\n{said}")]


@pytest.mark.parametrize(
    "thinking",
    [
        "[THINK]{}[/THINK]",
        "\u25c1think\u25b7\n{}\n\u25c1/think\u25b7\n",
        "<seed:think>\n{}\n</seed:think>\n",
        "<|START_THINKING|>{}<|END_THINKING|><|START_RESPONSE|>",
        "<|channel|>analysis<|message|>{}<|end|><|start|>assistant<|channel|>final<|message|>",
        "<|channel|>analysis<|message|>{0}<|end|><|start|>assistant<|channel|>analysis<|message|>{0}<|end|>\n",
        "analysisWe see. {}assistantfinal",
        "<|begin_of_thought|>\n{}\n<|end_of_thought|>\n<|begin_of_solution|>\n",
        "<scratchpad>\n{}\n</scratchpad>\n",
        "<thoughts>\n{}\n</thoughts>",
        '<think time="3">\n{}\n</think>\n',
        "Maybe {}\n</think>",
    ],
)
def test_each_family_of_models_thinks_aloud_between_marks_of_its_own(thinking):
    draft, final = '{"when": "draft words", "do": "c d", "outcomes": "o1"}', '{"unclear": "o1"}'
    assert [json.loads(final)] == [line.value for line in lines_of(thinking.format(draft) + final)]
    phi = f"{final}<|end|>\n{final}<|end|>"
    assert [json.loads(final)] * 2 == [line.value for line in lines_of(phi)]


def test_keys_that_a_program_had_to_give_and_left_empty_say_nothing():
    line = {"when": "a b", "do": "c d", "outcomes": "o1"}
    others = ("rename", "merge", "into", "move", "same", "unclear", "sheet")
    for nothing in (None, "", []):
        done = asked({**dict.fromkeys(others[:-1], nothing), **line}, {"unclear": nothing})
        assert ({IDS[0]: "a b"}, []) == ({id: words.when for id, words in done.words.items()}, done.refused)
    assert [] == asked(line, {"unclear": "none"}).refused
    assert 1 == len(asked({**line, "success": 0}).refused)
    done = asked(line, {"when": None, "do": "e f", "outcomes": "o2"})
    assert (["o1"], 1) == ([f"o{int(id, 16)}" for id in done.words], len(done.refused))


def test_the_mark_of_a_sheet_is_known_as_a_number_too():
    line = {"unclear": "o1"}
    for mark in (123456, " 123456 ", None):
        assert [line] == [one.value for one in of_sheet(lines_of(json.dumps({"sheet": mark, **line})), "123456")]
    assert [line] == [one.value for one in of_sheet(lines_of(json.dumps({"sheet": "3F9A1C", **line})), "3f9a1c")]


def test_an_object_with_a_key_twice_is_refused_for_the_last_would_win_without_a_word():
    done = asked('{"when": "a b", "do": "c d", "outcomes": "o1", "do": "e f", "outcomes": "o2"}', {"unclear": "o3"})
    assert [IDS[2]] == list(done.words)
    assert [(1, "'do' stands twice in one object")] == [(line, error.message) for line, error in done.refused]


def test_spaces_of_a_copied_page_are_spaces():
    line = '{"when":\u00a0"a\u00a0b",\u2028"do":\u3000"c d", "outcomes": "o1"}\ufeff'
    assert [("a b", "c d")] == [words[:2] for words in asked(line).words.values()]


@pytest.mark.parametrize(
    "line",
    [
        "{'when': 'a b', 'do': \"c d\", 'outcomes': ['o1', 'o2']}",
        '{"when": "a b", "do": "c d", "outcomes": "o1 o2",}',
        '{\n  "when": "a b",\n  "do": "c d",\n  "outcomes": [\n    "o1",\n    "o2",\n  ],\n}',
        "{\u201cwhen\u201d: \u201ca b\u201d, \u201cdo\u201d: \u201cc d\u201d, \u201coutcomes\u201d: \u201co1 o2\u201d}",
        "{'answers': [{'when': 'a b', 'do': 'c d', 'outcomes': ('o1', 'o2')}], 'left': None}",
    ],
)
def test_objects_as_python_writes_them_and_as_pages_quote_them_are_read(line):
    done = asked(f"Here it is: {line} (as you asked)", {"unclear": "o3"})
    assert [("a b", "c d"), ("a b", "c d"), ("", "")] == [words[:2] for words in done.words.values()]
    assert () == tuple(done.refused)


@pytest.mark.parametrize(
    "line",
    [
        "{'when': 'a b', 'when': 'c d', 'outcomes': 'o1',}",  # which of the two?
        "{'answers': [{'when': 'a b', 'do': 'c d', 'do': 'd e', 'outcomes': 'o1'}],}",
        '{"when": "a\\d b", "do": "c d", "outcomes": "o1"}',
        '{"when": "a \\"b", "do": "c d", "outcomes": "o1",}',
        "{'when': 'a b', 'do': open('c'), 'outcomes': 'o1'}",
        "{'when': {'a b'}, 'do': b'c d', 'outcomes': 'o1'}",
        "{'when': " + "(" * 3000,
        "{'when': " + "-" * 3000 + "1}",
        "{'when': 'a b', **{'do': 'c d'}, 'outcomes': 'o1'}",
        "{'when', 'outcomes'}",
    ],
)
def test_what_could_be_read_in_two_ways_or_is_more_than_values_is_refused(line):
    done = asked(line, {"unclear": "o2"})
    assert [IDS[1]] == list(done.words)
    assert 1 == len(done.refused)


def test_of_very_much_that_is_nearly_json_not_all_is_read():
    lines = [f"{{'unclear': '{number}'}}\n" for number in range(200)]
    assert 100 == sum(isinstance(one.value, dict) for one in lines_of("".join(lines)))


def test_after_a_thousand_objects_that_are_no_json_the_rest_is_not_read():
    lines = lines_of("{'a':}\n" * 149_000 + '{"unclear": "o1"}')  # which took 40 s
    assert (1001, 1001) == (len(lines), lines[-1].number)
    assert "1000 objects before this are no JSON: the rest was not read" == str(lines[-1].value)


def test_objects_in_a_text_are_named_as_what_they_are():
    line = json.dumps({"unclear": "o1"})
    for wrapped in ({"type": "result", "result": line}, {"choices": [{"message": {"content": line}}]}):
        [(_, error)] = asked(wrapped).refused
        assert error.message.endswith("its objects stand in a text: have them written as plain text")
    [(_, error)] = asked(json.dumps(line)).refused
    assert error.message.startswith("this is no JSON: ")


@pytest.mark.parametrize("written", ["1 2", [1, 2], "o 1", "all", "0000", "a b"])
def test_a_number_or_a_letter_is_no_start_of_an_id(written):
    read = lines_of(json.dumps({"when": "a b", "do": "c d", "outcomes": written}))
    assert [] == references(read, codes())
    assert ["000000"] == references(lines_of('{"unclear": "000000"}'), codes())


def test_an_answer_that_is_too_long_is_refused():
    with pytest.raises(InvalidInput, match="characters; at most"):
        lines_of("x" * (MAX_ANSWER + 1))


hostile = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["o1", "o6", "S1", "a", "S1.a", IDS[5], "\x1b[2J", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["when", "do", "outcomes", "move", "merge", "into", "rename", "same"]), inner)
    ),
    max_leaves=12,
)


@given(st.lists(hostile | st.text(), max_size=4))
def test_whatever_is_answered_only_the_agents_own_outcomes_get_words(values):
    done = asked(*(value if isinstance(value, str) else json.dumps(value) for value in values))
    assert done.words.keys() <= {*IDS[:5], "f" * 32, IDS[6]}
    assert all(len(words.when) <= 200 and "\n" not in words.when for words in done.words.values())


def test_a_sheet_quotes_what_it_shows_as_data():
    sheet = Sheet(
        agent="helena",
        domain="general",
        left=3,
        outcomes=(Item("o1", IDS[0], 'Ignore "all"\x1b', "x -> y"),),
        known=(KnownSituation("S1", "w", (KnownApproach("a", "d", 2, "e"),)),),
    )
    prompt = sheet.to_prompt()
    assert 'o1: "Ignore \\"all\\"\\\\x1b" -> "x -> y"\n' in prompt
    assert 'S1: when "w"\n  a: "d" (2, e.g. "e")\n' in prompt
    assert ["agent", "domain", "left", "outcomes", "known"] == list(sheet.to_json())
    assert "" == Sheet(agent="a", domain="", left=0, outcomes=(), known=()).to_prompt()


def test_a_review_has_words_only_and_the_outcomes_that_could_be_moved():
    known = (KnownSituation("S1", "w", (KnownApproach("a", "d", 2, "", ("o1", "o2")),)),)
    sheet = Sheet(agent="helena", domain="", left=0, outcomes=(), known=known)
    assert 'S1: when "w"\n  a: "d" (2) [o1, o2]\n' in sheet.to_prompt()
    assert ["o1", "o2"] == sheet.to_json()["known"][0]["approaches"][0]["members"]


def test_long_texts_are_cut_on_a_sheet():
    long = item("o1", outcome(task="t" * 999, strategy="s\n" * 999))
    assert (240, True, 240) == (len(long.task), "\n" not in long.strategy, len(long.strategy))
    assert 80 >= len(example("t" * 999, "s" * 999))


def test_codes_stay_the_same_from_sheet_to_sheet():
    kept = codes()
    again = Codes.from_json(json.loads(json.dumps(kept.to_json(most=5000))))
    assert ("o1", "o8", "S1", "b") == (
        again.of_outcome(IDS[0]),
        again.of_outcome("e" * 32),
        again.of_situation("general", key_of("a test depends on today")),
        again.of_approach("S1", key_of("bump the date")),
    )
    letters = [kept.of_approach("S7", str(number)) for number in range(28)]
    assert ["a", "b", "z", "aa", "ab"] == [letters[0], letters[1], *letters[25:]]


_KEPT = {"outcomes": {}, "situations": {}, "approaches": {}}


@pytest.mark.parametrize(
    "value",
    [
        *(None, [], {"outcomes": 3}, {"outcomes": {}, "situations": [], "approaches": 1}),
        *({**_KEPT, "given": given} for given in (None, "x", float("inf"))),
    ],
)
def test_codes_that_cant_be_read_are_given_anew(value):
    assert "o1" == Codes.from_json(value).of_outcome(IDS[0])


def test_codes_of_what_is_no_text_are_those_of_unknown_outcomes():
    kept = Codes.from_json({"outcomes": {"o1": 5, "o2": [IDS[0]]}, "situations": {}, "approaches": {}, "given": 2})
    assert ["o3", "o4"] == [kept.of_outcome(IDS[0]), kept.of_outcome("5" * 32)]


def test_words_that_share_most_of_their_terms_look_alike():
    assert [("retry an upstream call", "retry the upstream call slowly")] == alike(
        ["retry the upstream call slowly"], ["retry an upstream call"]
    )
    assert [] == alike(["one thing"], ["another matter", "one thing"])


def test_what_is_merged_goes_into_the_domain_of_the_other_and_no_rename_reaches_into_another_domain():
    elsewhere = outcome(id=IDS[1], strategy="x", domain="ui")
    known, far = codes(), named("it fails at night", "wait", "e" * 32, domain="ui")
    known.of_approach(known.of_situation("ui", far.task_key), far.strategy_key)

    def planned(*lines):
        read = lines_of("\n".join(map(json.dumps, lines)))
        found = {IDS[0]: OUTCOMES[IDS[0]], IDS[1]: elsewhere}
        return plan(read, codes=known, named=[*NAMED, far], outcomes=found, same={}, agent="helena")

    date = "a test depends on today"
    moved = planned({"merge": "S3", "into": "S1"}, {"rename": "S3", "when": "a test reads the clock"})
    assert ("a test reads the clock", "wait", True, "general") == moved.words["e" * 32][:4]
    one = planned({"merge": "S3.a", "into": "S1.a"})
    assert {"e" * 32: (date, "freeze the clock", True, "general")} == {id: said[:4] for id, said in one.words.items()}
    back = planned({"merge": "S3", "into": "S1"}, {"merge": "S1", "into": "S2"})
    assert ("an upstream call is flaky", "wait", True, "general") == back.words["e" * 32][:4]
    (put,) = planned({"move": "o2", "when": "S1", "do": "a"}).words.values()
    assert (date, "freeze the clock", True, "general") == put[:4]
    with_others = planned({"merge": "S1", "into": "S3"})
    assert {"ui"} == {words.domain for words in with_others.words.values()}
    same = {"when": "an upstream call is flaky", "do": "retry with backoff", "outcomes": ["o1", "o2"]}
    done = planned(same, {"rename": "S2", "when": "calls fail"})
    assert ["calls fail", "an upstream call is flaky"] == [done.words[id].when for id in IDS[:2]]


def test_objects_that_a_program_wraps_in_one_are_read_one_by_one():
    lines = [{"when": "a b", "do": "c d", "outcomes": ["o1"]}, {"unclear": ["o2"]}]
    for wrapped in ({"answers": lines}, {"model": "x", "answers": lines[:1], "more": [*lines[1:], "done"]}):
        done = asked(json.dumps(wrapped, indent=2))
        assert ([IDS[0], IDS[1]], []) == (list(done.words), done.refused)
    for unclear in ("o2", ["o2"]):
        done = asked({"rules": lines[:1], "unclear": unclear, "merge": []})
        assert ({IDS[0]: "a b", IDS[1]: ""}, []) == ({id: one.when for id, one in done.words.items()}, done.refused)
    for other in ({"answers": []}, {"answers": ["o1"]}):
        assert 1 == len(asked(other).refused)


def test_approaches_stand_within_their_situation_as_programs_nest_them():
    first, second = {"do": "c d", "outcomes": "o1"}, {"do": "e f", "outcomes": "o2"}
    rules = {"result": {"sheet": "3f9a", "rules": [{"when": "a b", "approaches": [first, second]}, {"unclear": "o3"}]}}
    beside = {"sheet": "3f9a", "when": "a b"}
    assert [{**beside, **first}, {**beside, **second}, {"sheet": "3f9a", "unclear": "o3"}] == [
        line.value for line in lines_of(json.dumps(rules))
    ]
    deep = '{"a": ' * 300 + "{}" + "}" * 300
    assert 1 == len(lines_of(deep))
    assert 1 == len(asked(deep).refused)


def test_a_situation_and_a_mark_beside_a_list_are_those_of_its_objects():
    first = {"when": "a b", "do": "c d", "outcomes": "o1"}
    done = asked(
        first, {"when": "e f", "approaches": [{"do": "g h", "outcomes": "o2"}, {"do": "i j", "outcomes": "o3"}]}
    )
    assert ["a b", "e f", "e f"] == [words.when for words in done.words.values()]
    with pytest.raises(InvalidInput, match="codes stand for other outcomes"):
        of_sheet(lines_of(json.dumps({"sheet": "ffffff", "answers": [first]})), "3f9a1c")
    assert [first] == [line.value for line in of_sheet(lines_of(json.dumps({"sheet": "a", "answers": [first]})), "a")]


def test_words_that_stand_for_nothing_are_refused_and_the_way_to_say_so_is_named():
    done = asked({"when": "N/A", "do": "wait", "outcomes": ["o1"]}, {"rename": "S1", "when": "None"})
    assert {} == done.words
    assert [
        f'when: \'{word}\' says nothing; of what can\'t be told say {{"unclear": "o1 o2"}}' for word in ("N/A", "None")
    ] == [error.message for _, error in done.refused]
