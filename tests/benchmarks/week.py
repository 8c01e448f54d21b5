"""A week of an agent's sessions, replayed through the hooks: what they record, and what they give.

    python -m tests.benchmarks.week [--silent] [--examples] [--processes] [--reflect] [--half 0|1]
        [--set week2|week3]

data/week has the hook events of 16 sessions with what a good memory would have done (invented; its README says how). Told:
where the agent says how a turn ended, its `Alma-Outcome:` line is in its last message; with --silent there is none.
With --processes every event is a process of its own, as the installed hooks start it; else they are answered in one
process, as the MCP server answers `mcp_tool` hooks. With --set another folder of data is replayed.

- *useful*: of what is given at prompts and failures, the share that the labels name at that event (at a failure also what
  works in its situation).
- *prompts helped*: of the prompts that a lesson would help, those that were given one. *failures helped*: of the failures whose
  fix was learned, those given it there, or earlier in the same session.
- *left alone*: of the prompts that nothing helps, those that were given nothing.
- --half counts the sessions of odd (1) or even (0) number only; the memory is of all.
- *wrong*: of the recorded turns, those recorded with another result than they had.
- *as strategies*: records whose approach is a tool call or a check.
- Rules are *false* with less than 80% of their evidence from one lesson, or of the wrong kind.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alma_cli.api import ALMA
from alma_cli.config import load_config
from alma_cli.core.learning.sheets import Sheet
from alma_cli.core.records import AntiPattern, Heuristic, Outcome
from alma_cli.embedding import count_tokens
from alma_cli.hooks.checks import is_check
from alma_cli.hooks.claude import answer_event
from alma_cli.hooks.notes import note_event, to_note
from alma_cli.project import make_project

DATA = Path(__file__).with_name("data")
AGENT = "me"
QUIET = ("post-tool-use",)
"""Events that are only noted."""


@dataclass
class Given:
    """What was given at one event, as the lessons of the memories; `None` for a memory of no lesson."""

    event: Mapping[str, Any]
    text: str
    lessons: list[str | None]


@dataclass
class Week:
    """What came of a replay."""

    given: list[Given] = field(default_factory=list)
    turns: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """The stop whose turn became an outcome, by the outcome's id."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--silent", "--examples", "--processes", "--reflect"):
        options.add_argument(name, action="store_true")
    options.add_argument("--half", type=int, choices=(0, 1))
    options.add_argument("--set", default="week")
    asked = options.parse_args()
    lessons = {line["id"]: line for line in lines(DATA / asked.set / "lessons.ndjson")}
    events = lines(DATA / asked.set / "events.ndjson")
    with tempfile.TemporaryDirectory(prefix="alma-week-") as folder, chdir(folder):
        project = make_project(folder, "alma:\n  project_id: week\n")
        alma = ALMA(project, load_config(project.config_path))
        replay = by_processes if asked.processes else in_process
        week = Week()
        for event, text in replay(alma, events, silent=asked.silent):
            note(alma, week, event, text)
        report(alma, week, lessons, events, silent=asked.silent, half=asked.half)
        if asked.reflect:
            reflect(alma, week, lessons)
        if asked.examples:
            show(alma, week)


def in_process(
    alma: ALMA, events: Sequence[Mapping[str, Any]], *, silent: bool
) -> Iterator[tuple[Mapping[str, Any], str]]:
    for event in events:
        payload = told(event, silent=silent)
        if event["event"] in QUIET:
            note_event(alma.project, event["event"], to_note(payload))
            yield event, ""
        else:
            yield event, answer_event(alma, event["event"], AGENT, payload)


def by_processes(
    alma: ALMA, events: Sequence[Mapping[str, Any]], *, silent: bool
) -> Iterator[tuple[Mapping[str, Any], str]]:
    command = [sys.executable, "-P", "-m", "alma_cli", "hook"]
    for event in events:
        payload = json.dumps(told(event, silent=silent)).encode()
        done = subprocess.run(
            [*command, event["event"], "--deadline", "60"], input=payload, capture_output=True, check=True
        )
        while event["event"] == "stop" and list((alma.project.log_dir / "sessions").glob("*/*.event")):
            time.sleep(0.02)  # learning goes on in a process that nobody waits for
        yield event, done.stdout.decode()


