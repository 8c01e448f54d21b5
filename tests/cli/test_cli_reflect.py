"""General words on the command line: given, followed, proposed, reflected, reviewed, taken back."""

import json
import os
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import time

import pytest

WHEN, DO = "a test depends on today's date", "freeze the clock"
TASKS = {
    "Fix CardTest, red since 1 February": "Clock.fixed in the service",
    "renewal spec fails at month's end": "wrapped it in freeze_time",
    "green in the morning, red at night": "stubbed Date.now in setup",
}


@pytest.fixture
def told(run_json):
    """Three outcomes of one lesson, each in its own words; their ids."""
    return [
        run_json("learn", "--agent", "helena", "--task", task, "--outcome", "success", "--strategy", strategy)["data"][
            "id"
        ]
        for task, strategy in TASKS.items()
    ]


@pytest.fixture
def program(tmp_path):
    """A command that runs this Python source."""

    def written(source):
        path = tmp_path / "answers.py"
        path.write_text(source, encoding="utf-8")
        return shlex.join([sys.executable, str(path)])

    return written


ANSWERER = f"""
import json, sys
sheet = json.load(sys.stdin)
print("Of course! Here is what I found:")
print(json.dumps({{"when": {WHEN!r}, "do": {DO!r}, "outcomes": [one["code"] for one in sheet["outcomes"]]}}))
"""


def reflect(run_json, *argv, **options):
    return run_json("reflect", "--agent", "helena", *argv, **options)


def rules(run_json):
    return [(one["condition"], one["strategy"], one["occurrences"]) for one in heuristics(run_json)]


def heuristics(run_json):
    return run_json("list", "--kind", "heuristic")["data"]["memories"]


def test_an_outcome_says_its_general_words_and_shows_them_everywhere(run_json, run_alma):
    flags = ["--when", f" {WHEN} ", "--do", DO]
    for task, strategy in TASKS.items():
        run_json("learn", "--agent", "helena", "--task", task, "--outcome", "success", "--strategy", strategy, *flags)
    assert [(WHEN, DO, 3)] == rules(run_json)
    assert (WHEN, DO) == tuple(json.loads(run_alma("export").out.splitlines()[0])[name] for name in ("when", "do"))
    assert f"when {WHEN}: {DO}" in run_alma("list", "--kind", "outcome").out
    evidence = run_json("show", heuristics(run_json)[0]["id"])["data"]["evidence"]
    assert list(reversed(TASKS)) == [one["task"] for one in evidence]


@pytest.mark.parametrize("name", ["when", "do"])
@pytest.mark.parametrize("text", ["x" * 201, "one\ntwo"])
def test_general_words_are_one_short_line(run_json, run_alma, name, text):
    told = run_json("learn", "--agent", "a", "--task", "x", "--outcome", "success", f"--{name}", text, code=2)["error"]
    assert told["message"].startswith(f"{name}: expected one line of at most 200 characters")
    line = json.dumps({"agent": "a", "task": "x", "outcome": "success", name: text})
    assert 1 == run_alma("learn", "--batch", "-", stdin=line).code
    assert [] == run_json("list")["data"]["memories"]


def test_following_a_memory_takes_its_words_and_credits_it(run_json):
    learned = ["learn", "--agent", "helena", "--outcome", "success"]
    for number in range(3):
        run_json(*learned, "--task", f"t{number}", "--strategy", f"s{number}", "--when", WHEN, "--do", DO)
    rule = heuristics(run_json)[0]["id"]
    done = run_json(*learned, "--task", "Fix the badge spec", "--strategy", "fake timers", "--followed", rule[:8])
    assert ([], []) == (done["warnings"], done["data"]["similar"])
    assert [(WHEN, DO, 4)] == rules(run_json)
    exported = run_json("stats")["data"]["tallies"]
    assert 1 == sum(tally["count"] for tally in exported if tally["kind"] == "credit")


