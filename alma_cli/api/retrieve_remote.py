"""`retrieve --remote`: what is worth knowing, from the shared copy alone, on a machine that has no memories.

The remote gives candidates, the nearest by meaning and those with most of the words; they are searched and ranked as
a store's are.
"""

from array import array
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import perf_counter

from alma_cli.api import retrievals
from alma_cli.api.retrieve import Question, Wanted, answer, question
from alma_cli.api.session import Session
from alma_cli.api.sync import PATIENCE_S
from alma_cli.core.replication.documents import MARKER_AGENT, MARKER_ID, Document, decode_record, embedding_of
from alma_cli.core.replication.marker import parse_marker
from alma_cli.core.replication.plan import to_come
from alma_cli.core.retrieval.slices import MemorySlice
from alma_cli.core.scopes.visibility import views
from alma_cli.errors import InvalidInput, RemoteError
from alma_cli.remote import open_searchable
from alma_cli.remote.protocol import Sample, SearchableRemote
from alma_cli.store import Entry, Pool

_PER_SIGNAL = 200
"""Candidates of each agent by meaning, and as many by words."""

_SAMPLE = 200
"""Memories of each agent that stand for all others when it is measured what is usual."""

_MAX_WORDS = 40


def retrieve_remote(session: Session, wanted: Wanted, *, remote: SearchableRemote | None = None) -> MemorySlice:
    """The slice for a task from the project's remote (or the one that is given); the local store isn't touched.

    Raises `InvalidConfig` without a remote that can be searched, and `RemoteError`s.
    """
    started = perf_counter()
    asked = question(session, wanted)
    with ExitStack() as ours:
        opened = remote or ours.enter_context(closing(open_searchable(session.config, patience_s=PATIENCE_S)))
        gathered = _gathered(session, opened, wanted.agent, asked)
    pool = Pool(_entries(gathered.documents.values(), session.now()), gathered.stand_for)
    result = answer(session, wanted, replace(asked, warnings=gathered.warnings), pool)
    if session.project.home.exists():
        retrievals.note(session.project, result)
    return replace(result, retrieval_ms=(perf_counter() - started) * 1000)


@dataclass(slots=True)
class _Gathered:
    """The documents to rank, by id; how many memories those of a sample stand for; and what to tell."""

    documents: dict[str, Document] = field(default_factory=dict)
    stand_for: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def _gathered(session: Session, remote: SearchableRemote, asking: str, asked: Question) -> _Gathered:
    """The documents worth ranking, each once, with the credits that they got, and a sample of the others.

    How rare a word is, and how unusual a likeness, is a matter of all memories: the best hundreds by themselves would
    make everything look usual. The sample stands for all that isn't in the gathered.
    """
    gathered = _Gathered(warnings=[*asked.warnings])
    vector = asked.search.vector
    model = _model_of(remote)
    if model != session.model:
        vector = None
        gathered.warnings.append(
            f"only words are compared, not meaning: the remote's vectors are by {model}, not {session.model}"
            if model
            else f"{remote.name} is empty: run `alma sync` where there are memories"
        )
    agents = _agents_seen(session, remote, asking)
    words = asked.search.terms[:_MAX_WORDS]
    targets: list[str] = []
    for agent in agents:
        near = [] if vector is None else remote.nearest(agent, vector, limit=_PER_SIGNAL)
        found = {one.id: one for one in (*near, *remote.matching(agent, words, limit=_PER_SIGNAL))}
        targets += found
        gathered.documents |= found
        if len(near) == _PER_SIGNAL or vector is None:  # else these are all there are
            _add_sample(gathered, remote.sample(agent, limit=_SAMPLE), found)
    for agent in agents if targets else ():
        gathered.documents |= {document.id: document for document in remote.credits(agent, sorted(targets))}
    return gathered


def _agents_seen(session: Session, remote: SearchableRemote, agent: str) -> list[str]:
    seen = views(session.config.scope_for(agent), session.config.agents)
    agents = {view.agent for view in seen if view.agent is not None}
    for view in seen:
        if view.agent is None:
            agents |= set(remote.agents()) - view.besides
    return sorted(agents)


def _add_sample(gathered: _Gathered, sample: Sample, found: Mapping[str, Document]) -> None:
    others = [document for document in sample.documents if document.id not in found]
    left = sample.of - len(found)
    for document in others:
        gathered.documents[document.id] = document
        gathered.stand_for[document.id] = max(1.0, left / len(others))


def _model_of(remote: SearchableRemote) -> str:
    """The model whose vectors the remote has; empty when there is nothing yet."""
    found = remote.read(MARKER_AGENT, MARKER_ID)
    if found is None:
        return ""
    try:
        if isinstance(found, Document):
            return parse_marker(found.body, name=remote.name).model
    except InvalidInput:
        pass
    raise RemoteError(f"the marker of {remote.name} can't be read", hint="`alma sync` says more about it")


def _entries(documents: Iterable[Document], now: datetime) -> Iterable[Entry]:
    """The records in these documents that a store would have; what it sets aside is for `alma sync` to tell of."""
    for document in documents:
        try:
            record = decode_record(document.body)
        except InvalidInput:
            continue
        if to_come(record, now):
            continue
        embedding = embedding_of(document.body)
        if embedding is None or not embedding.is_of_unit_length:
            yield Entry(record=record)
        else:
            yield Entry(record=record, vector=array("f", embedding.vector), model=embedding.model)
