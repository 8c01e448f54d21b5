"""The rules that a write follows, and the changes that it reports: small values that are cheap to import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alma_cli.core.learning.derive import LearningRules
    from alma_cli.core.records import AntiPattern
    from alma_cli.store.writing.derived import DerivedChange


@dataclass(frozen=True, slots=True)
class RecordChange:
    """The change of one record by an operation: an audit row's `action`, and the record's id."""

    action: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRules:
    """The input of deriving besides the records: the project, and how cautiously each agent learns."""

    project_id: str
    rules_of: Callable[[str], LearningRules]


@dataclass(slots=True)
class Folded:
    """The result of folding: each operation's changes by its `op_id`, and the memories derived anew from all of them.

    `known_bad` are anti-patterns that new outcomes confirm; `warnings` tell of what couldn't be folded in.
    """

    changes: dict[str, list[RecordChange]] = field(default_factory=dict)
    derived: list[DerivedChange] = field(default_factory=list)
    known_bad: list[AntiPattern] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
