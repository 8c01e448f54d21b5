"""The state that holds, of two states of one record: one rule for every kind, so that replicas agree in any order.

A tombstone beats any version and never expires. Else the record with the greater stamp holds, as a whole. Equal stamps,
which only a copied store gives, are decided by the hash of the content. So merging is commutative, associative and
idempotent, and the states of a record form a semilattice (Shapiro et al., "Conflict-free Replicated Data Types", 2011).
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from alma_cli.core.codec import to_json
from alma_cli.core.records import Kind, Record
from alma_cli.core.replication.hlc import HLC


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A record with its stamp."""

    record: Record
    hlc: HLC

    @property
    def id(self) -> str:
        """The record's id."""
        return self.record.id

    @property
    def kind(self) -> Kind:
        """The record's kind."""
        return self.record.kind

    @property
    def agent(self) -> str:
        """The record's agent."""
        return self.record.agent


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """The trace of a forgotten record, without anything of its content."""

    id: str
    kind: Kind
    agent: str
    hlc: HLC
    deleted_at: datetime


State: TypeAlias = Version | Tombstone


def merged(one: State, other: State) -> State:
    """The state that holds, of two states of one record."""
    return max(one, other, key=_rank)


def content_hash(record: Record) -> str:
    """A digest of a record's content; equal records have equal digests on every replica."""
    text = json.dumps(to_json(record), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def says_the_same(one: State, other: State) -> bool:
    """True when two states are equal but for their stamps, and for digits of numbers that Cosmos DB doesn't keep."""
    if isinstance(one, Tombstone) or isinstance(other, Tombstone):
        return isinstance(one, Tombstone) and isinstance(other, Tombstone)
    ours, theirs = to_json(one.record), to_json(other.record)
    return ours == theirs or _in_doubles(ours) == _in_doubles(theirs)


def _rank(state: State) -> tuple[bool, HLC, str]:
    if isinstance(state, Tombstone):
        return True, state.hlc, state.deleted_at.isoformat()
    return False, state.hlc, content_hash(state.record)


def _in_doubles(value: object) -> object:
    """The value with its numbers as doubles, which are all that Cosmos DB has."""
    if isinstance(value, dict):
        return {name: _in_doubles(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_in_doubles(one) for one in value]
    return float(value) if type(value) is int else value
