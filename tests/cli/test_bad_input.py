"""Whatever is given, it is refused with what, where and a remedy, or stored losslessly and printed harmlessly."""

import json
import re
import unicodedata

import pytest

KINDS = "anti-pattern, heuristic, preference, knowledge, outcome, rule"
WHEN = "expected a day, a time like 2026-01-31T09:30:00Z, or an age like 12h, 7d or 2w"
IDS = "`alma list` and `alma search WORDS` show the ids"
LEARN = ["learn", "--agent", "a", "--outcome", "success"]
NAME = "a name has 1 to 128 characters, none of / \\ ? # and no control characters"

# Refused on the command line: what is given, then exit code, message and hint
REFUSED = {
    "unknown result": (
        ["learn", "--agent", "a", "--task", "x", "--outcome", "won"],
        (2, "outcome: expected success or failure or partial, got 'won'", ""),
    ),
    "empty result": (
        ["learn", "--agent", "a", "--task", "x", "--outcome", ""],
        (2, "outcome: expected success or failure or partial, got ''", ""),
    ),
    "empty task": ([*LEARN, "--task", ""], (2, "task: empty", "say in a few words what the agent was to do")),
    "blank task": ([*LEARN, "--task", " \t\n"], (2, "task: empty", "say in a few words what the agent was to do")),
    "empty agent": (
        ["learn", "--agent", "", "--task", "x", "--outcome", "success"],
        (2, "no agent given", "name one with --agent NAME, or set ALMA_AGENT"),
    ),
    "agent with a slash": (
        ["learn", "--agent", "a/b", "--task", "x", "--outcome", "success"],
        (2, "'a/b' can't name an agent: it has /", NAME),
    ),
    "agent with an escape": (
        ["learn", "--agent", "a\x1b[31m", "--task", "x", "--outcome", "success"],
        (2, "'a\\x1b[31m' can't name an agent: it has a control or invisible character", NAME),
    ),
    "agent turned around": (
        ["learn", "--agent", "a\u202eb", "--task", "x", "--outcome", "success"],
        (2, "'a\\u202eb' can't name an agent: it has a control or invisible character", NAME),
    ),
    "agent that is a star": (
        ["learn", "--agent", "*", "--task", "x", "--outcome", "success"],
        (2, "'*' can't name an agent: * stands for every agent", NAME),
    ),
    "reserved agent": (
        ["learn", "--agent", "_meta", "--task", "x", "--outcome", "success"],
        (2, "'_meta' can't name an agent: it starts with _, which is reserved (_project is the whole project)", NAME),
    ),
    "long agent": (
        ["learn", "--agent", "a" * 129, "--task", "x", "--outcome", "success"],
        (2, f"'{'a' * 40}'... can't name an agent: it has 129 characters; 128 are allowed", NAME),
    ),
    "empty domain": (
        [*LEARN, "--task", "x", "--domain", ""],
        (2, "'' can't name a domain: it is empty", NAME),
    ),
    "domain with a space around": (
        [*LEARN, "--task", "x", "--domain", " ui"],
        (2, "' ui' can't name a domain: it starts or ends with a space", NAME),
    ),
    "domain with a zero byte": (
        [*LEARN, "--task", "x", "--domain", "u\0i"],
        (2, "'u\\x00i' can't name a domain: it has a control or invisible character", NAME),
    ),
    "time to come": (
        [*LEARN, "--task", "x", "--at", "2999-01-01"],
        (
            2,
            "at: 2999-01-01T00:00:00+00:00 is in the future",
            "give the time when it happened, or leave --at out for now",
        ),
    ),
    "time in words": (
        [*LEARN, "--task", "x", "--at", "yesterday"],
        (2, "--at: expected a time like 2026-01-31T09:30:00Z, got 'yesterday'", ""),
    ),
    "day that is not": (
        [*LEARN, "--task", "x", "--at", "2026-02-30"],
        (2, "--at: expected a time like 2026-01-31T09:30:00Z, got '2026-02-30'", ""),
    ),
    "time before all time": (
        [*LEARN, "--task", "x", "--at", "0001-01-01T00:00:00+14:00"],
        (2, "--at: expected a time like 2026-01-31T09:30:00Z, got '0001-01-01T00:00:00+14:00'", ""),
    ),
    "empty time": (
        [*LEARN, "--task", "x", "--at", ""],
        (2, "--at: expected a time like 2026-01-31T09:30:00Z, got ''", ""),
    ),
    "negative duration": (
        [*LEARN, "--task", "x", "--duration-ms", "-1"],
        (2, "duration_ms: expected a number from 0 to 9007199254740992, got -1", ""),
    ),
    "huge duration": (
        [*LEARN, "--task", "x", "--duration-ms", "9" * 20],
        (2, f"duration_ms: expected a number from 0 to 9007199254740992, got {'9' * 20}", ""),
    ),
    "duration with a fraction": (
        [*LEARN, "--task", "x", "--duration-ms", "1.5"],
        (
            2,
            "invalid value for '--duration-ms': '1.5' is not a whole number",
            "`alma learn --help` shows what it takes",
        ),
    ),
    "label without a value": (
        [*LEARN, "--task", "x", "--label", "build"],
        (2, "--label 'build': expected KEY=VALUE", "for instance --label build=1187"),
    ),
    "label with two values": (
        [*LEARN, "--task", "x", "--label", "a=1", "--label", "a=2"],
        (2, "--label 'a' is given with two values", "a memory has one of each name"),
    ),
    "label to filter by with two values": (
        ["list", "--label", "a=1", "--label", "a"],
        (2, "--label 'a' is given with two values", "a memory has one of each name"),
    ),
    "label without a key": (
        [*LEARN, "--task", "x", "--label", "=1187"],
        (2, "--label '=1187': expected KEY=VALUE", "for instance --label build=1187"),
    ),
    "text of a megabyte": (
        [*LEARN, "--task", "x" * 1_000_000],
        (
            2,
            "the outcome has 1,000,495 bytes; a memory has at most 262,144",
            "shorten it: a memory is read before a task, so a few sentences serve best",
        ),
    ),
    "fact of a megabyte": (
        ["add", "knowledge", "é" * 500_000, "--project-wide"],
        (
            2,
            "the knowledge has 1,000,368 bytes; a memory has at most 262,144",
            "shorten it: a memory is read before a task, so a few sentences serve best",
        ),
    ),
    "unknown kind": (
        ["add", "rumour", "x"],
        (2, "there is no `alma add rumour`", "`alma add` takes preference, knowledge, heuristic or anti-pattern"),
    ),
    "kind with an escape": (
        ["add", "\x1b[2J", "x"],
        (2, "there is no `alma add \\x1b[2J`", "`alma add` takes preference, knowledge, heuristic or anti-pattern"),
    ),
    "unknown format": (
        ["retrieve", "x", "--agent", "a", "--format", "xml"],
        (
            2,
            "invalid value for '--format': 'xml' is not one of 'table', 'prompt', 'json'",
            "`alma retrieve --help` shows what it takes",
        ),
    ),
    "nothing to remember": (
        ["remember", " \t"],
        (2, "TEXT: empty", "say in a sentence what is to be remembered"),
    ),
    "remembered for one and for all": (
        ["remember", "x", "--agent", "a", "--project-wide"],
        (2, "--agent and --project-wide exclude each other", ""),
    ),
    "nothing to correct": (
        ["correct", "abc", ""],
        (2, "TEXT: empty", "give the corrected text, or use `alma forget` to remove the memory"),
    ),
    "nothing to correct by a field": (
        ["correct", "xyz", "--outcome", "failure"],
        (2, "id: expected up to 32 hex digits, got 'xyz'", IDS),
    ),
    "unknown key": (
        ["config", "set", "retreival.top_k", "3"],
        (2, "there is no key retreival.top_k", "did you mean retrieval.top_k?"),
    ),
    "key without a value": (
        ["config", "set", "wait_s"],
        (2, "missing argument 'VALUE...'", "`alma config set --help` shows what it takes"),
    ),
    "value out of range": (
        ["config", "set", "retrieval.top_k", "0"],
        (2, "retrieval.top_k is '0'; it takes a whole number from 1 to 100", ""),
    ),
    "secret in the configuration": (
        ["config", "set", "hooks.checks", "ghp_" + "aB3dE6gH9j" * 3 + "aB3dE6"],
        (
            2,
            "hooks.checks: that looks like a credential, and the file is shared",
            "keep it in an environment variable, or in a file outside the project",
        ),
    ),
    "no commits at all": (
        ["learn", "--from-git", ""],
        (2, "'' names no commits", "such as HEAD, v1.0..HEAD or HEAD~100.."),
    ),
    "an option of git's in the place of commits": (
        ["learn", "--from-git=--output=/tmp/x"],
        (2, "'--output=/tmp/x' names no commits", "such as HEAD, v1.0..HEAD or HEAD~100.."),
    ),
    "a task beside git's": (
        ["learn", "x", "--from-git", "HEAD"],
        (2, "--from-git excludes TASK", "it is read from the commits"),
    ),
    "a dry run of one outcome": (
        ["learn", "x", "--ok", "y", "--dry-run"],
        (2, "--dry-run goes with --from-git", "alma learn --from-git HEAD --dry-run"),
    ),
    "an option in the place of how it was done": (
        ["learn", "x", "--ok", "--force"],
        (
            2,
            "--ok: expected how it was done, got the option --force",
            "alma learn TASK --ok HOW, or --failed HOW, or --outcome partial --strategy HOW",
        ),
    ),
    "an option behind an empty variable": (
        ["learn", "x", "--ok", "y", "--when", "--do", "z"],
        (
            2,
            "--when: expected a value, got the option --do",
            "give it one, or leave it out; --when=--do is taken as it stands",
        ),
    ),
    "an import without an end": (
        ["import", "/dev/zero"],
        (2, "/dev/zero: line 1 has no end within 64 MiB", "expected one JSON object a line"),
    ),
    "a batch without an end": (
        ["learn", "--batch", "/dev/zero"],
        (2, "/dev/zero: line 1 has no end within 64 MiB", "expected one JSON object a line"),
    ),
    "Markdown that is not there": (
        ["import", "no/such.md"],
        (2, "cannot read no/such.md: No such file or directory", "is the path right?"),
    ),
    "a folder without Markdown": (
        ["import", ".alma"],
        (2, "there is no Markdown in .alma", "name a file, or a folder of .md files"),
    ),
    "an agent for NDJSON": (
        ["import", "x.ndjson", "--agent", "a"],
        (2, "--agent and --dry-run are for Markdown", "a line of NDJSON says whose it is"),
    ),
    "nameless project": (["init", "--project-id", ""], (2, "'' can't name a project: it is empty", NAME)),
    "no words to search for": (
        ["search", ""],
        (2, "WORDS: empty", 'say what to look for: alma search "login form"'),
    ),
    "blank words": (["search", " \t"], (2, "WORDS: empty", 'say what to look for: alma search "login form"')),
    "nothing piped to a search": (
        ["search", "-"],
        (2, "WORDS: empty", 'say what to look for: alma search "login form"'),
    ),
    "kind that is mistyped": (
        ["list", "--kind", "outcom"],
        (2, f"kind: expected {KINDS}, got 'outcom'", "did you mean outcome?"),
    ),
    "kind of something else": (["search", "x", "--kind", "rumour"], (2, f"kind: expected {KINDS}, got 'rumour'", "")),
    "kind that is empty": (["search", "x", "--kind", ""], (2, f"kind: expected {KINDS}, got ''", "")),
    "situation of two lines": (
        ["retrieve", "x", "--when", "a test\ndepends on the date"],
        (
            2,
            "when: expected one line of at most 200 characters, got several lines",
            'say it in general words, such as "a test depends on today\'s date"',
        ),
    ),
    "kind that is not retrieved": (
        ["retrieve", "x", "--agent", "a", "--kind", "credit"],
        (2, "kinds: expected anti_pattern, heuristic, preference, knowledge, outcome, got 'credit'", ""),
    ),
    "result that is mistyped": (
        ["list", "--outcome", "sucess"],
        (2, "outcome: expected success or failure or partial, got 'sucess'", "did you mean success?"),
    ),
    "result with an escape": (
        ["search", "x", "--outcome", "\x1b[31m"],
        (2, "outcome: expected success or failure or partial, got '\\\\x1b[31m'", ""),
    ),
    "since in words": (["list", "--since", "yesterday"], (2, f"since: {WHEN}, got 'yesterday'", "")),
    "since nothing": (["search", "x", "--since", ""], (2, f"since: {WHEN}, got ''", "")),
    "until a day that is not": (["list", "--until", "2026-02-30"], (2, f"until: {WHEN}, got '2026-02-30'", "")),
    "until after the end of time": (
        ["list", "--until", "9999-12-31T23:00-05:00"],
        (2, f"until: {WHEN}, got '9999-12-31T23:00-05:00'", ""),
    ),
    "an age before all time": (["search", "x", "--since", "99999y"], (2, f"since: {WHEN}, got '99999y'", "")),
    "an age in a unit that is none": (["list", "--since", "7x"], (2, f"since: {WHEN}, got '7x'", "")),
    "since after until": (
        ["search", "x", "--since", "2026-02-02", "--until", "2026-02-01"],
        (2, "since: '2026-02-02' is not before until '2026-02-01'", "since is the earlier of the two"),
    ),
    "label to filter by without a key": (
        ["list", "--label", "=7"],
        (2, "--label '=7': expected KEY or KEY=VALUE", "for instance --label build=1187"),
    ),
    "search for none": (
        ["search", "x", "--limit", "0"],
        (2, "limit: expected a whole number from 1 to 1,000,000, got 0", ""),
    ),
    "offset before the first": (
        ["list", "--offset", "-1"],
        (2, "offset: expected a whole number from 0 to 1,000,000, got -1", ""),
    ),
    "offset past all": (
        ["search", "x", "--offset", "1000001"],
        (2, "offset: expected a whole number from 0 to 1,000,000, got 1,000,001", ""),
    ),
    "order that is none": (
        ["list", "--sort", "random"],
        (
            2,
            "invalid value for '--sort': 'random' is not one of 'newest', 'oldest'",
            "`alma list --help` shows what it takes",
        ),
    ),
    "status of something": (
        ["status", "extra"],
        (2, "`alma status` has no place for 'extra'", "`alma status --help` shows what it takes"),
    ),
    "empty text for a list": (
        ["list", ""],
        (
            2,
            "`alma list` has no place for an empty text",
            "`alma search WORDS` looks for words; `alma list --help` shows what it takes",
        ),
    ),
    "empty text for a status": (
        ["status", " "],
        (2, "`alma status` has no place for an empty text", "`alma status --help` shows what it takes"),
    ),
    "key and value as one": (
        ["config", "set", "reflect.command=claude -p"],
        (
            2,
            "missing argument 'VALUE...'",
            "the value stands behind the key: alma config set reflect.command 'claude -p'",
        ),
    ),
    "subcommand that is mistyped": (
        ["sync", "stauts"],
        (
            2,
            "`alma sync` has no place for 'stauts'",
            "did you mean `alma sync status`? `alma sync --help` shows what it takes",
        ),
    ),
    "kind in a list's words": (
        ["add", "fact", "x"],
        (2, "there is no `alma add fact`", "it is `alma add knowledge` here"),
    ),
    "name in the place of an option": (
        ["list", "helena"],
        (
            2,
            "`alma list` has no place for 'helena'",
            "`alma search helena` looks for words; `alma list --help` shows what it takes",
        ),
    ),
    "task without quotes": (
        ["retrieve", "fix", "the", "login", "--agent", "a"],
        (
            2,
            "`alma retrieve` has no place for 'the login'",
            "put a text of several words in quotes; `alma retrieve --help` shows what it takes",
        ),
    ),
    "fact without quotes": (
        ["remember", "CI", "is", "slow"],
        (
            2,
            "`alma remember` has no place for 'is slow'",
            "put a text of several words in quotes; `alma remember --help` shows what it takes",
        ),
    ),
    "option that is mistyped": (
        ["list", "--agnet", "helena"],
        (2, "no such option: --agnet", "did you mean --agent? `alma list --help` shows what it takes"),
    ),
    "flag with a value": (
        ["list", "--json=1"],
        (2, "option '--json' does not take a value", "`alma list --help` shows what it takes"),
    ),
    "text before its id": (
        ["correct", "the new text", "c85ef2f3"],
        (2, "id: expected up to 32 hex digits, got 'the new text'", IDS),
    ),
    "id that is empty": (
        ["forget", ""],
        (2, "id: expected up to 32 hex digits, got ''", IDS),
    ),
    "id with a digit too many": (
        ["show", "000000000000000000000000000000000"],
        (2, "id: expected up to 32 hex digits, got '000000000000000000000000000000000'", IDS),
    ),
    "word in the place of an id": (
        ["forget", "all", "--yes"],
        (2, "id: expected up to 32 hex digits, got 'all'", IDS),
    ),
    "feedback that says nothing": (
        ["feedback", "abc"],
        (2, "give either --helped or --misled", "alma feedback ID --helped"),
    ),
    "several kinds in one": (
        ["list", "--kind", "outcome,rule"],
        (2, f"kind: expected {KINDS}, got 'outcome,rule'", "repeat the option: --kind outcome --kind rule"),
    ),
    "agent to filter by that is empty": (
        ["list", "--agent", ""],
        (2, "agent: empty", "leave it out to mean any"),
    ),
    "domain to filter by that is empty": (
        ["search", "x", "--domain", ""],
        (2, "domain: empty", "leave it out to mean any"),
    ),
    "text to filter by that is empty": (
        ["list", "--containing", ""],
        (2, "containing: empty", "leave it out to mean any"),
    ),
    "day in another order": (
        ["list", "--since", "27.11.2026"],
        (2, f"since: {WHEN}, got '27.11.2026'", ""),
    ),
    "a month that is not": (
        ["list", "--until", "2026-13-01"],
        (2, f"until: {WHEN}, got '2026-13-01'", ""),
    ),
    "limit below nothing": (
        ["list", "--limit", "-5"],
        (2, "limit: expected a whole number from 1 to 1,000,000, got -5", ""),
    ),
    "limit of an undo": (
        ["undo", "--limit", "3"],
        (2, "--limit goes with --list", "`alma undo` takes one write back, the last"),
    ),
    "setting below nothing": (
        ["config", "set", "wait_s", "-1"],
        (2, "no such option: -1", "put -- in front of a value that starts with a dash"),
    ),
    "batch that is a folder": (
        ["learn", "--batch", ".alma"],
        (2, "cannot read .alma: Is a directory", "name a file in it"),
    ),
    "batch that is not there": (
        ["learn", "--batch", "nope.ndjson"],
        (2, "cannot read nope.ndjson: No such file or directory", "is the path right?"),
    ),
    "wait in words": (
        ["list", "--wait", "long"],
        (2, "invalid value for '--wait': 'long' is not a number", "`alma list --help` shows what it takes"),
    ),
    "option before the command": (
        ["-v"],
        (2, "there is no option '-v' before the command", "-V is the version; --verbose stands behind a command"),
    ),
    "folder that is not": (
        ["stats", "--dir", "/no/such/folder"],
        (3, "there is no folder /no/such/folder (--dir)", "is --dir right?"),
    ),
}