def told(event: Mapping[str, Any], *, silent: bool) -> dict[str, Any]:
    payload = {**event["payload"]}
    payload.pop("cwd", None)
    if not silent and event.get("told"):
        payload["last_assistant_message"] += f"\n\nAlma-Outcome: {event['told'].removeprefix('Alma-Outcome:').strip()}"
    return payload


def note(alma: ALMA, week: Week, event: Mapping[str, Any], text: str) -> None:
    """Note what was given at an event, and which outcome a stop became."""
    if event["event"] == "stop":
        outcomes = {one.id for one in outcomes_of(alma)}
        for id in outcomes - week.turns.keys():
            week.turns[id] = event
    if not text:
        return
    context = json.loads(text)["hookSpecificOutput"]["additionalContext"]
    ids = re.findall(r"^- \[([0-9a-f]{8})\]", context, re.MULTILINE)
    if event["event"] != "session-start" or ids:
        week.given.append(Given(event, context, [lesson_of(alma, week, id) for id in ids]))


def lesson_of(alma: ALMA, week: Week, prefix: str) -> str | None:
    record, evidence = alma.memory(prefix), alma.evidence(prefix)
    if isinstance(record, Outcome):
        return week.turns[record.id]["expect"]["teaches"]
    taught = Counter(week.turns[one.id]["expect"]["teaches"] for one in evidence)
    return taught.most_common(1)[0][0] if taught else None


def report(
    alma: ALMA,
    week: Week,
    lessons: Mapping[str, Any],
    all_events: Sequence[Mapping[str, Any]],
    *,
    silent: bool,
    half: int | None,
) -> None:
    def counts(event: Mapping[str, Any]) -> bool:
        return half is None or int(event["session"][1:]) % 2 == half

    events = [event for event in all_events if counts(event)]
    taught = {event["expect"]["teaches"]: event["n"] for event in reversed(all_events) if event["event"] == "stop"}
    week = Week([one for one in week.given if counts(one.event)], week.turns)
    prompts = [event for event in events if event["event"] == "user-prompt-submit"]
    failures = [event for event in events if event["event"] == "post-tool-use-failure"]
    given = {one.event["n"]: one for one in week.given}
    at_work = [one for one in week.given if one.event["event"] in ("user-prompt-submit", "post-tool-use-failure")]
    useful = sum(lesson in one.event["expect"]["helps"] for one in at_work for lesson in one.lessons)
    count = sum(len(one.lessons) for one in at_work)
    helped = [
        any(x in event["expect"]["helps"] for x in lessons_at(given, event))
        for event in prompts
        if event["expect"]["helps"]
    ]
    alone = [not lessons_at(given, event) for event in prompts if not event["expect"]["helps"]]
    fixable = [event for event in failures if any(taught.get(x, 1e9) < event["n"] for x in event["expect"]["helps"])]
    fixed_there = [any(x in event["expect"]["helps"] for x in lessons_at(given, event)) for event in fixable]
    fixed = [any(x in event["expect"]["helps"] for x in earlier(week, event)) for event in fixable]
    tokens = [count_tokens(given[event["n"]].text) if event["n"] in given else 0 for event in prompts]
    outcomes = [one for one in outcomes_of(alma) if counts(week.turns[one.id])]
    wrong = [one for one in outcomes if week.turns[one.id]["expect"]["result"] not in (one.outcome, "none")]
    wrong += [one for one in outcomes if week.turns[one.id]["expect"]["result"] == "none"]
    as_strategy = [one for one in outcomes if is_check(one.strategy) or re.match(r"(Bash|Edit|Read):", one.strategy)]
    print(f"\n{'silent' if silent else 'told'}: {len(outcomes)} outcomes of {len(prompts)} turns")
    print(f"useful of what is given: {share(useful, count)}; at session start: {starts(week)} memories")
    print(f"tokens a prompt: {sum(tokens) / len(prompts):.0f} on average, at most {max(tokens)}")
    print(f"prompts helped: {share(sum(helped), len(helped))}; left alone: {share(sum(alone), len(alone))}")
    print(
        f"failures helped: {share(sum(fixed), len(fixed))}, of these at the failure {share(sum(fixed_there), len(fixed_there))}"
    )
    print(
        f"wrong result: {share(len(wrong), len(outcomes))}; as strategies: {len(as_strategy)}; {rules(alma, week, lessons)}"
    )


