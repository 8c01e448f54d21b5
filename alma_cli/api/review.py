"""Going through memories that nobody has looked at yet: which they are, and what becomes of each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from alma_cli.api import author
from alma_cli.api.filters import selection
from alma_cli.api.learn import words_of
from alma_cli.api.session import Saved, Session, new_id
from alma_cli.api.status import reviewed_ids
from alma_cli.core.records import PROJECT_AGENT, RETRIEVED_KINDS, AntiPattern, Heuristic, JsonValue, Outcome, Record
from alma_cli.core.text import SHORT_ID, listed
from alma_cli.errors import InvalidInput
from alma_cli.files import append_line
from alma_cli.store import Forget, Insert, Operation

_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted(Saved):
    """A memory as it is for the whole project, under an id of its own."""

    record: Record


def unseen(session: Session, kinds: Sequence[str] = (), agent: str | None = None) -> list[Record]:
    """The memories that nobody has looked at, in the order of `retrieve`, of each kind the newest first."""
    seen = reviewed_ids(session.project)
    with session.store().reading() as reader:
        chosen = selection({"kinds": kinds or RETRIEVED_KINDS, "agent": agent, "archived": False}, now=session.now())
        found = [record for record in reader.listed(chosen) if record.id not in seen]
    return sorted(found, key=lambda record: RETRIEVED_KINDS.index(record.kind))


def mark_seen(session: Session, ids: Sequence[str]) -> None:
    """Note that somebody looked at these memories."""
    listed("ids", ids)
    session.prepare()
    if ids:
        append_line(session.project.reviewed_path, "\n".join(ids), max_bytes=_MOST_BYTES)


def same_as(session: Session, record: Record, prefix: str) -> list[str]:
    """Make a memory say the same as another; return the warnings.

    An outcome takes the other's general words, as do the outcomes of a derived rule; what somebody wrote is forgotten,
    since the other says it. Raises `NotFound`, `AmbiguousId`, and `InvalidInput` where the two can't be the same.
    """
    with session.store().reading() as reader:
        other = reader.record(prefix)
        words = words_of(reader, other)
        behind = None  # the outcomes whose words a record has, where nobody wrote it
        if isinstance(record, Outcome):
            behind = [record.id]
        elif isinstance(record, Heuristic | AntiPattern) and record.origin == "derived":
            behind = reader.evidence_ids(record)
    if other.id == record.id:
        raise InvalidInput(f"{record.id[:SHORT_ID]} is the memory itself", hint="name another one")
    if behind is None:
        if other.kind != record.kind:
            raise InvalidInput(
                f"{other.id[:SHORT_ID]} is of another kind ({other.kind.replace('_', '-')})",
                hint=f"name another {record.kind.replace('_', '-')}",
            )
        return list(author.forget(session, [record.id]).warnings)
    if words is None:
        raise InvalidInput(
            f"{other.id[:SHORT_ID]} has no general words to take over",
            hint="name a rule, or an outcome with such words",
        )
    given: dict[str, JsonValue] = {name: word for name, word in (("when", words.when), ("do", words.do)) if word}
    return [told for id in behind for told in author.correct(session, id, None, given).warnings]


def promote(session: Session, record: Record) -> Promoted:
    """Make a memory project-wide, under a new id; what outcomes taught one agent stays its own beside it."""
    if isinstance(record, Outcome):
        raise InvalidInput("an outcome stays with who had it", hint="promote the rule that it led to, or add a fact")
    if record.agent == PROJECT_AGENT:
        raise InvalidInput(f"{record.id[:SHORT_ID]} is project-wide already")
    now = session.now()
    wide = replace(record, id=new_id(), agent=PROJECT_AGENT, origin="authored", created_at=now, updated_at=now)
    entries, warnings = session.entries([wide])
    operations: list[Operation] = [session.operation(Insert, entries=tuple(entries))]
    if record.origin != "derived":
        operations.append(session.operation(Forget, ids=(record.id,)))
    receipt = session.submit(operations)
    return Promoted(record=entries[0].record, warnings=[*warnings, *receipt.warnings])