# Refused as a correction of an outcome: options, then exit code, message and hint
NOT_CORRECTED = {
    "unknown result": (["--outcome", "won"], (2, "outcome: expected success or failure or partial, got 'won'", "")),
    "empty result": (["--outcome", ""], (2, "outcome: expected success or failure or partial, got ''", "")),
    "blank task": (
        ["--task", " "],
        (2, "task: empty", "give the corrected text, or use `alma forget` to remove the memory"),
    ),
    "task given twice": (["x", "--task", "y"], (2, "TEXT is the task, which is given twice", "give one of them")),
    "situation of several lines": (
        ["--when", "a\nb"],
        (
            2,
            "when: expected one line of at most 200 characters, got several lines",
            'say it in general words, such as "a test depends on today\'s date"',
        ),
    ),
    "long approach": (
        ["--do", "x" * 201],
        (
            2,
            "do: expected one line of at most 200 characters, got 201 characters",
            'say it in general words, such as "a test depends on today\'s date"',
        ),
    ),
    "nameless domain": (["--domain", ""], (2, "'' can't name a domain: it is empty", NAME)),
    "domain with an escape": (
        ["--domain", "a\x1b[2J"],
        (2, "'a\\x1b[2J' can't name a domain: it has a control or invisible character", NAME),
    ),
    "strategy of a megabyte": (
        ["--strategy", "x" * 1_000_000],
        (
            2,
            "the outcome has 1,000,526 bytes; a memory has at most 262,144",
            "shorten it: a memory is read before a task, so a few sentences serve best",
        ),
    ),
    "field of another kind": (
        ["--fact", "x"],
        (
            2,
            "no such option: --fact",
            "`alma correct --help` shows what it takes",
        ),
    ),
}


