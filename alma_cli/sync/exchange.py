"""Writes to the remote, conditionally, and takes in its answers.

While one portion is on its way, the answers to the one before are stored and the next one is read. Documents that
clash are merged. If a crash loses an acknowledgement, the write is repeated.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, TypeVar

from alma_cli.core.replication.documents import Received, encode, read
from alma_cli.errors import AlmaError, SyncTimeout
from alma_cli.logs import info
from alma_cli.pipeline import prefetched
from alma_cli.remote.protocol import Clash, Forbidden, TooLarge, Write, WriteResult, Written
from alma_cli.store import KnownDocument, Pending, Position, Writer
from alma_cli.sync.pulling import absorb
from alma_cli.sync.report import Context

T = TypeVar("T")

Prepared: TypeAlias = tuple[Write, KnownDocument]
"""A write, and the document that the remote knows once it has taken it, still without its version there."""


def write_of(context: Context, one: Pending) -> Prepared:
    """The write that stores a record's state."""
    state = one.state
    body = encode(state, project_id=context.project_id, embedding_model=context.model if one.vector else "")
    has_vector = bool(one.vector) or "deleted_at" in body or state.kind == "credit"
    known = KnownDocument(
        id=state.id, agent=state.agent, kind=state.kind, etag="", has_vector=has_vector, hlc=state.hlc
    )
    return Write(agent=state.agent, id=state.id, body=body, vector=one.vector, etag=one.etag), known


@dataclass(slots=True)
class _Answers:
    """The remote's answers to some writes."""

    known: dict[tuple[str, str], KnownDocument]
    pushed: list[KnownDocument] = field(default_factory=list)
    documents: list[Received] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def add(self, context: Context, result: WriteResult) -> None:
        """Note one answer."""
        write = result.write
        match result:
            case Written(etag=etag):
                self.pushed.append(replace(self.known[write.agent, write.id], etag=etag))
                context.advance(1)
            case Clash(present=None):
                self.gone.append(write.id)
            case Clash(present=present) if present is not None:
                self.documents.append(read(present, context.project_id))
            case Forbidden(reason=reason):
                context.report.warn(reason)
            case TooLarge(reason=reason):
                context.report.warn(f"{write.id} of {write.agent} is too large for {context.remote.name}: {reason}")


class _Exchange:
    """Portions on their way, and the answers that aren't stored yet."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._unsaved: list[_Answers] = []
        self.error: AlmaError | None = None
        """The error that ended it: nothing is sent after one."""

    def portions(
        self,
        find: Callable[[Writer, Position], tuple[Sequence[T], Position]],
        prepare: Callable[[Sequence[T]], list[Prepared]],
    ) -> Iterator[list[Prepared]]:
        """The portions to write, until there are no more or the time is over; answers are stored on the way."""
        after = Position()
        while True:
            try:
                self._context.check_time()
            except SyncTimeout as error:
                self.error = self.error or error
            if self.error is not None:
                return
            with self._context.store.writing() as writer:
                self.acknowledge(writer)
                found, after = find(writer, after)
            if not found:
                return
            if prepared := prepare(found):
                yield prepared

    def send(self, prepared: Sequence[Prepared]) -> _Answers:
        """The remote's answers to a portion, or to the part before an error. Runs beside the store's work."""
        answers = _Answers({(write.agent, write.id): known for write, known in prepared})
        if self.error is not None:
            return answers
        try:
            for result in self._context.remote.write([write for write, _ in prepared]):
                answers.add(self._context, result)
        except AlmaError as error:
            self.error = error
        return answers

    def take(self, answers: _Answers) -> None:
        """Merge documents that clashed at once; writes are acknowledged when the store is used next."""
        self._unsaved.append(answers)
        if answers.documents or answers.gone:
            with self._context.store.writing() as writer:
                self.acknowledge(writer)
                if answers.gone:
                    writer.remote.forget_documents(answers.gone)
            if answers.documents:
                absorb(self._context, answers.documents)

    def acknowledge(self, writer: Writer) -> None:
        """Store that the remote has the documents that it took."""
        pushed = [one for answers in self._unsaved for one in answers.pushed]
        if pushed:
            writer.incoming.take_in((), model=self._context.model, pushed=pushed)
        self._unsaved.clear()


def exchange_all(
    context: Context,
    find: Callable[[Writer, Position], tuple[Sequence[T], Position]],
    prepare: Callable[[Sequence[T]], list[Prepared]],
    counted: Literal["pushed", "vectors_written", "derived_written"],
    *,
    at_end: Callable[[Writer], None] = lambda _: None,
) -> None:
    """Write what `find` finds until it finds nothing, in portions; the report has the number written as `counted`.

    `find` and `at_end` are called with the store held; `prepare` is called without it, and may leave writes out.
    After an error, the writes that the remote took before it are acknowledged.
    """
    exchange = _Exchange(context)
    with closing(prefetched(exchange.portions(find, prepare), exchange.send)) as answered:
        for answers in answered:
            setattr(context.report, counted, getattr(context.report, counted) + len(answers.pushed))
            info("documents written: %d", len(answers.pushed))
            exchange.take(answers)
    with context.store.writing() as writer:
        exchange.acknowledge(writer)
        at_end(writer)
    if exchange.error is not None:
        raise exchange.error
