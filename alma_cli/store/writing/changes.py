"""The rules that a write follows, and the changes that it reports: small values that are cheap to import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alma_cli.core.learning.derive import LearningRules


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
