"""Holds the needs of every call: project, configuration, store, embedding model, the time, and who is asking."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from alma_cli.config import Config
from alma_cli.core.records import Record, Vector
from alma_cli.core.redaction import KIND_NAMES, absent_kinds, check_names, redact, redact_record
from alma_cli.core.scopes.scope import ANY_AGENT
from alma_cli.core.scopes.visibility import sees, views
from alma_cli.core.text import SHORT_ID, clean, one_line
from alma_cli.embedding import DEFAULT_MODEL, Embedder, OnProgress, open_embedder, reads
from alma_cli.errors import AlmaError, EmbeddingUnavailable, NotFound, ProjectNotFound, ScopeViolation
from alma_cli.logs import info
from alma_cli.ownership import name_of
from alma_cli.project import Project, laid_open, lives_elsewhere, make_home, note_recorded, told_apart
from alma_cli.store import ProjectRules, Receipt, Store, open_store

if TYPE_CHECKING:
    from alma_cli.core.learning.derive import LearningRules
    from alma_cli.store import Entry, Index, Operation, Refuse

_Operation = TypeVar("_Operation", bound="Operation")
_DEFAULT_DIMENSION = 384


def new_id() -> str:
    """A new random id: 32 hex digits."""
    return os.urandom(16).hex()


def named_id(*names: str) -> str:
    """The id of what these names name, the same wherever it is asked."""
    from hashlib import blake2b

    return blake2b("\0".join(names).encode("utf-8", "replace"), digest_size=16).hexdigest()


@contextmanager
def after_lines(last: int) -> Iterator[None]:
    """Say in an error that ends a batch up to which line (0: none) it is recorded, so that it can go on from there."""
    try:
        yield
    except AlmaError as error:
        if not last:
            raise
        message = error.message.removesuffix("; nothing was recorded")
        told = f"{message}; the lines up to {last:,} were taken, and none after them"
        hint = "; then ".join(filter(None, [error.hint, f"go on with line {last + 1:,}"]))
        raise type(error)(told, hint=hint) from error


def utc_now() -> datetime:
    """The present time, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """The result of a write: `queued` when it is safe but not in the store yet, and what to warn of."""

    queued: bool = False
    warnings: Sequence[str] = ()