def outcomes_of(alma: ALMA) -> list[Outcome]:
    return [one for one in alma.memories() if isinstance(one, Outcome)]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def lessons_at(given: Mapping[int, Given], event: Mapping[str, Any]) -> list[str | None]:
    return given[event["n"]].lessons if event["n"] in given else []


def earlier(week: Week, event: Mapping[str, Any]) -> list[str | None]:
    return [
        x
        for one in week.given
        if one.event["session"] == event["session"] and one.event["n"] <= event["n"]
        for x in one.lessons
    ]


def starts(week: Week) -> int:
    return sum(len(one.lessons) for one in week.given if one.event["event"] == "session-start")


def share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.0f}%)" if whole else "0 of 0"


def rules(alma: ALMA, week: Week, lessons: Mapping[str, Any]) -> str:
    """How many lessons became rules, and how many rules are false."""
    found, false = set(), 0
    for rule in alma.memories():
        if isinstance(rule, Heuristic | AntiPattern) and rule.origin == "derived":
            taught = Counter(week.turns[one.id]["expect"]["teaches"] for one in alma.evidence(rule.id))
            lesson, most = taught.most_common(1)[0]
            if lesson and most >= 0.8 * taught.total() and lessons[lesson]["works"] == isinstance(rule, Heuristic):
                found.add(lesson)
            else:
                false += 1
    often = {
        x
        for x, count in Counter(event["expect"]["teaches"] for event in week.turns.values()).items()
        if x and count >= 3
    }
    return f"rules: {len(found)} (of {len(often)} lessons taught thrice or more), false: {false}"


def reflect(alma: ALMA, week: Week, lessons: Mapping[str, Any]) -> None:
    """One reflection, answered from the labels: each outcome gets the words of its lesson."""
    words = {(one.when, one.do): week.turns[one.id]["expect"]["teaches"] for one in outcomes_of(alma)}
    better = []
    for known in alma.review_words(AGENT).known:
        for approach in known.approaches:
            lesson = words.get((known.when, approach.do))
            if lesson:
                better.append({"rename": f"{known.code}.{approach.code}", "do": lessons[lesson]["do"]})
        if lesson:
            better.append({"rename": known.code, "when": lessons[lesson]["when"]})
    if better:
        alma.apply_reflection(AGENT, "\n".join(map(json.dumps, better)))
    sheet: Sheet = alma.reflect(AGENT)
    while sheet.outcomes:
        groups: dict[str | None, list[str]] = defaultdict(list)
        for item in sheet.outcomes:
            groups[week.turns[item.id]["expect"]["teaches"]].append(item.code)
        answer = [
            {"when": lessons[x]["when"], "do": lessons[x]["do"], "outcomes": codes} if x else {"unclear": codes}
            for x, codes in groups.items()
        ]
        alma.apply_reflection(AGENT, "\n".join(map(json.dumps, answer)))
        sheet = alma.reflect(AGENT)
    print(f"after one reflection: {rules(alma, week, lessons)}")


def show(alma: ALMA, week: Week) -> None:
    for one in outcomes_of(alma):
        event = week.turns[one.id]
        if event["expect"]["result"] != one.outcome:
            print(
                f"\nwrong at {event['n']}: {one.outcome}, {event['expect']}\n{event['payload']['last_assistant_message'][:300]}"
            )
    for rule in alma.memories():
        if rule.origin == "derived":
            print(
                f"\nrule: {rule.text}, of {[week.turns[one.id]['expect']['teaches'] for one in alma.evidence(rule.id)]}"
            )
    for one in week.given:
        print(
            f"\n{one.event['n']} {one.event['event']} helps {one.event['expect'].get('helps')} given {one.lessons}\n{one.text}"
        )


if __name__ == "__main__":
    main()