def test_who_follows_what_to_avoid_did_what_to_do_instead(run_json):
    learned = ("learn", "--agent", "helena", "--task", "t", "--strategy", "s", "--when", WHEN)
    for do, result in (("bump the date", "failure"), (DO, "success")):
        for _ in range(4 if result == "failure" else 3):
            run_json(*learned, "--do", do, "--outcome", result)
        avoided = run_json("list", "--kind", "anti_pattern")["data"]["memories"][0]["id"]
        followed = run_json(*learned, "--outcome", "success", "--followed", avoided)
        told = [f"{avoided[:8]} says what to avoid, and nothing to do instead: give `do`"] if do != DO else []
        assert told == followed["warnings"]
    assert [(WHEN, DO, 4)] == rules(run_json)
    (rule,) = run_json("list", "--kind", "anti_pattern")["data"]["memories"]
    assert (4, 0) == (rule["occurrences"], rule["successes"])


@pytest.mark.parametrize(("result", "do"), [("success", ""), ("failure", "bump the date")])
def test_what_worked_is_not_what_failed_where_a_failed_outcome_was_followed(run_json, result, do):
    learned = ("learn", "--agent", "helena", "--task", "t", "--strategy", "s")
    failed = run_json(*learned, "--when", WHEN, "--do", "bump the date", "--outcome", "failure")["data"]["id"]
    done = run_json(*learned, "--outcome", result, "--followed", failed)
    outcome = run_json("show", done["data"]["id"])["data"]
    assert (WHEN, do) == (outcome["when"], outcome["do"])
    assert (not do) == any("nothing to do instead: give `do`" in warning for warning in done["warnings"])


DOMAINS = "alma: {project_id: shop, agents: {helena: {can_learn: [testing, release]}}}\n"


@pytest.mark.parametrize(("given", "domain"), [([], "testing"), (["--domain", "release"], "release")])
def test_an_outcome_counts_in_the_domain_of_the_memory_that_it_followed(configure, run_json, given, domain):
    configure(DOMAINS)
    learned = ["learn", "--agent", "helena", "--outcome", "success", "--strategy", "s"]
    for number in range(3):
        run_json(*learned, "--task", f"t{number}", "--domain", "testing", "--when", WHEN, "--do", DO)
    rule = heuristics(run_json)[0]["id"]
    done = run_json(*learned, "--task", "Fix the release notes", "--followed", rule, *given)
    assert domain == done["data"]["domain"]
    assert [(WHEN, DO, 3 + (not given))] == rules(run_json)


def test_a_domain_that_is_forbidden_is_not_taken_over_and_a_task_about_it_refused(configure, run_json):
    scopes = "helena: {cannot_learn: [backend]}, victor: {share_with: [helena]}"
    configure(f"alma: {{project_id: shop, agents: {{{scopes}}}}}\n")
    words = ["--outcome", "success", "--strategy", "s", "--when", WHEN, "--do", DO]
    followed = run_json("learn", "--agent", "victor", "--task", "t", *words)["data"]["id"]
    told = ["learn", "--agent", "helena", "--outcome", "success", "--followed", followed, "--task"]
    assert "general" == run_json(*told, "Fix the label")["data"]["domain"]
    assert "scope_violation" == run_json(*told, "Fix the backend", code=6)["error"]["code"]


@pytest.mark.parametrize("way", ["learn", "import"])
def test_one_lesson_is_not_split_over_the_domains_that_its_tasks_speak_of(configure, run_alma, run_json, way):
    configure(DOMAINS)
    tasks = ("Fix the testing of dates", "Fix the release of dates", "Fix the label")
    outcome = {"agent": "helena", "outcome": "success", "strategy": "s", "when": WHEN, "do": DO}
    kind = {"kind": "outcome"} if way == "import" else {}
    written = "\n".join(json.dumps({**kind, **outcome, "task": task}) for task in tasks)
    run_alma(*(["learn", "--batch", "-"] if way == "learn" else ["import", "-"]), stdin=written)
    assert [(WHEN, DO, 3)] == rules(run_json)