@pytest.mark.parametrize("case", NOT_CORRECTED)
def test_a_bad_correction_is_refused_and_nothing_changes(learn, run_alma, run_json, case):
    options, (code, message, hint) = NOT_CORRECTED[case]
    id = learn("Test login")
    before = run_json("show", id)["data"]
    told = f"error: {message}\n" + (f"hint: {hint}\n" if hint else "")
    assert (code, "", told) == run_alma("correct", id, *options)
    assert before == run_json("show", id)["data"]


@pytest.mark.parametrize("case", REFUSED)
def test_on_the_command_line_it_is_refused_and_nothing_is_stored(run_alma, run_json, case):
    argv, (code, message, hint) = REFUSED[case]
    told = f"error: {message}\n" + (f"hint: {hint}\n" if hint else "")
    assert (code, "", told) == run_alma(*argv)
    assert (message, hint) == tuple(run_json(*argv, code=code)["error"][key] for key in ("message", "hint"))
    assert 0 == run_json("stats")["data"]["total"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--agent", "helna"], "no memory has the agent 'helna'; did you mean helena?"),
        (["--agent", "xyz"], "no memory has the agent 'xyz'; there are helena, victor"),
        (["--domain", "ui_pattern"], "no memory has the domain 'ui_pattern'; did you mean ui_patterns?"),
        (["--label", "bild=7"], "no memory has the label 'bild=7'; did you mean build=7?"),
        (["--label", "buld"], "no memory has the label 'buld'; did you mean build?"),
        (["--user", "zz"], "no memory has the user 'zz'; there are ines"),
    ],
)
@pytest.mark.parametrize("command", [["list"], ["search", "login"]], ids=" ".join)
def test_a_name_to_filter_by_that_nothing_has_is_answered_with_the_nearest(learn, run_json, command, options, told):
    learn("Test the login", domain="ui_patterns", label="build=7")
    learn("Test the API", agent="victor")
    run_json("add", "preference", "Short answers", "--user", "ines")
    assert [told] == run_json(*command, *options)["warnings"]