@dataclass(slots=True)
class Session:
    """One project as one process uses it. Safe to use from several threads."""

    project: Project
    config: Config
    wait_s: float
    now: Callable[[], datetime] = utc_now
    by: str = ""
    _embedder: Embedder | None = None
    _embedding: threading.Lock = field(default_factory=threading.Lock)
    _in_bulk: Store | None = None

    def store(self) -> Store:
        """The project's store; nothing is opened until it is used. In a block of many writes it is the block's.

        Raises `ProjectNotFound` when the project was removed: it would be as if nothing had been remembered.
        """
        if not self.project.home.exists() and (lives_elsewhere(self.project) or not self.project.config_path.exists()):
            raise self._gone()
        return self._in_bulk or open_store(
            self.project.home, dimension=self.dimension(), wait_s=self.wait_s, rules=self.rules()
        )

    @contextmanager
    def bulk(self) -> Iterator[Store]:
        """The store for a block of many writes, see `Store.bulk`."""
        with self.store().bulk() as store:
            self._in_bulk = store
            try:
                yield store
            finally:
                if self._in_bulk is store:  # another thread may be in a block of its own
                    self._in_bulk = None

    def prepare(self) -> None:
        """Make the folders in which the memory lives, where something is going to be recorded.

        Raises `ProjectNotFound` when the project was removed: a process that knew it doesn't make it again.
        """
        if not self.project.config_path.exists() or lives_elsewhere(self.project):
            raise self._gone()
        make_home(self.project)
        note_recorded(self.project)

    def _gone(self) -> ProjectNotFound:
        lost = self.project.home if self.project.config_path.exists() else self.project.config_path
        return ProjectNotFound(f"{lost} is gone: the project was moved or removed", hint="start this process again")

    def rules(self) -> ProjectRules:
        """The facts that deriving needs besides the records: an agent that nobody knows learns as any other does."""
        config = self.config

        def rules_of(agent: str) -> LearningRules:
            if agent in config.agents or ANY_AGENT in config.agents:
                return self.learning_rules(config.scope_for(agent).min_occurrences_for_heuristic)
            return self.learning_rules(config.learning.min_occurrences_for_heuristic)

        return ProjectRules(project_id=config.project_id, rules_of=rules_of)

    def learning_rules(self, min_occurrences: int) -> LearningRules:
        """How cautiously agents learn that need so many outcomes."""
        from alma_cli.core.learning.derive import LearningRules

        settings = self.config.learning
        return LearningRules(
            min_occurrences=min_occurrences,
            half_life_days=settings.half_life_days,
            z=settings.z,
            anti_pattern_below=settings.anti_pattern_below,
        )

    def submit(self, operations: Sequence[Operation], *, similar_to: Entry | None = None) -> Receipt:
        """Make the operations durable and fold them in, making `.alma/` what it should be first.

        The receipt has what is similar to the outcome `similar_to`.
        Raises `ProjectNotFound` when the project was removed meanwhile.
        """
        self.prepare()
        return self.store().submit(operations, similar_to=similar_to)

    @contextmanager
    def refusals_noted(self, agent: str, domain: str | None) -> Iterator[None]:
        """Whatever the block refuses with `ScopeViolation` leaves a row in the audit, and nothing else."""
        try:
            yield
        except ScopeViolation as error:
            self.submit([self.refusal(agent, domain, error)])
            raise

    def refusal(self, agent: str, domain: str | None, error: ScopeViolation) -> Refuse:
        """The operation that notes a refusal."""
        from alma_cli.store import Refuse

        texts = {"agent": agent, "domain": domain or "", "reason": error.message}
        if self.config.secrets.redact:
            texts = {name: redact(text)[0] for name, text in texts.items()}
        return self.operation(Refuse, **texts)

    def operation(self, kind: Callable[..., _Operation], **what: object) -> _Operation:
        """An operation by this session's user, now."""
        return kind(op_id=new_id(), at=self.now(), by=self.user, **what)

    @property
    def user(self) -> str:
        """The name of whoever acts, as the audit has it."""
        names = (self.by, *(os.environ.get(name) for name in ("ALMA_USER", "USER", "LOGNAME")))
        return clean(next(filter(None, names), "") or name_of(os.getuid()))[:128]

    @property
    def model(self) -> str:
        """The id of the configured embedding model, as stamped into rows."""
        return self.config.embedding.model

    def vectors(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> list[Vector]:
        """A vector for each text. Raises `EmbeddingUnavailable`."""
        with self._embedding:
            begun = perf_counter()
            vectors = self._opened_embedder().embed(texts, on_progress=on_progress)
            info("texts embedded: %d, by %s, in %.0f ms", len(texts), self.model, (perf_counter() - begun) * 1000)
            return vectors

    def entries(self, records: Sequence[Record]) -> tuple[list[Entry], list[str]]:
        """The records without credentials and with vectors, and what to tell of it.

        When the model can't be loaded they have no vectors, and a warning says so.
        """
        from alma_cli.store import Entry

        records, told = self.redacted(records)
        told += [*told_apart(self.project), *laid_open(self.project)]
        texts = list(dict.fromkeys(text for record in records if record.kind != "credit" for text in record.topics))
        try:
            vectors = self.vectors(texts) if texts else []
        except EmbeddingUnavailable as error:
            return [Entry(record=record) for record in records], [*told, _unavailable(error)]
        vector_of = dict(zip(texts, vectors, strict=True))
        return [Entry.of(record, vector_of, self.model) for record in records], told

    def redacted(self, records: Sequence[Record]) -> tuple[Sequence[Record], list[str]]:
        """The records with credentials taken out of every text, and a warning that names their kinds."""
        if not self.config.secrets.redact:
            return records, []
        keep = self.config.secrets.kept_kinds | absent_kinds(records)
        if keep.issuperset(KIND_NAMES):
            return records, []
        clean, kinds = [], dict[str, None]()
        for record in records:
            without, found = redact_record(record, keep=keep)
            clean.append(without)
            kinds |= dict.fromkeys(found)
        return clean, [f"redacted what looks like a credential: {', '.join(kinds)}"] if kinds else []

    def check_sees(self, viewer: str | None, record: Record) -> None:
        """Raise `NotFound` for a record that an agent doesn't see; who is no agent sees all."""
        if viewer is None:
            return
        if not sees(views(self.config.scope_for(viewer), self.config.agents), record.agent, record.domain):
            message = f"{one_line(viewer, 40)} doesn't see {record.id[:SHORT_ID]}"
            raise NotFound(message, hint="`alma agents` tells the scopes")

    def check_names(self, agent: str, domain: str) -> None:
        """Raise `InvalidInput` if the name of an agent or domain looks like a credential."""
        if self.config.secrets.redact:
            check_names({"agent": agent, "domain": domain}, keep=self.config.secrets.kept_kinds)

    def query_vectors(self, parts: Sequence[str]) -> tuple[list[Vector], list[str]]:
        """The vectors of a task's parts, or none and a warning that only words are compared."""
        if not reads(self.model, parts[0]):
            return [], ["only words are compared, not meaning: the bundled model reads the Latin script only"]
        try:
            return self.vectors(parts), []
        except EmbeddingUnavailable as error:
            return [], [_unavailable(error)]

    def index(self) -> Index | None:
        """The index of nearest neighbours, if one is configured; whether it can be used is its own affair."""
        if self.config.index == "exact":
            return None
        from alma_cli.store import Index

        return Index(path=f"{self.project.home}/nearest.duckdb", model=self.model)

    def dimension(self) -> int:
        """How many numbers the configured model's vectors have; the default's when it can't be loaded."""
        if self.model.lower() == DEFAULT_MODEL.lower():
            return _DEFAULT_DIMENSION
        try:
            with self._embedding:
                return self._opened_embedder().dimension
        except EmbeddingUnavailable:
            return _DEFAULT_DIMENSION

    def _opened_embedder(self) -> Embedder:
        if self._embedder is None:
            model = self.config.embedding
            cache_dir = self.project.root / os.path.expanduser(model.cache_dir) if model.cache_dir else None
            self._embedder = open_embedder(model.model, cache_dir=cache_dir, allow_download=model.allow_download)
        return self._embedder


def _unavailable(error: EmbeddingUnavailable) -> str:
    return f"only words are compared, not meaning: {one_line(error.message)} ({error.hint})"