def test_words_that_stand_in_several_domains_are_told_to_be_counted_apart(configure, run_json, run_alma):
    configure(DOMAINS)
    ids = [
        run_json("learn", "--agent", "helena", "--task", task, "--outcome", "success", "--strategy", "s")["data"]["id"]
        for task in ("Fix the testing of dates", "Fix the release of dates", "Fix the testing again")
    ]
    answer = json.dumps({"when": WHEN, "do": DO, "outcomes": ids})
    done = reflect(run_json, "--apply", "-", stdin=answer)["data"]
    label = f"when {WHEN}: {DO}"
    first, second, third = (id[:8] for id in ids)
    apart = f"release ({second}), testing ({third} {first}): {label}"
    assert ([label], [apart]) == (done["new"], done["apart"])
    sheet = run_alma("reflect", "--agent", "helena", "--review").out
    assert 1 == sheet.count(f'when "{WHEN}" (domain release)') == sheet.count(f'when "{WHEN}" (domain testing)')
    run_json("correct", ids[1], "--domain", "testing")
    assert [(WHEN, DO, 3)] == rules(run_json)


def test_a_review_merges_what_is_counted_apart_in_two_domains_and_is_undone(configure, run_json):
    configure(DOMAINS)
    for task in ("Fix the testing of dates", "Fix the release of dates", "Fix the testing again"):
        run_json("learn", "--agent", "helena", "--task", task, "--outcome", "success", "--strategy", "s")
    for _ in ("testing", "release"):
        codes = [one["code"] for one in reflect(run_json, "--format", "json")["data"]["outcomes"]]
        reflect(run_json, "--apply", "-", stdin=json.dumps({"when": WHEN, "do": DO, "outcomes": codes}))
    known = reflect(run_json, "--review", "--format", "json")["data"]["known"]
    assert {"testing", "release"} == {one["domain"] for one in known}
    (into,) = (one["code"] for one in known if one["domain"] == "testing")
    (merged,) = (one["code"] for one in known if one["domain"] == "release")
    done = reflect(run_json, "--apply", "-", stdin=json.dumps({"merge": merged, "into": into}))["data"]
    assert (1, []) == (done["worded"], done["refused"])
    assert [(WHEN, DO, 3)] == rules(run_json)
    assert {"testing"} == {one["domain"] for one in run_json("list")["data"]["memories"]}
    reflect(run_json, "--undo")
    assert ([], 1) == (rules(run_json), len(run_json("list", "--domain", "release")["data"]["memories"]))


def test_what_is_said_to_be_the_same_as_a_rule_counts_in_its_domain(configure, run_json):
    configure(DOMAINS)
    learned = ["learn", "--agent", "helena", "--outcome", "success", "--strategy", "s"]
    for number in range(3):
        run_json(*learned, "--task", f"t{number}", "--domain", "testing", "--when", WHEN, "--do", DO)
    other = run_json(*learned, "--task", "Fix the release notes")["data"]
    answer = json.dumps({"same": heuristics(run_json)[0]["id"], "outcomes": other["id"]})
    assert ("release", []) == (other["domain"], reflect(run_json, "--apply", "-", stdin=answer)["data"]["refused"])
    assert [(WHEN, DO, 4)] == rules(run_json)


def test_an_outcome_that_has_general_words_only_is_shown_with_them_and_can_be_said_to_be_the_same(run_json, run_alma):
    learned = ["learn", "--agent", "helena", "--outcome", "success", "--do", DO]
    run_json(*learned, "--task", "Fix the badge spec", "--when", WHEN)
    done = run_json(*learned, "--task", "Fix the card spec")["data"]
    prompt = run_alma("retrieve", "Fix the card spec", "--agent", "helena", "--format", "prompt").out
    assert f'success: "Fix the card spec"; strategy: "{DO}"' in prompt
    same = {"same": done["similar"][0]["id"], "outcomes": [done["id"]]}
    assert (1, []) == tuple(
        reflect(run_json, "--apply", "-", stdin=json.dumps(same))["data"][name] for name in ("worded", "refused")
    )
    assert (WHEN, DO) == tuple(run_json("show", done["id"])["data"][name] for name in ("when", "do"))