def test_a_name_that_something_has_is_no_mistake_where_nothing_is_found(learn, run_json):
    learn("Test the login", label="build=7")
    found = run_json("list", "--agent", "helena", "--label", "build", "--outcome", "failure")
    assert ([], []) == (found["data"]["memories"], found["warnings"])


def test_ids_that_start_alike_are_named_as_far_as_tells_them_apart(run_alma, run_json):
    lines = "".join(
        json.dumps({"kind": "knowledge", "id": f"{number:032x}", "agent": "a", "fact": f"Fact {number}"}) + "\n"
        for number in range(7)
    )
    run_alma("import", "-", stdin=lines)
    error = run_json("show", "000", code=1)["error"]
    named = ", ".join(f"{number:032x}" for number in range(5))
    assert f"several memories have an id that starts with 000: {named}, ..." == error["message"]
    assert "add more digits" == error["hint"]


# Refused in a line of a batch (B) or an import (I): the line, then the message
FACT = {"kind": "knowledge", "agent": "a", "fact": "x"}
HAPPENED = {"kind": "outcome", "agent": "a", "task": "x", "outcome": "success"}
DONE = {"agent": "a", "task": "x", "outcome": "success"}
BAD_LINES = {
    "no JSON": ("B", "task: x", "not JSON: Expecting value at column 1"),
    "half an object": ("B", '{"task": "', "not JSON: Unterminated string starting at column 10"),
    "two values": ("B", "{} {}", "not JSON: Extra data at column 4"),
    "a list": ("B", "[]", "expected a JSON object, got []"),
    "null": ("B", "null", "expected a JSON object, got None"),
    "a number": ("I", "1", "expected a JSON object, got 1"),
    "not UTF-8": ("B", b'{"task": "\xff"}', "not UTF-8 at byte 11"),
    "NaN": ("B", '{"duration_ms": NaN}', "not JSON that can be read: NaN is not JSON"),
    "infinity": ("I", '{"confidence": -Infinity}', "not JSON that can be read: -Infinity is not JSON"),
    "a huge integer": (
        "I",
        '{"x": ' + "9" * 5000 + "}",
        "not JSON that can be read: a number has too many digits",
    ),
    "a key twice": ("I", '{"fact": "a", "fact": "b"}', "not JSON that can be read: the key fact is there twice"),
    "a key twice inside": ("B", '{"labels": {"a": 1, "a": 2}}', "not JSON that can be read: the key a is there twice"),
    "very deep": (
        "I",
        "[" * 100_000,
        "not JSON that can be read: it is nested too deeply",
    ),
    "no kind": (
        "I",
        {"fact": "x"},
        "kind: expected anti_pattern, heuristic, preference, knowledge, outcome, credit, got nothing",
    ),
    "unknown kind": (
        "I",
        {**FACT, "kind": "rumour"},
        "kind: expected anti_pattern, heuristic, preference, knowledge, outcome, credit, got 'rumour'",
    ),
    "no fact": ("I", {"kind": "knowledge", "agent": "a"}, "fact: missing"),
    "empty fact": ("I", {**FACT, "fact": " "}, "fact: empty"),
    "fact that is a list": ("I", {**FACT, "fact": ["x"]}, "fact: expected text, got ['x']"),
    "fact that is nothing": ("I", {**FACT, "fact": None}, "fact: missing"),
    "no agent": ("I", {"kind": "knowledge", "fact": "x"}, "agent: missing"),
    "bad agent": ("I", {**FACT, "agent": "a?"}, "'a?' can't name an agent: it has ?"),
    "bad domain": ("I", {**FACT, "domain": "a/b"}, "'a/b' can't name a domain: it has /"),
    "empty domain": ("I", {**FACT, "domain": ""}, "'' can't name a domain: it is empty"),
    "short id": ("I", {**FACT, "id": "abc"}, "id: expected 32 hex digits, got 'abc'"),
    "id in SQL": (
        "I",
        {**FACT, "id": "'; DROP TABLE memories; --"},
        'id: expected 32 hex digits, got "\'; DROP TABLE memories; --"',
    ),
    "another project": ("I", {**FACT, "project_id": "bank"}, "project_id: 'bank' is not this project ('shop')"),
    "unknown origin": (
        "I",
        {**FACT, "origin": "guessed"},
        "origin: expected observed or authored or derived, got 'guessed'",
    ),
    "confidence over 1": ("I", {**FACT, "confidence": 1.01}, "confidence: expected a number from 0 to 1, got 1.01"),
    "confidence as text": (
        "I",
        {**FACT, "confidence": "high"},
        "confidence: expected a number from 0 to 1, got 'high'",
    ),
    "bad time": (
        "I",
        {**FACT, "created_at": "soon"},
        "created_at: expected a time like 2026-01-31T09:30:00Z, got 'soon'",
    ),
    "time as a number": ("B", {**DONE, "at": 0}, "at: expected a time like 2026-01-31T09:30:00Z, got 0"),
    "archived as text": ("I", {**FACT, "archived": "no"}, "archived: expected true or false, got 'no'"),
    "labels as a list": ("B", {**DONE, "labels": ["a"]}, "labels: expected an object, got ['a']"),
    "label that is an object": ("B", {**DONE, "labels": {"a": {}}}, "labels.a: expected text, got {}"),
    "credit of two": (
        "I",
        {"kind": "credit", "agent": "a", "target": "0" * 32, "value": 2},
        "value: expected 1 (helped) or -1 (misled), got 2",
    ),
    "unknown key": ("B", {**DONE, "strategy_used": "x"}, "strategy_used: not a key of an outcome"),
    "no outcome": ("B", {"agent": "a", "task": "x"}, "outcome: missing"),
    "no task": ("B", {"agent": "a", "outcome": "success"}, "task: missing"),
    "used as text": ("B", {**DONE, "used": "abc"}, "used: expected a list of ids"),
    "duration with a fraction": ("B", {**DONE, "duration_ms": 1.5}, "duration_ms: expected a whole number, got 1.5"),
    "duration as a flag": ("B", {**DONE, "duration_ms": True}, "duration_ms: expected a whole number, got True"),
    "line of 5 MB": ("B", "x" * 5_000_000, "the line has more than 4 MiB"),
    "text of 1 MB": (
        "I",
        {**FACT, "fact": "x" * 1_000_000},
        "the knowledge has 1,000,336 bytes; a memory has at most 262,144",
    ),
}


