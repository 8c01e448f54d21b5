"""Sheets: what of an agent's outcomes and general words is shown to whoever words them, and the codes that are kept."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from alma_cli.api.session import Session, new_id
from alma_cli.core.learning import sheets
from alma_cli.core.learning.sheets import Codes, KnownApproach, KnownSituation, Sheet
from alma_cli.core.scopes.scope import check, scope_for
from alma_cli.errors import AlmaError, LocksUnsupported, StoreUnwritable
from alma_cli.files import read_object, to_write_it, write_whole
from alma_cli.flock import locked
from alma_cli.project import make_log
from alma_cli.store import Label, Reader

_FILE = "reflection.json"
_CODES_KEPT = 5000
_SITUATIONS = 10
_REVIEWED = 150
MEMBERS = 3
"""How many outcomes of an approach are named, by code or by id."""

_PATIENCE_S = 5.0


def sheet(
    session: Session,
    agent: str,
    domain: str | None = None,
    *,
    without: Collection[str] = (),
    to_ask: bool = False,
) -> Sheet:
    """The next sheet (see `ALMA.reflect`), of the domain in which most wait, without these ids of outcomes."""
    domains = Domains(session, agent, domain)
    with session.store().reading() as reader, kept_codes(session, agent, to_ask=to_ask) as codes:
        waiting = {name: count for name, count in reader.words.waiting_counts(agent).items() if name in domains}
        for name in sorted(waiting, key=lambda name: (-waiting[name], name)):
            outcomes = reader.words.waiting(agent, name, without=without, limit=sheets.SHEET)
            if outcomes:
                items = tuple(sheets.item(codes.of_outcome(one.id), one) for one in outcomes)
                codes.sheet = [item.code for item in items]
                return Sheet(
                    agent=agent,
                    domain=name,
                    left=sum(waiting.values()) - len(outcomes),
                    outcomes=items,
                    known=_near(reader, codes, reader.words.labels(agent, name), [one.id for one in outcomes]),
                    mark=codes.mark,
                )
    return Sheet(agent=agent, domain=domain or "", left=sum(waiting.values()), outcomes=(), known=())


def review(session: Session, agent: str, domain: str | None = None, *, to_ask: bool = False) -> Sheet:
    """One sheet of all general words of an agent (in one domain), the most used of very many."""
    domains = Domains(session, agent, domain)
    with session.store().reading() as reader, kept_codes(session, agent, to_ask=to_ask) as codes:
        labels = [label for label in reader.words.labels(agent, domain) if label.domain in domains]
        most = set(sorted(labels, key=lambda label: -label.outcomes)[:_REVIEWED])
        known = _situations(codes, [label for label in labels if label in most], with_members=True)
        codes.sheet = [code for one in known for approach in one.approaches for code in approach.members]
        left = sum(count for name, count in reader.words.waiting_counts(agent).items() if name in domains)
        return Sheet(agent=agent, domain=domain or "", left=left, outcomes=(), known=known, mark=codes.mark)


class Domains:
    """The domains in which an agent may reflect: one, or all that it may learn."""

    def __init__(self, session: Session, agent: str, domain: str | None) -> None:
        self._scope = scope_for(agent, session.config.agents)
        self._domain = domain
        if domain is not None:
            check(self._scope, domain)

    def __contains__(self, domain: object) -> bool:
        if self._domain is not None:
            return domain == self._domain
        try:
            check(self._scope, str(domain))
        except AlmaError:
            return False
        return True


def _near(reader: Reader, codes: Codes, labels: Sequence[Label], ids: Sequence[str]) -> tuple[KnownSituation, ...]:
    """The situations nearest to these outcomes, in the order of their codes."""
    cosines = reader.words.near_any(labels, ids)
    best: dict[str, float] = {}
    for label in labels:
        best[label.task_key] = max(best.get(label.task_key, -1.0), cosines.get(label.seq, -1.0))
    nearest = set(sorted(best, key=lambda key: (-best[key], key))[:_SITUATIONS])
    return _situations(codes, [label for label in labels if label.task_key in nearest])


def _situations(codes: Codes, labels: Sequence[Label], *, with_members: bool = False) -> tuple[KnownSituation, ...]:
    found: dict[str, list[Label]] = {}
    for label in labels:
        found.setdefault(codes.of_situation(label.domain, label.task_key), []).append(label)
    return tuple(
        KnownSituation(
            code,
            of_code[0].when,
            tuple(
                KnownApproach(
                    codes.of_approach(code, label.strategy_key),
                    label.do,
                    label.outcomes,
                    sheets.example(*label.example),
                    tuple(codes.of_outcome(id) for id in label.members[:MEMBERS]) if with_members else (),
                )
                for label in of_code
            ),
            of_code[0].domain if with_members else "",
        )
        for code, of_code in sorted(found.items(), key=lambda item: int(item[0][1:]))
    )


@contextmanager
def kept_codes(session: Session, agent: str, *, to_ask: bool = False) -> Iterator[Codes]:
    """The codes of an agent, kept after the block; where they can't be kept, ids can be used in their place.

    Whoever is asked doesn't know of that, and would be refused: `to_ask` somebody, `StoreUnwritable` is raised then.
    """
    path = session.project.log_dir / _FILE
    with ExitStack() as held:
        with suppress(OSError, LocksUnsupported):
            make_log(session.project)
            held.enter_context(locked(f"{path}.lock", wait_s=_PATIENCE_S))
        kept = read_object(path)
        before = kept.get(agent)
        codes = Codes.from_json(before)
        codes.mark = codes.mark or new_id()[:6]
        yield codes
        kept[agent] = codes.to_json(most=_CODES_KEPT)
        if kept[agent] == before:
            return
        try:
            write_whole(path, json.dumps(kept).encode())
        except OSError as error:
            if to_ask:
                raise StoreUnwritable(
                    f"cannot keep the codes of the sheet in {path}: {error.strerror}", hint=to_write_it(error)
                ) from error