@pytest.mark.slow
def test_a_review_by_a_program_that_changes_nothing_says_so(run_json, run_alma):
    review = ["reflect", "--agent", "helena", "--review", "--with", "true"]
    assert (0, "", "no general words are in use yet\n") == run_alma(*review)
    run_json("learn", "--agent", "helena", "--task", "t", "--outcome", "success", "--when", WHEN, "--do", DO)
    assert (0, "", "nothing was to be changed\n") == run_alma(*review)


@pytest.mark.parametrize("option", [["--review"], ["--domain", "ui"]])
def test_an_undo_of_a_part_of_a_reflection_is_refused(run_json, option):
    told = reflect(run_json, "--undo", *option, code=2)["error"]
    assert f"--undo excludes {option[0]}" == told["message"]


def test_following_what_is_not_there_is_told_and_recorded(run_json):
    done = run_json("learn", "--agent", "helena", "--task", "x", "--outcome", "success", "--followed", "abc")
    assert ["`followed` was left out: no memory has an id that starts with abc"] == done["warnings"]
    assert "x" == run_json("show", done["data"]["id"])["data"]["task"]


def test_new_words_are_told_what_is_known_and_one_line_says_the_same(run_json, run_alma):
    known = ["learn", "--agent", "helena", "--outcome", "success", "--when", WHEN, "--do", DO]
    for task, strategy in list(TASKS.items())[:2]:
        assert [] == run_json(*known, "--task", task, "--strategy", strategy)["data"]["similar"]
    finished = run_alma(
        *["learn", "--agent", "helena", "--outcome", "success", "--task", "the rental spec is red at night"],
        *["--strategy", "froze the time", "--when", "tests break at some time of day", "--do", "use a fixed clock"],
    )
    *_, line = finished.err.splitlines()
    assert f"{WHEN}: {DO} (2 of 2 worked)" in finished.err
    echo, _, command = line.strip().partition(" | alma ")
    done = run_alma(*shlex.split(command), stdin=shlex.split(echo)[1])
    assert (0, True) == (done.code, "new heuristic" in done.err)
    assert [(WHEN, DO, 3)] == rules(run_json)


def test_a_sheet_shows_no_results_and_its_answer_makes_a_rule(run_json, run_alma, told):
    sheet = run_alma("reflect", "--agent", "helena")
    assert 0 == sheet.code
    assert all(text in sheet.out for text in [*TASKS, *TASKS.values()])
    assert "success" not in sheet.out
    answer = json.dumps({"when": WHEN, "do": DO, "outcomes": ["o1", *(id[:8] for id in told[1:])]})
    done = reflect(run_json, "--apply", "-", stdin=answer)["data"]
    assert (3, 0, [f"when {WHEN}: {DO}"]) == (done["worded"], done["left"], done["new"])
    assert [("created", 3)] == [(one["change"], one["occurrences"]) for one in done["heuristics"]]
    assert [(WHEN, DO, 3)] == rules(run_json)
    assert (0, "", "nothing of agent helena waits for general words\n") == run_alma("reflect", "--agent", "helena")


@pytest.mark.usefixtures("told")
def test_the_answer_to_a_sheet_of_other_codes_words_nothing(run_json, project):
    sheet = reflect(run_json)["data"]
    answer = f"{json.dumps({'sheet': sheet['sheet']})}\n{json.dumps({'when': WHEN, 'do': DO, 'outcomes': ['o1']})}"
    (project / ".alma" / "log" / "reflection.json").unlink()
    assert sheet["sheet"] != reflect(run_json)["data"]["sheet"]
    error = reflect(run_json, "--apply", "-", stdin=answer, code=2)["error"]
    assert "whose codes stand for other outcomes here" in error["message"]
    assert 3 == len(reflect(run_json)["data"]["outcomes"])
    current = answer.replace(sheet["sheet"], reflect(run_json)["data"]["sheet"])
    assert 1 == reflect(run_json, "--apply", "-", stdin=current)["data"]["worded"]