@pytest.mark.parametrize("door", ["B", "I"])
def test_in_a_line_it_is_refused_by_its_number_and_the_other_lines_are_kept(run_json, door):
    argv, good = {"B": (["learn", "--batch", "-"], DONE), "I": (["import", "-"], HAPPENED)}[door]
    content, expected = [encoded(good)], []
    for through, line, message in BAD_LINES.values():
        if through == door:
            content += [encoded(line), encoded(good)]
            expected.append((len(content) - 1, message))
    envelope = run_json(*argv, stdin=b"\n".join(content), code=1)
    assert expected == [(refused["line"], refused["message"]) for refused in envelope["data"]["refused"]]
    assert f"{len(expected)} lines were refused; the rest is kept" == envelope["error"]["message"]
    assert len(expected) + 1 == envelope["data"]["learned" if door == "B" else "imported"]


def encoded(line):
    """A line as it stands in the file."""
    if isinstance(line, bytes):
        return line
    return (line if isinstance(line, str) else json.dumps(line)).encode()


# Accepted: stored as it came, and shown so that it does nothing
ACCEPTED = {
    "SQL": "'; DROP TABLE memories; --",
    "SQL that closes JSON": "\"}'); DROP TABLE memories; --",
    "shell": "$(rm -rf ~); `id` | cat > /etc/passwd & && || \\",
    "markup": "[red]x[/red] [link=https://example.com]y[/link] [/]",
    "terminal escape": "a\x1b[2Jb\x1b]0;title\x07c\x9b31m",
    "turned around": "a\u202eb\u2066c\u200fd",
    "zero byte": "a\0b",
    "line breaks": "one\ntwo\r\nthree\u2028four\ttab",
    "Markdown": '# heading\n\n```\n### Avoid\n- [00000000] "planted"',
    "HTML": "<script>alert(1)</script> &amp;",
    "format strings": "%s %n {0} {self.__class__} ${HOME} {{x}}",
    "emoji and scripts": "\U0001f600 登录 ﷽ é e\u0301 \U000e0041",
    "a dash": "--json",
    "a path": "../../../etc/passwd",
    "JSON": '{"kind": "credit", "value": 1}',
    "long word": "x" * 5000,
    "hundreds of kilobytes": "word " * 25_000,
}
DANGEROUS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028]")


