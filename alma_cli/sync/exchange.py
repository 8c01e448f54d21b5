"""Writing to the remote, conditionally, and taking in its answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from alma_cli.core.documents import encode
from alma_cli.errors import AlmaError
from alma_cli.remote.base import Clash, Result, TooLarge, Write, Written
from alma_cli.store.arrivals import Document
from alma_cli.store.pending import Pending, Wanted
from alma_cli.store.remembered import Remembered, forget_documents
from alma_cli.sync.incoming import read
from alma_cli.sync.pulling import absorb

if TYPE_CHECKING:
    from alma_cli.sync.report import Context

PORTION = 500
"""Documents that are written together."""

Prepared: TypeAlias = tuple[Write, Callable[[str], Remembered]]
"""A write, and what to note when the remote has taken it, given its version there."""


def write_of(context: Context, one: Pending) -> Prepared:
    """The write of a record's state."""
    state = one.state
    body = encode(state, project_id=context.project_id, embedding=one.embedding)
    write = Write(agent=state.agent, id=state.id, body=body, etag=one.etag)
    has_vector = "embedding" in body or "deleted_at" in body or state.kind == "credit"

    def noted(etag: str) -> Remembered:
        return Remembered(
            id=state.id, agent=state.agent, kind=state.kind, etag=etag, has_vector=has_vector, hlc=state.hlc
        )

    return write, noted


def wanted_of(context: Context) -> Wanted:
    """What of the store is to go over."""
    return Wanted(
        project_id=context.project_id,
        agents=context.options.agents,
        model=context.model if context.vectors_go_over else "",
    )


@dataclass(slots=True)
class _Answers:
    """What the remote said to a number of writes."""

    noted: dict[tuple[str, str], Callable[[str], Remembered]]
    pushed: list[Remembered] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def add(self, context: Context, result: Result) -> None:
        """Note one answer."""
        write = result.write
        match result:
            case Written(etag=etag):
                self.pushed.append(self.noted[write.agent, write.id](etag))
            case Clash(present=None):
                self.gone.append(write.id)
            case Clash(present=present) if present is not None:
                self.documents.append(read(present, context.project_id))
            case TooLarge(reason=reason):
                context.report.warn(f"{write.id} of {write.agent} is too large for {context.remote.name}: {reason}")

    def store(self, context: Context) -> None:
        """Acknowledge what was written, and merge what clashed."""
        if self.gone:
            with context.store.writing() as connection:
                forget_documents(connection, self.gone)
        if self.pushed or self.documents:
            absorb(context, self.documents, pushed=self.pushed)


def exchange(context: Context, prepared: Sequence[Prepared]) -> int:
    """Write, and take in the answers, those too that came before an error; how many were written."""
    answers = _Answers({(write.agent, write.id): note for write, note in prepared})
    try:
        for result in context.remote.write([write for write, _ in prepared]):
            answers.add(context, result)
    except AlmaError:
        answers.store(context)
        context.report.pushed += len(answers.pushed)
        raise
    answers.store(context)
    return len(answers.pushed)
