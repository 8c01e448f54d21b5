"""`alma status`, and `alma` alone in a project: where it stands, in ten lines."""

import shlex
from dataclasses import asdict
from datetime import UTC, datetime

from alma_cli.api.status import Status
from alma_cli.cli.inputs import Memory
from alma_cli.cli.layout import cut
from alma_cli.cli.memory_table import results_told
from alma_cli.cli.options import Json
from alma_cli.cli.output import Reply, labelled, on_terminal
from alma_cli.core.codec import format_time
from alma_cli.core.records import PROJECT_AGENT, JsonValue, Kind
from alma_cli.core.text import SHORT_ID, age, counted, one_line
from alma_cli.hooks.hook_log import lately
from alma_cli.hooks.install.states import STATES, HostState, host_states

_NAMES: dict[Kind, tuple[str, str]] = {
    "heuristic": ("rule", "rules"),
    "anti_pattern": ("thing to avoid", "things to avoid"),
    "preference": ("preference", "preferences"),
    "knowledge": ("fact", "facts"),
    "outcome": ("outcome", "outcomes"),
}
_TEXT = 36
_MOST_AGENTS = 5
_TROUBLE_DAYS = 7
_ENOUGH_TO_REFLECT = 5


def status(alma: Memory, json: Json = False) -> Reply:
    """Show what is remembered, what is new since you last looked here, what waits, and what to do next.

    A look on a terminal is what the next one is compared with; a pipe or --json changes nothing.

    \b
    Examples:
      alma
      alma status --json | jq .data.next
    """
    found = alma.status()
    hosts = host_states(alma.project)
    troubles = len(lately(alma.project, days=_TROUBLE_DAYS))
    why, command = _next(found, hosts, troubles)
    lines = [
        ("project", f"{alma.config.project_id}, in {alma.project.root}"),
        ("memories", _memories(found)),
        ("agents", _agents(found)),
        ("rules", _rules(found)),
        ("waiting", _waiting(found)),
        ("last", _last(found)),
        ("hosts", _hosts(hosts)),
        ("hooks", f"{counted(troubles, 'trouble', 'troubles')} in {_TROUBLE_DAYS} days" if troubles else "no trouble"),
        ("sync", _sync(found, alma.config.storage)),
        ("next", f"{command} ({why})"),
    ]
    if on_terminal() and not json:
        alma.note_looked(found)
    return Reply(
        data={
            "project_id": alma.config.project_id,
            "folder": str(alma.project.root),
            **_data(found),
            "hosts": [asdict(host) for host in hosts],
            "hook_troubles": troubles,
            "next": {"command": command, "why": why},
        },
        lines=[] if json else labelled(lines),
        warnings=found.warnings,
    )


def _memories(found: Status) -> str:
    total = sum(found.kinds.values())
    kinds = (counted(found.kinds[kind], *names) for kind, names in _NAMES.items() if found.kinds.get(kind))
    hidden = f"; {found.archived:,} archived" if found.archived else ""
    none = "none yet" if found.emptied_since is None else f"gone: there were some since {found.emptied_since.date()}"
    return (f"{total:,}: {', '.join(kinds)}" if total else none) + hidden


def _agents(found: Status) -> str:
    """The agents with most memories, the project itself among them."""
    most = sorted(found.agents.items(), key=lambda item: -item[1])
    shown = [f"{'project-wide' if name == PROJECT_AGENT else one_line(name)} {count:,}" for name, count in most]
    more = [counted(len(most) - _MOST_AGENTS, "other", "others")] if len(most) > _MOST_AGENTS else []
    return ", ".join([*shown[:_MOST_AGENTS], *more]) or "none yet"


def _rules(found: Status) -> str:
    """The rules that are new to whoever looks, and the words of the newest."""
    news = found.news
    changes = [(len(news.new), "new"), (len(news.changed), "changed"), (news.gone, "gone")]
    told = ", ".join(f"{count:,} {word}" for count, word in changes if count)
    since = f"since you looked {_ago(news.seen_at)}" if news.seen_at else "to you"
    if not news.marks and not told:
        return "none yet: outcomes with the same --when and --do become one"
    newest = f": {news.newest.id[:SHORT_ID]} {cut(one_line(news.newest.text), _TEXT)}" if news.newest else ""
    if not told:
        return f"nothing new {since}"
    return f"{told} {since}{newest}"


