"""Gives what a shell may complete: short facts about memories, and the names in use."""

from collections.abc import Iterator
from typing import NamedTuple

from alma_cli.api.session import Session
from alma_cli.core.records import PROJECT_AGENT, RETRIEVED_KINDS, Preference
from alma_cli.core.scopes.scope import ANY_AGENT
from alma_cli.core.text import one_line
from alma_cli.store import Selection

MOST_IDS = 5000
"""The newest so many memories can be named by completion."""

_MOST_TEXT = 60


class Completion(NamedTuple):
    """A value that may stand on a command line, its kind (ids, agents, domains, labels, users), and a text."""

    kind: str
    value: str
    text: str = ""


def completions(session: Session) -> Iterator[Completion]:
    """The values that are known, ids newest first."""
    scopes = session.config.agents
    agents = dict.fromkeys(name for name in scopes if name != ANY_AGENT)
    domains = dict.fromkeys(domain.name for scope in scopes.values() for domain in scope.can_learn)
    labels: dict[str, None] = {}
    users: dict[str, None] = {}
    with session.store().reading() as reader:
        for tally in reader.tallies():
            if tally.agent != PROJECT_AGENT:
                agents[tally.agent] = None
            domains[tally.domain] = None
        for record in reader.listed(Selection(kinds=RETRIEVED_KINDS), limit=MOST_IDS):
            yield Completion("ids", record.id, f"{record.kind.replace('_', '-')}: {one_line(record.text, _MOST_TEXT)}")
            labels |= dict.fromkeys(f"{key}={value}" for key, value in record.labels.items())
            if isinstance(record, Preference) and record.user_id:
                users[record.user_id] = None
    for kind, values in (("agents", agents), ("domains", domains), ("labels", labels), ("users", users)):
        yield from (Completion(kind, value) for value in values if one_line(value) == value)