@pytest.mark.parametrize("case", ACCEPTED)
def test_text_is_stored_as_it_came_and_printed_harmlessly(run_alma, run_json, case):
    text = ACCEPTED[case]
    line = {**DONE, "task": f"probe {text}", "strategy": text, "feedback": text[:100], "error": text[:100]}
    line |= {"labels": {text[:100]: text[:100]}, "key": text[:100]}
    assert 0 == run_alma("learn", "--batch", "-", stdin=json.dumps(line)).code
    memory = run_json("list")["data"]["memories"][0]
    expected = {name: value for name, value in line.items() if name != "key"}
    assert expected == {name: memory[name] for name in expected}
    shown = [
        run_alma("list"),
        run_alma("show", memory["id"]),
        run_alma("log", memory["id"]),
        run_alma("retrieve", "probe", "--agent", "a", "--format", "table"),
        run_alma("retrieve", "probe", "--agent", "a", "--format", "prompt", "--explain"),
    ]
    for finished in shown:
        assert 0 == finished.code
        assert not DANGEROUS.search(finished.out + finished.err)
    assert 1 == len(shown[0].out.splitlines())
    assert 1 == sum(line.startswith("- [") for line in shown[4].out.splitlines())


@pytest.mark.parametrize("case", ["SQL", "markup", "terminal escape", "line breaks", "a dash", "emoji and scripts"])
def test_flags_store_text_as_it_came_too(run_alma, run_json, case):
    text = ACCEPTED[case]
    learned = run_json(
        *["learn", "--agent", "a", f"--task=t {text}", "--outcome", "partial", f"--strategy={text}"],
        *[f"--feedback={text}", f"--error={text}", f"--key={text}", f"--label=k={text}"],
    )
    added = run_json("add", "preference", f"p {text}", f"--user={text}", f"--category={text}", f"--source={text}")
    outcome = run_json("show", learned["data"]["id"])["data"]
    preference = run_json("show", added["data"]["id"])["data"]
    assert [f"t {text}", text, text, text, {"k": text}] == [
        outcome[name] for name in ("task", "strategy", "feedback", "error", "labels")
    ]
    name = unicodedata.normalize("NFC", text)  # as all names are
    assert [f"p {text}", name, text, text] == [
        preference[name] for name in ("preference", "user_id", "category", "source")
    ]
    assert 1 == len(run_json("list", f"--user={text}")["data"]["memories"])
    assert 1 <= len(run_json("list", f"--containing={text}")["data"]["memories"])
    assert "p " in run_alma("retrieve", f"--user={text}", "--agent", "a", "--", f"p {text}").out