@pytest.mark.usefixtures("told")
def test_where_the_codes_of_a_sheet_cannot_be_kept_nobody_is_asked_for_an_answer(run_json, project):
    kept = project / ".alma" / "log" / "reflection.json"
    kept.mkdir(parents=True)
    for argv in ((), ("--review",)):
        error = reflect(run_json, *argv, "--with", f"touch {project / 'asked'}", code=1)["error"]
        assert f"cannot keep the codes of the sheet in {kept}: " in error["message"]
    assert not (project / "asked").exists()
    sheet = reflect(run_json)["data"]
    answer = json.dumps({"when": WHEN, "do": DO, "outcomes": [sheet["outcomes"][0]["id"]]})
    assert 1 == reflect(run_json, "--apply", "-", stdin=answer)["data"]["worded"]


@pytest.mark.usefixtures("told")
def test_a_sheet_says_where_its_answer_goes_and_an_empty_one_who_waits(run_alma):
    assert (
        "its answer goes to: alma reflect --agent helena --apply FILE\n" == run_alma("reflect", "--agent", "helena").err
    )
    nothing = "nothing of agent victor waits for general words\nothers wait: 3 of helena (name one with --agent)\n"
    for ask in ([], ["--with", "no-such-program"]):
        assert (0, "", nothing) == run_alma("reflect", "--agent", "victor", *ask)


@pytest.mark.usefixtures("told")
def test_where_nothing_waits_in_a_domain_it_is_told_that_some_do_in_others(run_alma):
    told = "nothing of agent helena in ui_patterns waits for general words\n3 wait in its other domains (leave --domain out)\n"
    for ask in ([], ["--with", "no-such-program"]):
        assert (0, "", told) == run_alma("reflect", "--agent", "helena", "--domain", "ui_patterns", *ask)


@pytest.mark.slow
@pytest.mark.usefixtures("told")
def test_a_program_answers_sheet_after_sheet(run_json, program):
    done = reflect(run_json, "--format", "json", "--with", program(ANSWERER))["data"]
    assert (3, 0, []) == (done["worded"], done["left"], done["refused"])
    assert [(WHEN, DO, 3)] == rules(run_json)


