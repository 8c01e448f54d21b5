"""What a write is told to consider, and what it says it did: small values that are cheap to import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from alma_cli.core.learning.derive import LearningRules


@dataclass(frozen=True, slots=True)
class RecordChange:
    """What an operation did to one record: an audit row's `action`, and the record's id."""

    action: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRules:
    """What deriving needs besides the records: the project, and how cautiously each agent learns."""

    project_id: str
    rules_of: Callable[[str], LearningRules]
