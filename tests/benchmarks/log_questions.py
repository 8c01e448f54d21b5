"""A question of one sentence in a pasted log: is what helps with it found all the same, and no more besides?

    python -m tests.benchmarks.log_questions [--examples]

60 cases: the questions of 20 `pairs` at odd places that find their memory alone (data/pairs.ndjson), each at the start,
in the middle and at the end of a log of 300 to 20,000 characters. The logs are what commands printed in data/week, put
one after another. *Found*: the memory is given, sure or maybe. *Noise*: what is given as sure beside it, with the log and
without. *Nothing sure*: the same for 20 questions that no memory fits.
"""

import argparse
import json
import random
import statistics
import tempfile
from collections.abc import Sequence

from alma_cli.api import ALMA
from alma_cli.config import load_config
from alma_cli.core.retrieval.slices import MemorySlice
from alma_cli.project import make_project
from tests.benchmarks.retrieval_quality import DATA, Item, an_id, bundled, lines, nothing_fits, record

QUESTIONS = 20
SIZES = (300, 1_000, 3_000, 8_000, 20_000)
PLACES = ("start", "middle", "end")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", action="store_true", help="what was not found")
    options = parser.parse_args()
    items = bundled("pairs")
    rng = random.Random(11)
    printed = list(dict.fromkeys(output for line in lines(DATA / "week" / "events.ndjson") for output in outputs(line)))
    with tempfile.TemporaryDirectory(prefix="alma-logs-") as folder:
        alma = filled(folder, items)
        alone = {place: alma.retrieve(items[place].task, "a") for place in range(1, len(items), 2)}
        asked = [place for place, found in alone.items() if an_id(place) in given(found)][:QUESTIONS]
        found: dict[str, list[bool]] = {place: [] for place in PLACES}
        noise, missed = [], []
        for number, question in enumerate(asked):
            for turn, place in enumerate(PLACES):
                size = SIZES[(number + turn) % len(SIZES)]
                with_log = alma.retrieve(in_log(items[question].task, place, size, printed, rng), "a")
                is_found = an_id(question) in given(with_log)
                found[place].append(is_found)
                noise.append((len(alone[question].sure), len(with_log.sure)))
                if not is_found:
                    missed.append((place, size, items[question].task))
        silent = []
        for number, task in enumerate(nothing_fits("pairs")[:QUESTIONS]):
            log = in_log(task, PLACES[number % 3], SIZES[number % len(SIZES)], printed, rng)
            silent.append((not alma.retrieve(task, "a").sure, not alma.retrieve(log, "a").sure))
    every = [one for each in found.values() for one in each]
    print(f"found: {sum(every)} of {len(every)} ({statistics.fmean(every):.0%})", end="; ")
    print(", ".join(f"{place} {sum(each)} of {len(each)}" for place, each in found.items()))
    print(f"sure ones given, mean: {means(noise)}; nothing sure where nothing fits: {means(silent)}")
    for place, size, task in missed if options.examples else ():
        print(f"  not found, {place} of {size:,}: {task}")


def filled(folder: str, items: Sequence[Item]) -> ALMA:
    project = make_project(folder, "alma:\n  project_id: logs\n")
    alma = ALMA(project, load_config(project.config_path))
    rng = random.Random(7)
    alma.import_((number, record(number, item, rng)) for number, item in enumerate(items))
    return alma


def outputs(line: dict[str, object]) -> list[str]:
    """The texts of several lines that a tool printed in an event of a session."""
    payload = line["payload"]
    assert isinstance(payload, dict)
    texts = json.loads(json.dumps([payload.get("tool_response"), payload.get("error")]))
    flat = [part for text in texts for part in (text.values() if isinstance(text, dict) else [text])]
    return [text for text in flat if isinstance(text, str) and text.count("\n") >= 3]


def in_log(question: str, place: str, size: int, printed: Sequence[str], rng: random.Random) -> str:
    """The question as a sentence of its own at a place of a log of so many characters."""
    log = ""
    while len(log) < size:
        log += rng.choice(printed).rstrip() + "\n"
    log = log[:size]
    middle = log.find("\n", size // 2) + 1
    before, after = {"start": ("", log), "middle": (log[:middle], log[middle:]), "end": (log, "")}[place]
    return "\n\n".join(part.strip("\n") for part in (before, question, after) if part.strip())


def given(found: MemorySlice) -> list[str]:
    return [hit.id for hit in found]


def means(pairs: Sequence[tuple[float, float]]) -> str:
    without, with_log = (statistics.fmean(each) for each in zip(*pairs, strict=True))
    return f"{without:.2f} alone, {with_log:.2f} with a log"


if __name__ == "__main__":
    main()