@pytest.mark.slow
@pytest.mark.usefixtures("told")
def test_after_an_answer_about_a_part_of_a_sheet_it_is_told_that_the_rest_waits(run_alma, program):
    first_only = ANSWERER.replace('sheet["outcomes"]]', 'sheet["outcomes"][:1]]')
    done = run_alma("reflect", "--agent", "helena", "--format", "json", "--with", program(first_only))
    assert (0, "2 outcomes wait for general words: run it again") == (done.code, done.err.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.usefixtures("told")
def test_the_configuration_names_the_program(run_json, program, monkeypatch):
    assert "no program is named to ask" == reflect(run_json, "--with", "", code=3)["error"]["message"]
    monkeypatch.setenv("ALMA_REFLECT_COMMAND", program(ANSWERER))
    assert 3 == reflect(run_json, "--format", "json", "--with", "")["data"]["worded"]


MISBEHAVING = {
    "fails": ("import sys; sys.exit('no credit left')", "failed with exit status 1: no credit left"),
    "says nothing": ("", f"no JSON object in the answer of {sys.executable}: it said nothing"),
    "prints prose": (
        "print('Hm.\\nI am not sure { what you mean }')",
        f"no JSON object in the answer of {sys.executable}: I am not sure {{ what you mean }}",
    ),
    "complains and ends well": (
        "import sys; print('429: rate limit', file=sys.stderr)",
        f"no JSON object in the answer of {sys.executable}: 429: rate limit",
    ),
    "hangs": ("import time; time.sleep(60)", "gave no answer within 1 s"),
    "leaves a child behind": (
        "import subprocess, time; subprocess.Popen(['sleep', '60']); time.sleep(60)",
        "gave no answer within 1 s",
    ),
    "never stops": ("while True: print('x' * 65536)", "answered more than 1,048,576 bytes"),
}


@pytest.mark.usefixtures("told")
def test_a_question_that_has_no_room_for_its_temporary_file_says_so(run_json, program, monkeypatch, tmp_path):
    command = program(ANSWERER)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    error = reflect(run_json, "--with", command, code=1)["error"]
    assert error["message"].startswith("cannot keep what is asked in a temporary file: ")
    assert error["hint"] == "free some space where temporary files are, or set TMPDIR"


@pytest.mark.slow
@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("case", MISBEHAVING)
def test_a_program_that_misbehaves_changes_nothing(run_json, program, monkeypatch, case):
    source, message = MISBEHAVING[case]
    monkeypatch.setenv("ALMA_REFLECT_TIMEOUT_S", "1" if "answer within" in message else "30")
    began = time.monotonic()
    code = 2 if "no JSON" in message else 1
    error = reflect(run_json, "--with", program(source), code=code)["error"]
    assert message in error["message"]
    assert time.monotonic() - began < 30
    assert 3 == reflect(run_json)["data"]["left"] + len(reflect(run_json)["data"]["outcomes"])


@pytest.mark.slow
@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_program_ends_with_the_alma_that_asks_it(program, tmp_path, number):
    pipe = tmp_path / "held"
    os.mkfifo(pipe)
    command = program(f"import time\nwith open({str(pipe)!r}, 'w') as held:\n    time.sleep(3600)\n")
    argv = [sys.executable, "-m", "alma_cli", "reflect", "--agent", "helena", "--with", command]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL) as asking, pipe.open() as held:
        asking.send_signal(number)
        assert -number == asking.wait()
        assert select.select([held], [], [], 60)[0], "the end of what the program held open"
        assert "" == held.read()


@pytest.mark.slow
def test_a_missing_program_is_named(run_json, told):
    error = reflect(run_json, "--with", "no-such-program -p", code=1)["error"]
    assert "cannot run no-such-program: No such file or directory" == error["message"]


@pytest.mark.slow
def test_what_was_answered_before_a_failure_is_kept(run_json, program, tmp_path):
    lines = [
        {"agent": "helena", "task": f"case {number}", "outcome": "success", "strategy": f"way {number}"}
        for number in range(40)
    ]
    run_json("learn", "--batch", "-", stdin="".join(json.dumps(line) + "\n" for line in lines))
    flag = tmp_path / "asked"
    second_fails = f"import os, sys\nif os.path.exists({str(flag)!r}): sys.exit('tired')\nopen({str(flag)!r}, 'w')\n"
    failed = reflect(run_json, "--format", "json", "--with", program(second_fails + ANSWERER), code=1)
    assert failed["error"]["message"].endswith("failed with exit status 1: tired")
    assert [(WHEN, DO, 36)] == rules(run_json)
    assert 4 == len(reflect(run_json)["data"]["outcomes"])


def test_a_bad_line_is_named_and_the_rest_kept(run_json, told):
    answer = f'{{"unclear": ["o9"]}}\n{json.dumps({"when": WHEN, "do": DO, "outcomes": ["o1"]})}\n{{"when": \n'
    reflect(run_json)
    failed = reflect(run_json, "--apply", "-", stdin=answer, code=1)
    assert "2 lines were refused; the rest is kept" == failed["error"]["message"]
    assert WHEN == run_json("show", told[0])["data"]["when"]


@pytest.mark.usefixtures("told")
def test_where_every_line_is_refused_no_rest_is_told_of(run_json):
    failed = reflect(run_json, "--apply", "-", stdin='{"unclear": ["o9"]}', code=1)
    assert "1 line was refused" == failed["error"]["message"]
    failed = run_json("learn", "--batch", "-", stdin="no JSON", code=1)
    assert "1 line was refused" == failed["error"]["message"]


