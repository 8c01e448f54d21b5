"""The rules that may be written where agents and people read them without ALMA."""

from alma_cli.api.session import Session
from alma_cli.core.learning.lessons import Lessons
from alma_cli.core.learning.lessons import lessons as surest
from alma_cli.core.records import AntiPattern, Heuristic
from alma_cli.core.scopes.visibility import sees, views
from alma_cli.store import Selection

_RULES = Selection(kinds=("heuristic", "anti_pattern"), archived=False)


def lessons(session: Session, agent: str) -> Lessons:
    """The surest rules that an agent sees. Raises `InvalidInput`."""
    config = session.config
    seen = views(config.scope_for(agent), config.agents)
    with session.store().reading() as reader:
        rules = [
            record
            for record in reader.listed(_RULES)
            if isinstance(record, Heuristic | AntiPattern) and sees(seen, record.agent, record.domain)
        ]
    return surest(config.project_id, rules, z=config.learning.z)
