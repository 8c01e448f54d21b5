"""Gathers what the report shows: the account of all memories, and how agents, effect and sharing stand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from alma_cli.api.overview import AgentView, agents, effect
from alma_cli.api.retrievals import Retrievals, lately
from alma_cli.api.review import unseen
from alma_cli.api.session import Session
from alma_cli.core.codec import format_time
from alma_cli.core.learning.account import Account, account
from alma_cli.core.learning.effect import Effect
from alma_cli.core.records import RECORD_TYPES, JsonValue, Outcome, Record
from alma_cli.core.text import composed
from alma_cli.store import Selection, Shared

_OTHERS = tuple(kind for kind in RECORD_TYPES if kind != "outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """All that a report shows of a project, or of one of its agents; `agent` is empty for all.

    `waiting` counts the outcomes without general words by agent and domain, `review` has the rules that nobody
    reviewed; `shared` is what is known here of the shared copy, which isn't asked.
    """

    project_id: str
    made_at: datetime
    agent: str
    account: Account
    effect: Effect
    retrievals: Retrievals
    agents: Sequence[AgentView]
    waiting: Mapping[str, Mapping[str, int]]
    review: Sequence[Record]
    storage: str
    shared: Shared
    warnings: Sequence[str]

    def to_json(self) -> dict[str, JsonValue]:
        """The numbers as a JSON object."""
        return {
            "project_id": self.project_id,
            "made_at": format_time(self.made_at),
            "agent": self.agent,
            **self.account.to_json(),
            "effect": self.effect.to_json(),
            "retrievals": self.retrievals.to_json(),
            "waiting": {agent: {**domains} for agent, domains in self.waiting.items()},
            "review": [record.id for record in self.review],
        }


def report(session: Session, agent: str | None = None) -> Reported:
    """What was learned, by all agents or by one. Raises `InvalidInput` for an agent that may not be here."""
    config = session.config
    only = None if agent is None else config.scope_for(composed(agent)).agent
    retrieved = lately(session.project, only)
    views = [view for view in agents(session) if only in (None, view.scope.agent)]
    review = unseen(session, ("rule",), only)
    with session.store().reading() as reader:
        found = account(
            reader.listed(Selection(kinds=_OTHERS, agent=only)),
            cast("Iterator[Outcome]", reader.listed(Selection(kinds=("outcome",), agent=only))),
            z=config.learning.z,
            given=retrieved.given,
        )
        waiting = {view.scope.agent: reader.words.waiting_counts(view.scope.agent) for view in views}
        return Reported(
            project_id=config.project_id,
            made_at=session.now(),
            agent=only or "",
            account=found,
            effect=effect(session),
            retrievals=retrieved,
            agents=views,
            waiting={name: domains for name, domains in waiting.items() if domains},
            review=review,
            storage=config.storage,
            shared=reader.shared(config.project_id),
            warnings=reader.warnings,
        )
