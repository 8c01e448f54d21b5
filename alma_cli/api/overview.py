"""Lists memories, their history, counts, and who may see what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from alma_cli.api.arguments import MOST_LISTED, choice, whole_number
from alma_cli.api.filters import Filters, selection
from alma_cli.api.session import Session
from alma_cli.core.learning.effect import Effect, Succeeded
from alma_cli.core.records import PROJECT_AGENT, AntiPattern, Heuristic, Outcome, Record
from alma_cli.core.scopes.scope import ANY_AGENT, MemoryScope
from alma_cli.core.scopes.visibility import sees, views
from alma_cli.core.text import clean
from alma_cli.store import AuditRow, PastVersion, Tally

MEMORIES_LABEL = "memories"
"""The label of an outcome that says whether its turn was shown memories, or fitting ones were withheld from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The audit, newest first, and (of one record) the versions that were replaced.

    `records` are those that it tells of, by id, as they are now; what was forgotten isn't there.
    """

    audit: Sequence[AuditRow]
    versions: Sequence[PastVersion]
    records: Mapping[str, Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Counts of what is stored, and the size of it."""

    tallies: Sequence[Tally]
    results: dict[str, dict[str, int]]
    forgotten: int
    waiting: int
    models: dict[str, int]
    store_bytes: int
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """An agent: its scope, what it learned, what it sees of others, and what its present scope hides.

    `learned`, `seen` and `hidden` are counts of memories; `hidden` are its own. Heuristics and anti-patterns that are
    archived, because a correction stands in their place, don't count as such. An agent that the configuration doesn't
    name, where it names some, may learn and see nothing.
    """

    scope: MemoryScope
    may_learn: bool
    learned: int
    heuristics: int
    anti_patterns: int
    seen: int
    hidden: int
    results: dict[str, int]


def memories(
    session: Session,
    filters: Filters,
    *,
    sort: Literal["newest", "oldest"] = "newest",
    limit: int | None = None,
    offset: int = 0,
) -> list[Record]:
    """The records that pass the filters, by when they happened or were last confirmed. Raises `InvalidInput`."""
    limit = None if limit is None else whole_number("limit", limit, low=1, high=MOST_LISTED)
    offset = whole_number("offset", offset, low=0, high=MOST_LISTED)
    newest_first = choice("sort", sort, ("newest", "oldest")) == "newest"
    chosen = selection(filters, now=session.now())
    with session.store().reading() as reader:
        return list(reader.listed(chosen, limit=limit, offset=offset, newest_first=newest_first, by_change=False))


def evidence(session: Session, prefix: str, *, limit: int) -> list[Outcome]:
    """The newest outcomes from which a derived memory grew. Raises `NotFound`, `AmbiguousId`."""
    with session.store().reading() as reader:
        record = reader.record(prefix)
        if record.origin != "derived" or not isinstance(record, Heuristic | AntiPattern):
            return []
        return reader.evidence(record, limit=limit)


def log(session: Session, prefix: str | None = None, *, limit: int = 50) -> Story:
    """The story of one record (also of a forgotten one), or of the whole store."""
    limit = whole_number("limit", limit, low=1, high=MOST_LISTED)
    with session.store().reading() as reader:
        id = None if prefix is None else reader.audited_id(clean(prefix))
        audit = reader.audit(id, limit=limit)
        return Story(
            audit=audit,
            versions=[] if id is None else reader.versions(id),
            records=reader.records(list(dict.fromkeys(row.id for row in audit))),
        )


def stats(session: Session) -> Stats:
    """Counts of everything."""
    store = session.store()
    with store.reading() as reader:
        return Stats(
            tallies=reader.tallies(),
            results=reader.outcome_results(),
            forgotten=reader.tombstones(),
            waiting=len(store.journal.names()),
            models=dict(reader.models()),
            store_bytes=store.bytes_on_disk(),
            warnings=reader.warnings,
        )


def effect(session: Session) -> Effect:
    """How turns ended that were shown memories, and those from which fitting ones were withheld (retrieval.holdout)."""
    with session.store().reading() as reader:
        found = reader.worked_by_label(MEMORIES_LABEL)
    return Effect(Succeeded(*found.get("shown", ())), Succeeded(*found.get("withheld", ())))


def agents(session: Session) -> list[AgentView]:
    """Every agent of the configuration, and every other that has memories."""
    with session.store().reading() as reader:
        tallies = [tally for tally in reader.tallies() if tally.kind != "credit"]
        results = reader.outcome_results()
    scopes = session.config.agents
    names = [name for name in scopes if name != ANY_AGENT]
    names += [tally.agent for tally in tallies if tally.agent != PROJECT_AGENT]
    found = []
    for name in dict.fromkeys(names):
        may_learn = name in scopes or ANY_AGENT in scopes
        scope = session.config.scope_for(name) if may_learn else MemoryScope(name)
        seen = views(scope, scopes)
        own = [tally for tally in tallies if tally.agent == name]
        visible = [tally for tally in tallies if may_learn and sees(seen, tally.agent, tally.domain)]
        found.append(
            AgentView(
                scope=scope,
                may_learn=may_learn,
                learned=sum(tally.count for tally in own),
                heuristics=sum(tally.count - tally.archived for tally in own if tally.kind == "heuristic"),
                anti_patterns=sum(tally.count - tally.archived for tally in own if tally.kind == "anti_pattern"),
                seen=sum(tally.count for tally in visible if tally.agent != name),
                hidden=sum(tally.count for tally in own if tally not in visible),
                results=results.get(name, {}),
            )
        )
    return found
