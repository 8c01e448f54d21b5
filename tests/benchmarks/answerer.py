"""Answers a sheet of `alma reflect` as a consistent agent would that can read: by the labels of the outcomes.

    alma reflect --agent A --format json --with "python -m tests.benchmarks.answerer FILE"

FILE is JSON: `labels` (by the outcome's id its kind of task and its strategy), `words` (by kind, what this agent calls
it) and, if wanted, `log`, a file that gets a line of JSON for each sheet.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Mapping
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


def answers(sheet: Mapping[str, Any], labels: Labels, words: Mapping[str, str]) -> list[dict[str, Any]]:
    """One answer for each situation with an approach on the sheet, by codes where the words are known, and what is
    unclear: what tells no strategy, or two at once."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    unclear: list[str] = []
    for outcome in sheet["outcomes"]:
        task_kind, strategy_kind = labels[outcome["id"]]
        codes = groups[task_kind, strategy_kind] if strategy_kind else unclear
        codes.append(outcome["code"])
    situations = {_form(known["when"]): known for known in sheet["known"]}
    lines: list[dict[str, Any]] = []
    for (task_kind, strategy_kind), codes in groups.items():
        when, do = words[task_kind], words[strategy_kind]
        situation = situations.get(_form(when), {})
        approaches = {_form(known["do"]): known["code"] for known in situation.get("approaches", ())}
        lines.append(
            {"when": situation.get("code", when), "do": approaches.get(_form(do), do), "outcomes": codes},
        )
    return [*lines, {"unclear": unclear}] if unclear else lines


def written(lines: list[dict[str, Any]]) -> str:
    """As JSON lines."""
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _form(text: str) -> str:
    return " ".join(text.casefold().split())


if __name__ == "__main__":
    main()
