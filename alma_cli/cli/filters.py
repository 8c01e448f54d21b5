"""The options of `list` and `search` that say which memories are meant, in one place."""

from collections.abc import Iterable
from typing import Annotated, TypeVar

from alma_cli.api import ALMA
from alma_cli.api.filters import Filters
from alma_cli.cli.options import Kinds, option
from alma_cli.cli.signatures import MadeBy
from alma_cli.core.records import PROJECT_AGENT, RETRIEVED_KINDS
from alma_cli.core.text import did_you_mean, shown
from alma_cli.errors import InvalidInput

_Value = TypeVar("_Value")

_NAMED = 8
"""The most names that are listed in the place of one that isn't there."""

_COUNTED = 1000
_OPTIONS = {"kinds": "--kind", "labels": "--label"}
"""The options whose names aren't those of the filters."""

OfAgent = Annotated[str | None, option("--agent -a NAME", "Only this agent's.")]
Limit = Annotated[int, option("--limit -n N", "At most so many.")]
Offset = Annotated[int, option("--offset N", "Leave out the first N.")]
Long = Annotated[bool, option("--long -l", "All columns, and whole texts.")]


def _filters(
    kind: Kinds = None,
    agent: OfAgent = None,
    domain: Annotated[str | None, option("--domain NAME", "Only in this domain.")] = None,
    outcome: Annotated[str | None, option("--outcome RESULT", "Only a success, failure or partial.")] = None,
    since: Annotated[str | None, option("--since WHEN", "Only from then on: 2026-01-31, 12h, 7d.")] = None,
    until: Annotated[str | None, option("--until WHEN", "Only until then.")] = None,
    source: Annotated[str | None, option("--source NAME", "Only from there: git, run, a file.")] = None,
    label: Annotated[list[str] | None, option("--label KEY[=VALUE]", "Only with this label; may be repeated.")] = None,
    user: Annotated[str | None, option("--user ID", "Only this user's preferences.")] = None,
    everything: Annotated[bool, option("--all", "Also those that retrieve no longer considers.")] = False,
) -> Filters:
    """The filters that the options mean. Raises `InvalidInput` for a label that is none."""
    return Filters(
        kinds=kind,
        agent=agent,
        domain=domain,
        outcome=outcome,
        since=since,
        until=until,
        source=source,
        labels=labels_of(map(_label, label or ())),
        user=user,
        archived=None if everything else False,
    )


Chosen = Annotated[Filters, MadeBy(_filters)]
"""The memories that are meant."""


def unknown(alma: ALMA, chosen: Filters) -> list[str]:
    """A sentence for each name among the filters that nothing here has, with the nearest that something has."""
    named = (("agents", "agent"), ("domains", "domain"), ("users", "user"))
    wanted = [(kind, name, str(value)) for kind, name in named if (value := chosen.get(name))]
    wanted += [
        ("labels", "label", key if value is None else f"{key}={value}")
        for key, value in (chosen.get("labels") or {}).items()
    ]
    known: dict[str, set[str]] = {kind: set() for kind, _, _ in wanted}
    for one in alma.completions() if known else ():
        known.get(one.kind, set()).add(one.value)
    told = []
    for kind, name, value in wanted:
        names = known[kind] | {one.partition("=")[0] for one in known["labels"]} if kind == "labels" else known[kind]
        if value in names or value == PROJECT_AGENT:
            continue
        some = f"there are {', '.join(sorted(known[kind])[:_NAMED])}" if known[kind] else ""
        near = did_you_mean(value, names) or some
        told.append(f"no memory has the {name} {shown(value)}{f'; {near}' if near else ''}")
    return told


def unknown_agents(alma: ALMA, names: Iterable[str]) -> list[str]:
    """A sentence for each of these agents of which nothing is here."""
    return [line for name in names for line in unknown(alma, Filters(agent=name))]


def excluding(alma: ALMA, chosen: Filters) -> str:
    """How many memories there are without each filter, where all of them let none through together.

    Where that is none for each, the filters that let none through alone; empty where there are no memories at all.
    """
    given = {name: value for name, value in chosen.items() if value not in (None, {}, RETRIEVED_KINDS)}
    found, alone = [], []
    for name, value in given.items():
        option_name = _OPTIONS.get(name, f"--{name}")
        others: Filters = {**chosen, name: RETRIEVED_KINDS if name == "kinds" else None}  # type: ignore[misc]
        if count := len(alma.memories(**others, limit=_COUNTED + 1)):
            how = "with --all" if value is False else f"without {option_name}"
            found.append(f"{f'over {_COUNTED:,}' if count > _COUNTED else count} {how}")
        only: Filters = {"kinds": RETRIEVED_KINDS, name: value}  # type: ignore[misc]
        if value is not False and not alma.memories(**only, limit=1):
            alone.append(f"none by {option_name}")
    told = found or (alone if alma.memories(kinds=RETRIEVED_KINDS, limit=1) else [])
    return f" ({', '.join(told)})" if told else ""


def labels_of(pairs: Iterable[tuple[str, _Value]]) -> dict[str, _Value]:
    """The labels by name. Raises `InvalidInput` for one that is given with two values: the last would hold silently."""
    labels: dict[str, _Value] = {}
    for name, value in pairs:
        if labels.setdefault(name, value) != value:
            raise InvalidInput(f"--label {shown(name)} is given with two values", hint="a memory has one of each name")
    return labels


def _label(given: str) -> tuple[str, str | None]:
    name, equals, value = given.partition("=")
    if not name:
        raise InvalidInput(f"--label {shown(given)}: expected KEY or KEY=VALUE", hint="for instance --label build=1187")
    return name, value if equals else None
