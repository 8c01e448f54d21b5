"""Where a project stands: what is remembered, what is new to whoever looks, what waits, what happened last."""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from alma_cli.api.session import Session
from alma_cli.api.symptoms import SESSION_LABEL
from alma_cli.core.codec import format_time
from alma_cli.core.records import Kind, Outcome, Record
from alma_cli.files import read_object, write_whole
from alma_cli.flock import holding
from alma_cli.project import Project, laid_open, make_log, recorded_since, told_apart
from alma_cli.store import Shared

_FILE = "seen.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleNews:
    """The ids of rules that are new or changed since the user last looked, newest first, and how many are gone.

    `seen_at` is when that was; without it everything is new. `marks` are what the next look is compared with.
    """

    seen_at: datetime | None
    new: Sequence[str]
    changed: Sequence[str]
    gone: int
    marks: Mapping[str, str]
    newest: Record | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSession:
    """The newest outcome, and how the outcomes of its session ended; without a session it is alone."""

    outcome: Outcome
    results: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of a project.

    `kinds` and `agents` count memories that retrieve considers; `reflection` counts, by agent, the outcomes that wait
    for general words, `review` the rules that nobody reviewed, and `journal` the writes that wait to be folded in.
    `shared` is None for memories of this machine alone, `emptied_since` for a project whose memory isn't gone.
    """

    kinds: Mapping[Kind, int]
    agents: Mapping[str, int]
    archived: int
    news: RuleNews
    reflection: Mapping[str, int]
    review: int
    journal: int
    last: LastSession | None
    shared: Shared | None
    emptied_since: datetime | None
    warnings: Sequence[str] = ()


def status(session: Session) -> Status:
    """The state of the project, in one opening of the store."""
    store = session.store()
    with store.reading() as reader:
        tallies = [tally for tally in reader.tallies() if tally.kind != "credit"]
        marks, ended = reader.rule_marks(), reader.last_outcomes(SESSION_LABEL, now=session.now())
        seen_at, seen = _seen(session.project, session.user)
        new = [id for id in marks if id not in seen]
        changed = [id for id, mark in marks.items() if seen.get(id, mark) != mark]
        wanted = [*new[:1], *(id for id, _ in ended[:1])]
        records = reader.records(wanted) if wanted else {}
        last = records.get(ended[0][0]) if ended else None
        kinds: dict[Kind, int] = {}
        agents: dict[str, int] = {}
        for tally in tallies:
            kinds[tally.kind] = kinds.get(tally.kind, 0) + tally.count - tally.archived
            agents[tally.agent] = agents.get(tally.agent, 0) + tally.count - tally.archived
        return Status(
            kinds=kinds,
            agents=agents,
            archived=sum(tally.archived for tally in tallies),
            news=RuleNews(
                seen_at=seen_at,
                new=new,
                changed=changed,
                gone=sum(id not in marks for id in seen),
                marks=marks,
                newest=records.get(new[0]) if new else None,
            ),
            reflection=reader.words.waiting_by_agent(),
            review=len(marks.keys() - reviewed_ids(session.project)),
            journal=len(store.journal.names()),
            last=LastSession(outcome=last, results=_counts([result for _, result in ended]))
            if isinstance(last, Outcome)
            else None,
            shared=None if session.config.storage == "local" else reader.shared(session.config.project_id),
            emptied_since=emptied_since(session),
            warnings=[*reader.warnings, *told_apart(session.project), *laid_open(session.project)],
        )


def reviewed_ids(project: Project) -> set[str]:
    """The ids of the memories that somebody reviewed."""
    try:
        return set(project.reviewed_path.read_text("ascii", errors="replace").split())
    except FileNotFoundError:
        return set()


def emptied_since(session: Session) -> datetime | None:
    """When something was first recorded in a project that has no memory any more; None for any other."""
    since = recorded_since(session.project)
    store = session.store()
    return None if since is None or store.file.exists() or store.journal.names() else datetime.fromtimestamp(since, UTC)


def note_looked(session: Session, found: Status) -> None:
    """Remember that the user has seen the rules as they are now; where that can't be written, do nothing."""
    folder = session.project.log_dir
    with suppress(OSError), holding(os.fspath(session.project.home)):
        make_log(session.project)
        everyone = read_object(folder / _FILE)
        everyone[session.user] = {"at": format_time(session.now()), "rules": dict(found.news.marks)}
        write_whole(folder / _FILE, json.dumps(everyone).encode())


def _seen(project: Project, user: str) -> tuple[datetime | None, dict[str, str]]:
    """When a user last looked, and the marks of the rules that were there then."""
    kept = read_object(project.log_dir / _FILE).get(user)
    try:
        return datetime.fromisoformat(kept["at"]).astimezone(UTC), dict(kept["rules"])  # type: ignore[index]
    except (TypeError, KeyError, ValueError):
        return None, {}


def _counts(results: Sequence[str]) -> dict[str, int]:
    return {result: results.count(result) for result in dict.fromkeys(results)}
