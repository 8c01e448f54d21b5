"""A shared copy in memory, for tests: as honest as the others, and it fails when told to."""

import json
from datetime import UTC, datetime

from alma_cli.core.replication.documents import Document, Unreadable
from alma_cli.errors import CheckpointLost, RemoteUnreachable
from alma_cli.remote.protocol import Clash, Page, TooLarge, Usage, Written
from tests.contracts.matches import best_matching, best_near, is_credit_of, sampled


class Container:
    """What is shared: documents with a version and a place in the order of changes. `rid` says which container."""

    def __init__(self):
        self.documents = {}
        self.count = 0
        self.writes = 0
        self.recreate()

    def recreate(self):
        """Empty it, as deleting and making the container does."""
        self.documents.clear()
        self.rid = f"container-{self.count}"
        self.count += 1

    def put(self, project_id, agent, id, content):
        """Store a text under a place, whatever it is; its new version."""
        self.count += 1
        self.documents[project_id, agent, id] = (self.count, content)
        return f'"{self.count}"'


class MemoryRemote:
    """One view of a container. `faults(call)` is asked before each request, and may raise or give "lost"."""

    def __init__(self, container, project_id="p", *, page=3, together=4, faults=lambda call: None, clock=None):
        self._container, self._project_id = container, project_id
        self._page, self._together, self._faults, self._clock = page, together, faults, clock
        self._requests = 0

    name = "the container in memory"
    is_there = True
    has_readers = True

    @property
    def server_time(self):
        return datetime.now(UTC) if self._clock is None else self._clock()

    @property
    def usage(self):
        return Usage(requests=self._requests, request_charge=self._requests * 1.5)

    def _ask(self, call):
        self._requests += 1
        return self._faults(call)

    def _found(self, agent, id):
        entry = self._container.documents.get((self._project_id, agent, id))
        if entry is None:
            return None
        version, content = entry
        try:
            body = json.loads(content)
            if not isinstance(body, dict):
                raise TypeError(content)
        except (ValueError, TypeError):
            return Unreadable(
                name=f"{agent}/{id}", raw=content, reason="no JSON", etag=f'"{version}"', agent=agent, id=id
            )
        return Document(agent=agent, id=id, body=body, etag=f'"{version}"')

    def read(self, agent, id):
        self._ask("read")
        return self._found(agent, id)

    def changes(self, checkpoint):
        rid, _, since = (checkpoint or f"{self._container.rid}@0").partition("@")
        if rid != self._container.rid or not since.isdigit():
            raise CheckpointLost(f"{self.name} was made anew")
        since = int(since)
        while True:
            self._ask("changes")
            changed = sorted(
                (version, agent, id)
                for (project_id, agent, id), (version, _) in self._container.documents.items()
                if project_id == self._project_id and version > since
            )[: self._page]
            if changed:
                since = changed[-1][0]
            yield Page(found=tuple(self._found(agent, id) for _, agent, id in changed), checkpoint=f"{rid}@{since}")
            if not changed:
                return

    def ids(self, *, if_free=False):
        if if_free:
            return None
        self._ask("ids")
        return frozenset(id for project, _, id in self._container.documents if project == self._project_id)

    def again(self, places):
        self._ask("again")
        found = {one.name: self._found(one.agent, one.id) for one in places}
        return {name: one for name, one in found.items() if one is not None}

    def write(self, writes):
        for start in range(0, len(writes), self._together):
            is_lost = self._ask("write") == "lost"
            results = [self._store(write) for write in writes[start : start + self._together]]
            if is_lost:
                raise RemoteUnreachable("the answer was lost", hint="try again")
            yield from results

    def _store(self, write):
        present = self._found(write.agent, write.id)
        if (present.etag if present else None) != write.etag:
            return Clash(write=write, present=present)
        content = json.dumps(dict(write.document()))
        if len(content) > 2_000_000:
            return TooLarge(write=write, reason="over 2 MB")
        self._container.writes += 1
        return Written(write=write, etag=self._container.put(self._project_id, write.agent, write.id, content))

    def _documents(self, agent):
        found = (self._found(of, id) for project, of, id in self._container.documents if project == self._project_id)
        return [one for one in found if isinstance(one, Document) and one.agent == agent]

    def nearest(self, agent, vector, *, limit):
        self._ask("nearest")
        return best_near(self._documents(agent), vector, limit)

    def matching(self, agent, words, *, limit):
        self._ask("matching")
        return best_matching(self._documents(agent), words, limit)

    def sample(self, agent, *, limit):
        self._ask("sample")
        return sampled(self._documents(agent), limit)

    def credits(self, agent, targets):
        self._ask("credits")
        return [one for one in self._documents(agent) if is_credit_of(one, frozenset(targets))]

    def agents(self):
        self._ask("agents")
        return sorted({agent for project, agent, _ in self._container.documents if project == self._project_id})

    def close(self):
        self._faults = None