def _waiting(found: Status) -> str:
    reflection = sum(found.reflection.values())
    parts = [f"{counted(reflection, 'outcome', 'outcomes')} for general words"] if reflection else []
    parts += [f"{counted(found.review, 'rule', 'rules')} for review"] if found.review else []
    parts += [f"{counted(found.journal, 'write', 'writes')} in the journal"] if found.journal else []
    return ", ".join(parts) or "nothing"


def _last(found: Status) -> str:
    if found.last is None:
        return "no outcome yet"
    outcome, results = found.last.outcome, found.last.results
    together = sum(results.values())
    ended = outcome.outcome if together == 1 else f"{results_told(results)} in the session"
    return f"{_ago(outcome.at)}, {one_line(outcome.agent)}: {cut(one_line(outcome.task), _TEXT)} [{ended}]"


def _hosts(hosts: list[HostState]) -> str:
    by_state = {state: ", ".join(host.target for host in hosts if host.state == state) for state in STATES}
    words = {"connected": "connected", "not connected": "here, not connected", "gone": "gone", "can't run": "can't run"}
    return "; ".join(f"{names} {words[state]}" for state, names in by_state.items() if names) or "none found here"


def _sync(found: Status, storage: str) -> str:
    shared = found.shared
    if shared is None:
        return "off: memories stay on this machine (storage: local)"
    pending = sum(shared.pending.values())
    when = f"last {_ago(shared.synced_at)}" if shared.synced_at else "never yet"
    parts = [f"{storage}, {when}", f"{pending:,} to push" if pending else "nothing to push"]
    parts += [f"{len(shared.set_aside):,} set aside"] if shared.set_aside else []
    parts += [counted(shared.conflicts, "conflict", "conflicts")] if shared.conflicts else []
    return ", ".join(parts)


def _next(found: Status, hosts: list[HostState], troubles: int) -> tuple[str, str]:
    """One thing to do now: the reason, and the command."""
    reflection = sum(found.reflection.values())
    if found.emptied_since or found.journal or troubles or any(host.state in ("gone", "can't run") for host in hosts):
        return "not everything went well", "alma doctor"
    if not sum(found.kinds.values()):
        return "nothing is remembered yet", 'alma learn "Test the login form" --ok "Tried empty fields first"'
    if found.shared and found.shared.set_aside:
        return "some of the shared copy can't be used", "alma sync status"
    if reflection >= _ENOUGH_TO_REFLECT:
        agent = max(found.reflection, key=lambda name: found.reflection[name])
        return "general words turn outcomes into rules", f"alma reflect --agent {shlex.quote(one_line(agent))}"
    if found.news.new:
        return "look through what is new", "alma review --kind rule"
    if any(host.state == "not connected" for host in hosts):
        return "so that agents here use it by themselves", "alma setup"
    if found.shared and found.shared.pending:
        return "share what is new", "alma sync"
    return "before the next task", 'alma retrieve "what is to be done"'


def _data(found: Status) -> dict[str, JsonValue]:
    news, shared, last = found.news, found.shared, found.last
    return {
        "memories": {kind: found.kinds.get(kind, 0) for kind in _NAMES},
        "archived": found.archived,
        "emptied_since": format_time(found.emptied_since) if found.emptied_since else None,
        "agents": dict(found.agents),
        "rules": {
            "seen_at": format_time(news.seen_at) if news.seen_at else None,
            "new": list(news.new),
            "changed": list(news.changed),
            "gone": news.gone,
        },
        "waiting": {"reflection": dict(found.reflection), "review": found.review, "journal": found.journal},
        "last": {
            "id": last.outcome.id,
            "at": format_time(last.outcome.at),
            "agent": last.outcome.agent,
            "task": last.outcome.task,
            "results": dict(last.results),
        }
        if last
        else None,
        "sync": {
            "joined": shared.joined,
            "synced_at": format_time(shared.synced_at) if shared.synced_at else None,
            "pending": dict(shared.pending),
            "blocked": shared.blocked,
            "conflicts": shared.conflicts,
            "set_aside": len(shared.set_aside),
        }
        if shared
        else None,
    }


def _ago(time: datetime) -> str:
    shown = age((datetime.now(UTC) - time).total_seconds())
    return "just now" if shown == "now" else f"{shown} ago"
