"""Answers a sheet of `alma reflect` as a consistent agent would that can read: by the labels of the outcomes.

    alma reflect --agent A --format json --with "python -m tests.benchmarks.answerer FILE"

FILE is JSON: `labels` (by the outcome's id its kind of task and its strategy), `words` (by kind, what this agent calls
it) and, if wanted, `log`, a file that gets a line of JSON for each sheet.

It takes a sheet's code where what the code stands for is of the kind, its own words where there is none, and calls
unclear what tells no strategy, or two at once.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Labels = Mapping[str, tuple[str, str]]
"""By an outcome's id its kind of task and its strategy; no strategy where none was told, or two at once."""


def main() -> None:
    told = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    text = sys.stdin.read()
    answer = written(answers(json.loads(text), told["labels"], told["words"]))
    if told.get("log"):
        with Path(told["log"]).open("a", encoding="utf-8") as log:
            log.write(json.dumps({"sheet": text, "answer": answer}) + "\n")
    sys.stdout.write(answer)


def answers(
    sheet: Mapping[str, Any], labels: Labels, words: Mapping[str, str], meanings: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """The lines of an answer, one for each strategy on the sheet. `meanings` are kinds by the words for them, if this
    agent understands more words than its own."""
    kinds = {form(text): kind for kind, text in words.items()} | dict(meanings or {})
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    unclear: list[str] = []
    for outcome in sheet["outcomes"]:
        task_kind, strategy_kind = labels[outcome["id"]]
        codes = groups[task_kind, strategy_kind] if strategy_kind else unclear
        codes.append(outcome["code"])
    lines: list[dict[str, Any]] = []
    before = ""
    for (task_kind, strategy_kind), codes in _by_situation(groups):
        when, do = known_as(sheet["known"], task_kind, strategy_kind, kinds)
        when = when or words[task_kind]
        situation = {"when": when} if when != before else {}
        lines.append({**situation, "do": do or words[strategy_kind], "outcomes": " ".join(codes)})
        before = when
    return [*lines, {"unclear": " ".join(unclear)}] if unclear else lines


def _by_situation(groups: Mapping[tuple[str, str], list[str]]) -> list[tuple[tuple[str, str], list[str]]]:
    """The groups of one kind of task after each other, the kinds in their order."""
    order = list(dict.fromkeys(task_kind for task_kind, _ in groups))
    return sorted(groups.items(), key=lambda group: order.index(group[0][0]))


def merges(review: Mapping[str, Any], meanings: Mapping[str, str]) -> list[dict[str, Any]]:
    """The lines that answer a review: the approaches that are one strategy, then the situations that are one kind.

    What has no meaning is like nothing else.
    """

    def meaning_of(words: str) -> str:
        return meanings.get(form(words), words)

    approaches: dict[tuple[str, str], list[str]] = defaultdict(list)
    situations: dict[str, list[str]] = defaultdict(list)
    for situation in review["known"]:
        kind = meaning_of(situation["when"])
        situations[kind].append(situation["code"])
        for approach in situation["approaches"]:
            code = f"{situation['code']}.{approach['code']}"
            approaches[kind, meaning_of(approach["do"])].append(code)
    lines = [{"merge": others, "into": first} for first, *others in approaches.values() if others]
    left = {first.partition(".")[0] for first, *_ in approaches.values()}
    for codes in situations.values():
        first, *others = [code for code in codes if code in left]
        if others:
            lines.append({"merge": others, "into": first})
    return lines


def known_as(
    known: Sequence[Mapping[str, Any]], task_kind: str, strategy_kind: str, kinds: Mapping[str, str]
) -> tuple[str, str]:
    """The codes of the first situation and approach on the sheet that are of these kinds, or of the situation alone;
    empty where there is none."""
    of_kind = [situation for situation in known if kinds.get(form(situation["when"])) == task_kind]
    for situation in of_kind:
        for approach in situation["approaches"]:
            if kinds.get(form(approach["do"])) == strategy_kind:
                return situation["code"], approach["code"]
    return (of_kind[0]["code"], "") if of_kind else ("", "")


def written(lines: list[dict[str, Any]]) -> str:
    """As JSON lines."""
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def form(text: str) -> str:
    """A text as it is compared: ALMA leaves out a "when" at the start of a situation."""
    return " ".join(text.casefold().split()).removeprefix("when ")


if __name__ == "__main__":
    main()