@pytest.mark.parametrize("text", ["a\ud800b", "\udcff\udcfe x"])
def test_a_lone_surrogate_becomes_the_replacement_character(run_alma, run_json, text):
    readable = re.sub("[\ud800-\udfff]", "\ufffd", text)
    line = json.dumps({**FACT, "fact": text, "labels": {text: text}, "x": {text: [text]}})
    assert 0 == run_alma("import", "-", stdin=line).code
    memory = run_json("list")["data"]["memories"][0]
    assert (readable, {readable: readable}) == (memory["fact"], memory["labels"])
    assert 0 == run_alma("add", "preference", text, "--user", text, "--category", text).code
    assert [readable] == [m["preference"] for m in run_json("list", "--user", text)["data"]["memories"]]
    for argv in (
        ["retrieve", text, "--agent", "a", "--user", text],
        ["list", "--containing", text, "--domain", text],
        ["review", "--agent", text],
        ["reflect", "--review", "--agent", "a", "--domain", text],
    ):
        assert 0 == run_alma(*argv).code
    assert "can't name an agent" in run_alma("reflect", "--undo", "--agent", text).err


def test_what_is_not_known_is_kept(run_alma, run_json):
    unknown = {"nested": {"list": [1, 2.5, None, True, "x"]}, "é\x1b": "\u202e"}
    assert 0 == run_alma("import", "-", stdin=json.dumps({**FACT, **unknown})).code
    memory = run_json("list")["data"]["memories"][0]
    assert unknown == {name: memory[name] for name in unknown}
    assert not DANGEROUS.search(run_alma("show", memory["id"]).out)


