"""Machines that share a project: each with a store, a clock and an embedding model of its own, made small."""

from array import array
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alma_cli.api import ALMA
from alma_cli.api.session import Session
from alma_cli.api.sync import sync, sync_status
from alma_cli.core.codec import to_json
from alma_cli.project import make_project
from alma_cli.store import Selection
from alma_cli.sync.report import Options
from tests.contracts.memory_remote import MemoryRemote

CONFIG = """\
alma:
  project_id: p
  storage: file
  file: {{path: ../shared}}
  embedding: {{model: {model}}}
{more}"""

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def is_idle(synced):
    """Whether a sync had nothing to do."""
    return not (synced.pulled or synced.pushed or synced.set_aside or synced.vectors_written or synced.derived_written)


class Letters:
    """A model that counts letters: the same text has the same vector, and that is all it is for."""

    def __init__(self, model_id, dimension=8):
        self.model_id, self.dimension = model_id, dimension
        self.embedded = []

    def embed(self, texts, *, on_progress=None):
        self.embedded += texts
        return [self._vector(text) for text in texts]

    def _vector(self, text):
        counts = [1.0] * self.dimension
        for letter in text.lower():
            counts[ord(letter) % self.dimension] += 1
        length = sum(count * count for count in counts) ** 0.5
        return array("f", [count / length for count in counts])


class ClockedSession(Session):
    """A session whose store stamps by the session's clock."""

    def store(self):
        return replace(Session.store(self), now_ms=lambda: int(self.now().timestamp() * 1000))


class Machine:
    """One replica: `alma` is its API; its clock runs a second each time it is asked, `offset` ahead of the others."""

    def __init__(self, folder, container, *, model="letters", dimension=8, more="", **remote):
        folder.mkdir()
        project = make_project(folder, CONFIG.format(model=model, more=more))
        self.folder, self.container, self.options = folder, container, {"page": 50, "together": 20, **remote}
        self.embedder = Letters(model, dimension)
        self.offset = timedelta()
        self.alma = ALMA.from_config(folder / ".alma/config.yaml", wait_s=60)
        self.session = ClockedSession(project=project, config=self.alma.config, wait_s=60, now=self.clock, by="tester")
        self.session._embedder = self.embedder
        self.alma._session = self.session

    def clock(self):
        """This machine's time."""
        self.container.now = getattr(self.container, "now", NOON) + timedelta(seconds=1)
        return self.container.now + self.offset

    def sync(self, *, dry_run=False, faults=lambda call: None, tell=None, **options):
        """One sync with the container in memory."""
        remote = MemoryRemote(
            self.container, "p", faults=faults, clock=lambda: getattr(self.container, "now", NOON), **self.options
        )
        return sync(self.session, Options(**options), dry_run=dry_run, tell=tell, remote=remote)

    def status(self):
        """How it stands to the container."""
        return sync_status(self.session, remote=MemoryRemote(self.container, "p"))

    def learn(self, task, outcome="success", strategy="the usual", agent="helena", **more):
        """Record an outcome; its id."""
        return self.alma.learn(agent, task, outcome, strategy, **more).id

    def know(self, fact, agent="helena"):
        """Author a fact; its id."""
        return self.alma.add_knowledge(fact, agent=agent).id

    def records(self, *, derived=True):
        """Everything that is stored, by id."""
        with self.session.store().reading() as reader:
            return {
                record.id: to_json(record)
                for record in reader.listed(Selection())
                if derived or record.origin != "derived"
            }

    def rows(self, sql):
        """What a question to the store's tables gives."""
        with self.session.store().file.opened(read_only=False) as connection:
            return connection.execute(sql).fetchall()


def known_to_both(one, other, fact):
    """Have one machine author a fact that the other one gets; its id."""
    id = one.know(fact)
    one.sync()
    other.sync()
    return id


def failing_at(write, error):
    """Faults of a sync: the write of this number (from 1) raises the error."""
    count = 0

    def fail(call):
        nonlocal count
        count += call == "write"
        if count == write:
            raise error

    return fail


def shared_records(container):
    """The records that the container has, forgotten and derived ones left out, by id."""
    import json

    bodies = [json.loads(content) for _, content in container.documents.values() if content.startswith("{")]
    return {body["id"]: body for body in bodies if body.get("deleted_at") is None and "hlc" in body and "kind" in body}
