"""Learns of many outcomes at once: the lines of a batch, or what git's commits tell."""

from collections.abc import Iterable, Iterator, Sequence

from alma_cli.api import ALMA
from alma_cli.api.arguments import named_agent
from alma_cli.api.learn import NumberedReport
from alma_cli.cli.batches import batch_reply, forgotten_line
from alma_cli.cli.ndjson import NumberedValue, count_lines, numbered_values
from alma_cli.cli.output import Reply, Table, progress
from alma_cli.core.learning.narration import summed_up
from alma_cli.core.learning.reports import Report, report_from_json
from alma_cli.core.records import JsonValue
from alma_cli.core.text import counted, one_line
from alma_cli.errors import InvalidInput


def learn_history(alma: ALMA, commits: str, agent: str | None, *, dry_run: bool) -> Reply:
    """Record what the commits of a range tell, or only show it."""
    from alma_cli.hooks.history import told_by_history
    from alma_cli.hooks.install.repository import asked_in_vain

    reports = told_by_history(alma, agent, commits)
    shallow = asked_in_vain(str(alma.project.root), "rev-parse", "--is-shallow-repository") == "true"
    notes = ["the clone is shallow: `git fetch --unshallow` brings what earlier commits tell"] if shallow else []
    if dry_run:
        return _would_learn(reports, notes)
    done = alma.learn_batch(enumerate(reports, start=1))
    told = [
        f"recorded {counted(done.learned, 'outcome', 'outcomes')} of {len(reports):,} that the commits tell",
        *notes,
    ]
    if done.duplicates:
        told.append(f"{counted(done.duplicates, 'was', 'were')} known already")
    if done.forgotten:
        told.append(f"{counted(done.forgotten, 'has', 'have')} been forgotten, and nothing changes that")
    told += [f"refused: {one_line(refused.error.message, 200)}" for refused in done.refused]
    return Reply(
        data={
            "learned": done.learned,
            "duplicates": done.duplicates,
            "forgotten": done.forgotten,
            "refused": len(done.refused),
        },
        told=told,
        warnings=done.warnings,
    )


def learn_lines(alma: ALMA, path: str, agent: str | None, *, json: bool) -> Reply:
    """Record the outcomes of a file of JSON lines."""
    default_agent = named_agent(alma.config, agent)
    values = numbered_values(path)
    with progress("learning", total=count_lines(path), quiet=json) as advance:
        done = alma.learn_batch(_reports(values, default_agent), on_progress=advance)
    told = [f"recorded {counted(done.learned, 'outcome', 'outcomes')}"]
    told += [f"{done.duplicates:,} had been recorded before under the same key"] if done.duplicates else []
    told += forgotten_line(done.forgotten)
    told += filter(None, [summed_up((item.change, item.memory) for item in done.derived)])
    return batch_reply(
        told, done, learned=done.learned, duplicates=done.duplicates, forgotten=done.forgotten, queued=done.queued
    )


def _reports(values: Iterable[NumberedValue], default_agent: str | None) -> Iterator[NumberedReport]:
    for number, value in values:
        if isinstance(value, InvalidInput):
            yield number, value
            continue
        try:
            yield number, report_from_json(value, default_agent=default_agent)
        except InvalidInput as error:
            yield number, error


def _would_learn(reports: Sequence[Report], notes: Sequence[str]) -> Reply:
    found: list[JsonValue] = [
        {"agent": one.agent, "outcome": one.outcome, "task": one.task, "strategy": one.strategy, "error": one.error}
        for one in reports
    ]
    rows = [(one.outcome, one.agent, one.task, one.error or one.feedback) for one in reports]
    return Reply(
        tables=[Table(headings=("result", "agent", "task", "why"), rows=rows, flexible=[2, 3])],
        data={"would_learn": found, "learned": 0},
        told=[f"would learn {counted(len(reports), 'outcome', 'outcomes')}, but for those that are known", *notes],
    )