def test_another_agents_outcomes_are_out_of_reach(run_json, told):
    foreign = run_json("learn", "--agent", "victor", "--task", "y", "--outcome", "success", "--strategy", "z")["data"][
        "id"
    ]
    answer = json.dumps({"when": WHEN, "do": DO, "outcomes": [foreign]})
    assert 0 == reflect(run_json, "--apply", "-", stdin=answer, code=1)["data"]["worded"]
    assert "" == run_json("show", foreign)["data"]["when"]


def test_an_answer_that_is_given_again_is_no_mistake_and_changes_nothing(run_json, told):
    answer = {"when": WHEN, "do": DO, "outcomes": " ".join(told)}
    assert 3 == reflect(run_json, "--apply", "-", stdin=json.dumps(answer).encode())["data"]["worded"]
    again = reflect(run_json, "--apply", "-", stdin=json.dumps(answer).encode())["data"]
    assert (0, 3, []) == (again["worded"], again["unchanged"], again["refused"])
    other = reflect(run_json, "--apply", "-", stdin=json.dumps({**answer, "do": "wait"}).encode(), code=1)["data"]
    assert "has general words" in other["refused"][0]["message"]
    assert [(WHEN, DO, 3)] == rules(run_json)


@pytest.mark.usefixtures("told")
def test_the_last_reflection_can_be_taken_back(run_json, run_alma):
    reflect(run_json)
    answer = json.dumps({"when": WHEN, "do": DO, "outcomes": ["o1", "o2", "o3"]})
    reflect(run_json, "--apply", "-", stdin=answer)
    done = reflect(run_json, "--undo")["data"]
    assert (3, ["retired"], []) == (done["left"], [one["change"] for one in done["heuristics"]], rules(run_json))


def test_what_nobody_could_tell_is_not_asked_again_after_words_for_it_were_taken_back(told, run_json):
    reflect(run_json, "--apply", "-", stdin=json.dumps({"unclear": told[0]}))
    reflect(run_json, "--apply", "-", stdin=json.dumps({"when": WHEN, "do": DO, "outcomes": told}))
    assert 2 == reflect(run_json, "--undo")["data"]["left"]
    assert {"reflect": "unclear"} == run_json("show", told[0])["data"]["labels"]


def test_a_review_shows_all_words_and_takes_merges(run_json, run_alma, told):
    apart = [{"when": f"{WHEN} {n}", "do": DO, "outcomes": [f"o{n}"]} for n in (1, 2, 3)]
    reflect(run_json)
    reflect(run_json, "--apply", "-", stdin="\n".join(map(json.dumps, apart)))
    shown = run_alma("reflect", "--agent", "helena", "--review").out
    assert all(f'"{WHEN} {n}"' in shown for n in (1, 2, 3))
    done = reflect(run_json, "--apply", "-", stdin='{"merge": ["S2", "S3"], "into": "S1"}')["data"]
    assert (2, 2) == (len(done["joined"]), done["worded"])
    assert [(f"{WHEN} 1", DO, 3)] == rules(run_json)