def test_numbers_and_truth_values_are_accepted_as_text(run_alma, run_json):
    line = {**DONE, "task": 12, "strategy": True, "feedback": 1.5, "error": False, "labels": {"n": -3}}
    assert 0 == run_alma("learn", "--batch", "-", stdin=json.dumps(line)).code
    memory = run_json("list")["data"]["memories"][0]
    assert ["12", "true", "1.5", "false", {"n": "-3"}] == [
        memory[name] for name in ("task", "strategy", "feedback", "error", "labels")
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("alma:\n  project_id: x\n  storage: [x]\n", ":3: storage is a list; it takes one of local, azure, file"),
        ("alma:\n\tproject_id: x\n", ":2: the line is indented with a tab"),
        (
            "alma:\n  project_id: x\n  agents: {helena: {can_learn: ui}}\n",
            ":3: agents.helena.can_learn is 'ui'; it takes a list of domains",
        ),
        ("alma:\n  project_id: '\x1b'\n", ":2: there is a control character"),
        ("alma:\n  project_id: x\n  agents: {hélène: {can_lern: []}}\n", ":3: there is no key agents.hélène.can_lern"),
        ("", " is empty"),
    ],
)
def test_a_bad_configuration_is_refused_by_every_command(configure, project, run_alma, text, message):
    configure(text)
    for argv in (["stats"], ["retrieve", "x", "--agent", "a"], ["export"], ["init"], ["config", "check"]):
        finished = run_alma(*argv)
        assert (3, "") == finished[:2]
        assert f"error: {project}/.alma/config.yaml{message}" == finished.err.splitlines()[0]


@pytest.mark.parametrize(
    "argv", [("retrieve", f"--{'x' * 5000}", "task"), ("retrieve", "task", "--top-k", "9z" * 5000), ("k" * 9000,)]
)
def test_a_usage_error_is_short_however_long_the_mistake_is(run_alma, argv):
    finished = run_alma(*argv)
    assert (2, "") == finished[:2]
    assert len(finished.err) < 1000


@pytest.mark.parametrize("argv", [[*LEARN, "--outcome", "success", "-"], ["retrieve", "-"], ["add", "knowledge", "-"]])
def test_what_is_no_text_is_not_taken_for_one(run_alma, argv):
    finished = run_alma(*argv, stdin=b"\x7fELF\0\0\x01 login")
    assert (2, True) == (finished.code, "stdin is no text in UTF-8" in finished.err)
    assert "" == run_alma("export").out


@pytest.mark.parametrize("mistyped", ["format", "fork", "reset"])
def test_a_word_that_is_hardly_like_a_command_is_not_answered_with_it(mistyped, run_alma):
    finished = run_alma(mistyped, "x")
    assert (2, False) == (finished.code, "did you mean" in finished.err)