def test_what_is_joined_is_still_found_by_the_words_that_it_had(run_json, run_alma):
    def first(query):
        rule = run_json("retrieve", query, "--agent", "helena")["data"]["heuristics"][0]
        return rule["condition"], rule["sure"]

    def learn(task, when):
        flags = [
            "--outcome",
            "success",
            "--strategy",
            "labelled it",
            "--when",
            when,
            "--do",
            "label it for screen readers",
        ]
        return run_json("learn", "--agent", "helena", "--task", task, *flags)["data"]["id"]

    def by_id(exported):
        return {one["id"]: {**one, "updated_at": ""} for one in map(json.loads, exported.splitlines())}

    ids = [learn("The volume knob", "VoiceOver is silent"), learn("Bid button", "a control has no name"), ""]
    ids[2] = learn("Seat map", "a control has no name")
    before = run_alma("export").out
    reflect(run_json, "--review")
    reflect(run_json, "--apply", "-", stdin=b'{"merge": "S1", "into": "S2"}')
    assert [("a control has no name", "label it for screen readers", 3)] == rules(run_json)
    assert {"VoiceOver is silent, label it for screen readers", ""} == {
        json.loads(line)["earlier_words"] for line in run_alma("export").out.splitlines() if 'outcome"' in line
    }
    assert ("a control has no name", True) == first("Why does VoiceOver say nothing?")
    assert "VoiceOver is silent" in run_alma("show", ids[0]).out
    run_json("reflect", "--agent", "helena", "--undo")
    assert [] == rules(run_json)
    after = run_alma("export").out
    assert by_id(before) == by_id(after)


def test_an_approach_in_three_situations_gives_one_rule_for_all(run_json):
    for number in range(4):
        learned = ["learn", "--agent", "helena", "--task", f"Job {number}", "--outcome", "success", "--strategy", DO]
        run_json(*learned)
    ((condition, strategy, count),) = rules(run_json)
    assert ("working on 4 tasks such as Job 0", DO, 4) == (condition, strategy, count)
    assert 4 == len(run_json("show", heuristics(run_json)[0]["id"])["data"]["evidence"])


def test_a_domain_that_the_agent_may_not_learn_is_refused(configure, run_json):
    configure("alma: {project_id: shop, agents: {helena: {cannot_learn: [backend]}}}\n")
    assert "scope_violation" == reflect(run_json, "--domain", "backend", code=6)["error"]["code"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--apply", "-", "--undo"], "--apply excludes --undo"),
        (["--apply", "-", "--with", "x"], "--apply excludes --with"),
        (["--sheets", "2"], "--sheets needs --with"),
        (["--format", "yaml"], "--format 'yaml': expected prompt or json"),
    ],
)
def test_options_that_exclude_each_other_are_named(run_json, argv, message):
    assert message == reflect(run_json, *argv, code=2)["error"]["message"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_sheet_can_be_read_where_nothing_can_be_written(run_alma, told, project):
    os.chmod(project / ".alma", 0o500)
    try:
        assert 0 == run_alma("reflect", "--agent", "helena").code
    finally:
        os.chmod(project / ".alma", 0o700)


def test_what_a_person_said_of_a_rule_goes_with_a_situation_that_is_renamed_and_comes_back_with_it(told, run_json):
    reflect(run_json, "--apply", "-", stdin=json.dumps({"when": WHEN, "do": DO, "outcomes": told}))
    reflect(run_json, "--review")
    rule = heuristics(run_json)[0]["id"]
    run_json("feedback", rule, "--helped")
    mine = run_json("correct", rule, "--strategy", "freeze the clock, in the service too")["data"]["id"]
    shown = rules(run_json)
    assert [mine] == [one["id"] for one in heuristics(run_json)]
    rename = '{"rename": "S1", "when": "dates matter"}'
    for back in (["reflect", "--agent", "helena", "--undo"], ["undo", "--yes"]):
        run_json("reflect", "--agent", "helena", "--apply", "-", stdin=rename)
        assert [mine] == [one["id"] for one in heuristics(run_json)]
        assert [("dates matter", "freeze the clock, in the service too", 0)] == rules(run_json)
        assert all(one["ok"] for one in run_json("doctor")["data"]["checks"] if one["name"] == "vectors")
        (hidden,) = (one for one in run_json("list", "--archived")["data"]["memories"] if one["archived"])
        (credited,) = run_json("list", "--kind", "credit")["data"]["memories"]
        assert ("dates matter", credited["target"]) == (hidden["condition"], hidden["id"])
        run_json(*back)
        assert shown == rules(run_json)
        assert [rule] == [one["target"] for one in run_json("list", "--kind", "credit")["data"]["memories"]]
