"""`ALMA`: what every command and every tool does is one call of this object.

A call opens the store briefly and leaves nothing open, so many processes and threads can share a project. Each call's
own module is imported when it is first made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Unpack

from alma_cli import api
from alma_cli.api.arguments import number, refuse_unknown
from alma_cli.api.session import Session
from alma_cli.config import Config, load_config
from alma_cli.core.records import JsonValue, Outcome, Record
from alma_cli.core.text import as_name, composed, listed
from alma_cli.errors import AlmaError
from alma_cli.logs import info
from alma_cli.project import FOLDER, Project, check_memory, find_project, make_home

if TYPE_CHECKING:
    from alma_cli.core.learning.effect import Effect
    from alma_cli.core.learning.lessons import Lessons
    from alma_cli.core.learning.reports import Report, ReportOptions
    from alma_cli.core.learning.sheets import Sheet
    from alma_cli.core.retrieval.slices import MemorySlice
    from alma_cli.remote.cosmos.container import Made
    from alma_cli.sync.report import Synced


class ALMA:
    """The memory of one project. Safe to use from several threads, beside any number of other processes.

    `wait_s` bounds each wait for the store, in seconds (default: the configuration's); `by` says in the audit who acts.
    """

    def __init__(self, project: Project, config: Config, *, wait_s: float | None = None, by: str = "") -> None:
        self.project = project
        self.config = config
        self._wait_s = wait_s
        self._session = Session(
            project=project,
            config=config,
            wait_s=config.wait_s if wait_s is None else number("wait", wait_s, low=0, high=3600),
            by=by,
        )
        info("memory in %s by %s (storage %s)", project.home, project.config_path, config.storage)

    def __reduce__(self) -> tuple[Any, ...]:
        """For copies and other processes: the same memory, with nothing open."""
        return partial(ALMA, wait_s=self._wait_s, by=self._session.by), (self.project, self.config)

    @classmethod
    def from_config(cls, path: str | os.PathLike[str] = ".alma/config.yaml", *, wait_s: float | None = None) -> ALMA:
        """The memory of the project with this configuration file. Raises `ProjectNotFound` or `InvalidConfig`."""
        config = load_config(path)
        folder = os.path.dirname(os.path.abspath(path))
        if os.path.basename(folder) == FOLDER:  # named as such, it would keep a memory of its own in a linked worktree
            folder = os.path.dirname(folder)
        return cls(find_project(directory=folder), config, wait_s=wait_s)

    @classmethod
    def find(
        cls,
        *,
        directory: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] = os.environ,
        wait_s: float | None = None,
    ) -> ALMA:
        """The memory of the project of this folder or, without one, of the nearest from the current folder upwards."""
        project = find_project(directory=directory, environ=environ)
        return cls(project, load_config(project.config_path, environ), wait_s=wait_s)

    def reread(self) -> ALMA:
        """The same memory by the configuration as it is now, for processes that live long.

        Raises `ProjectNotFound` when the project is gone, `ProjectUntrusted`, or `InvalidConfig`.
        """
        check_memory(self.project)
        return ALMA(self.project, load_config(self.project.config_path), wait_s=self._wait_s, by=self._session.by)

    # Retrieving and learning

    def retrieve(
        self,
        task: str,
        agent: str,
        top_k: int | None = None,
        *,
        remote: bool = False,
        **options: Unpack[api.retrieve.RetrieveOptions],
    ) -> MemorySlice:
        """The memories worth knowing before a task: of each kind the best `top_k`, within `max_tokens` together.

        Nothing relevant gives an empty slice. With `remote` the shared copy is asked, and no local store is needed.
        `options`: when, user, kinds, min_score, max_tokens, strict, explain (see `RetrieveOptions`).
        Raises `InvalidInput`, `StoreBusy` and other `StoreError`s, and `RemoteError`s with `remote`.
        """
        refuse_unknown("retrieve", options, ["top_k", *api.retrieve.RetrieveOptions.__annotations__])
        wanted = api.retrieve.Wanted(task=task, agent=agent, top_k=top_k, **options)
        if remote:
            return api.retrieve_remote.retrieve_remote(self._session, wanted)
        return api.retrieve.retrieve(self._session, wanted)

    def learn(
        self, agent: str, task: str, outcome: str, strategy_used: str = "", **options: Unpack[ReportOptions]
    ) -> api.learn.Learned:
        """Record how a task went: `outcome` is success, failure or partial.

        Once this returns, no crash loses it. `options`: feedback, error, domain, duration_ms, at, labels, key,
        when, do, followed, used, retrieval (see `ReportOptions`).
        Raises `InvalidInput`, `ScopeViolation`, `StoreUnwritable`.
        """
        from alma_cli.core.learning.reports import Report, ReportOptions

        refuse_unknown("learn", options, ["strategy_used", *ReportOptions.__annotations__])
        return self.learn_report(Report(agent=agent, task=task, outcome=outcome, strategy=strategy_used, **options))

    def learn_report(self, report: Report) -> api.learn.Learned:
        """`learn`, for a report that is one value."""
        return api.learn.learn(self._session, report)

    def learn_batch(
        self, reports: Iterable[api.learn.NumberedReport], *, on_progress: Callable[[int], None] | None = None
    ) -> api.learn.BatchLearned:
        """Record many outcomes, each given with its line number; `on_progress` gets how many more were looked at."""
        return api.learn.learn_batch(self._session, reports, on_progress=on_progress)

    def relearn(self, report: Report) -> api.learn.Learned:
        """`learn_report`, but a report whose `key` is known already replaces what was told before."""
        return api.learn.relearn(self._session, report)

    def told_under(self, agent: str, keys: Sequence[str]) -> dict[str, str]:
        """The ids of the outcomes that an agent told under these keys and that are there, by their keys."""
        return api.learn.told_under(self._session, agent, keys)

    def overcome(self, error: str, agent: str, *, without: Collection[str] = ()) -> Outcome | None:
        """The outcome that tells how an error was overcome before, by its telling line; None if nobody knows."""
        return api.symptoms.overcome(self._session, error, agent, without=without)

    # Reflecting

    def reflect(self, agent: str, domain: str | None = None) -> Sheet:
        """The next sheet of outcomes without general words, of one agent and domain.

        Raises `ScopeViolation` for a domain that the agent may not learn.
        """
        return api.reflect_sheets.sheet(self._session, composed(agent), domain and as_name(domain))

    def review_words(self, agent: str, domain: str | None = None) -> Sheet:
        """One sheet of all general words that an agent's outcomes have."""
        return api.reflect_sheets.review(self._session, composed(agent), domain and as_name(domain))

    def apply_reflection(self, agent: str, answer: str) -> api.reflect.Reflected:
        """Give outcomes the words of an answer; what is wrong with a line is listed, and the other lines are taken.

        Raises `InvalidInput` for an answer that is too long, or without any JSON object.
        """
        return api.reflect.apply(self._session, composed(agent), answer)

    def reflect_with(
        self,
        agent: str,
        domain: str | None = None,
        command: str | None = None,
        *,
        sheets: int | None = None,
        review: bool = False,
        as_json: bool = False,
        on_progress: Callable[[int], None] | None = None,
    ) -> Iterator[api.reflect.Reflected]:
        """Ask a program (by default reflect.command) for the words of sheet after sheet; what became of each answer."""
        return api.reflect_with.reflect_with(
            self._session,
            composed(agent),
            domain and as_name(domain),
            command,
            sheets=sheets,
            is_review=review,
            as_json=as_json,
            on_progress=on_progress,
        )

    def undo_reflection(self, agent: str) -> api.reflect.Reflected:
        """Give outcomes back the words they had before the agent's last reflection. Raises `NotFound` without one."""
        return api.reflect.undo(self._session, composed(agent))

    # Authoring

    def add_preference(self, preference: str, **options: Unpack[api.author.PreferenceOptions]) -> api.author.Authored:
        """Keep a user's constraint or style; project-wide unless an agent is given.

        `options`: agent, domain, user, category, source, confidence (1.0).
        """
        return self.add("preference", preference, **options)

    def add_knowledge(self, fact: str, **options: Unpack[api.author.KnowledgeOptions]) -> api.author.Authored:
        """Keep a fact; project-wide unless an agent is given. `options`: agent, domain, source, confidence (1.0)."""
        return self.add("knowledge", fact, **options)

    def add_heuristic(
        self, condition: str, strategy: str, **options: Unpack[api.author.HeuristicOptions]
    ) -> api.author.Authored:
        """Keep a rule: when `condition`, `strategy` works. `options`: agent, domain, confidence (0.5)."""
        return self.add("heuristic", condition, strategy=strategy, **options)

    def add_anti_pattern(self, pattern: str, **options: Unpack[api.author.AntiPatternOptions]) -> api.author.Authored:
        """Keep what not to do, why, and what works better instead.

        `options`: why_bad, better_alternative, agent, domain.
        """
        return self.add("anti_pattern", pattern, **options)

    def add(
        self, kind: api.author.AuthoredKind, text: str, **options: Unpack[api.author.AuthoredOptions]
    ) -> api.author.Authored:
        """Keep a memory of any of these kinds, with the options of its kind; `text` is its main one.

        Raises `InvalidInput`, also for an option that the kind doesn't have, `ScopeViolation`, `StoreUnwritable`.
        """
        return api.author.add(self._session, kind, text, **options)

    def correct(self, id: str, text: str | None = None, **changes: JsonValue) -> api.author.Corrected:
        """Put right what a memory says: `text` is its main one, `changes` are other fields by their names.

        Raises `NotFound`, `AmbiguousId`, `InvalidInput`, `ScopeViolation`.
        """
        return api.author.correct(self._session, id, text, changes)

    def forget(self, ids: Sequence[str], *, at_once: bool = False, viewer: str | None = None) -> api.author.Forgotten:
        """Remove memories for good. Raises `NotFound` or `AmbiguousId` before any is removed.

        With `viewer` they are among those that this agent sees. For an hour `undo` brings them back, unless they are
        erased `at_once` (with what was forgotten before).
        """
        return api.author.forget(self._session, ids, at_once=at_once, viewer=viewer)

    def undo(self, id: str = "") -> api.undo.Undone:
        """Take back the last write of this user, or the last one to a memory.

        Raises `NotFound` where none can be, or others changed the memories since.
        """
        return api.undo.undo(self._session, id)

    def undoable(self, id: str = "", *, limit: int = 10) -> list[api.undo.Undoable]:
        """The last writes of this user that `undo` can take back, newest first."""
        return api.undo.undoable(self._session, id, limit=limit)

    def to_forget(self, ids: Sequence[str]) -> list[Record]:
        """The records that `forget` would remove: of a derived memory, its evidence."""
        return api.author.to_forget(self._session, ids)

    def archive_stale(self, *, dry_run: bool = False) -> api.author.Archived:
        """Hide memories that are old and that nobody said had helped; they stay, and stay evidence."""
        return api.author.archive_stale(self._session, dry_run=dry_run)

    def feedback(self, id: str, *, helped: bool, viewer: str | None = None) -> api.author.Credited:
        """Record that a retrieved memory helped or misled; with `viewer` one that this agent sees.

        Raises `NotFound`, `AmbiguousId`.
        """
        return api.author.feedback(self._session, id, helped=helped, viewer=viewer)

    # Reviewing

    def unseen(self, kinds: Sequence[str] = (), agent: str | None = None) -> list[Record]:
        """The memories that nobody has looked at: rules first, of each kind the newest first."""
        return api.review.unseen(self._session, kinds, agent)

    def mark_seen(self, ids: Sequence[str]) -> None:
        """Note that somebody looked at these memories."""
        api.review.mark_seen(self._session, ids)

    def same_as(self, id: str, other: str) -> list[str]:
        """Make a memory say the same as another: its general words, or (if somebody wrote it) its place.

        Returns warnings. Raises `NotFound`, `AmbiguousId`, and `InvalidInput` where the two can't be the same.
        """
        return api.review.same_as(self._session, self.memory(id), other)

    def promote(self, id: str) -> api.review.Promoted:
        """Make a memory project-wide. Raises `NotFound`, `AmbiguousId`, and `InvalidInput` where that can't be."""
        return api.review.promote(self._session, self.memory(id))

    # Looking

    def search(self, words: str, **options: Unpack[api.search.SearchOptions]) -> api.search.Found:
        """The memories about some words, by meaning, words and letters; with a `viewer`, only what that agent sees.

        `options`: viewer, viewing_user, sort (relevance), limit (20), offset, and filters (see `SearchOptions`);
        archived ones are found too unless `archived` is false. Raises `InvalidInput`.
        """
        refuse_unknown("search", options, api.search.SearchOptions.__annotations__)
        return api.search.search(self._session, words, options)

    def memories(
        self,
        *,
        sort: Literal["newest", "oldest"] = "newest",
        limit: int | None = None,
        offset: int = 0,
        **filters: Unpack[api.filters.Filters],
    ) -> list[Record]:
        """The records that pass the filters, by when they happened or were last confirmed. Raises `InvalidInput`."""
        refuse_unknown("memories", filters, ["sort", "limit", "offset", *api.filters.Filters.__annotations__])
        return api.overview.memories(self._session, filters, sort=sort, limit=limit, offset=offset)

    def memory(self, id: str, *, viewer: str | None = None) -> Record:
        """The record whose id starts so; with `viewer` among those that this agent sees.

        Raises `NotFound`, `AmbiguousId`, or `InvalidInput` for no id at all.
        """
        with self._session.store().reading() as reader:
            record = reader.record(id)
        self._session.check_sees(viewer, record)
        return record

    def evidence(self, id: str, *, limit: int = 50) -> list[Outcome]:
        """The newest outcomes from which a derived memory grew, newest first; of others none."""
        return api.overview.evidence(self._session, id, limit=limit)

    def log(self, id: str | None = None, *, limit: int = 50) -> api.overview.Story:
        """The story of one record, with its replaced versions, or of the whole store."""
        return api.overview.log(self._session, id, limit=limit)

    def stats(self) -> api.overview.Stats:
        """Counts of everything."""
        return api.overview.stats(self._session)

    def status(self) -> api.status.Status:
        """The state of the project: counts, rules that are new to the user, what waits, what happened last."""
        return api.status.status(self._session)

    def note_looked(self, found: api.status.Status) -> None:
        """Remember that the user has seen this state: the next `status` tells what is new since."""
        api.status.note_looked(self._session, found)

    def effect(self) -> Effect:
        """How turns ended that were shown memories, and those from which fitting ones were withheld by lot."""
        return api.overview.effect(self._session)

    def agents(self) -> list[api.overview.AgentView]:
        """Every agent, its scope, and what it learned and sees."""
        return api.overview.agents(self._session)

    def lessons(self, agent: str) -> Lessons:
        """The surest rules that an agent sees, to be written where others read them. Raises `InvalidInput`."""
        return api.publish.lessons(self._session, agent)

    def completions(self) -> Iterator[api.completing.Completion]:
        """The values that a shell may complete: ids with their texts, newest first, and the names in use."""
        return api.completing.completions(self._session)

    def report(self, agent: str | None = None) -> api.report.Reported:
        """All that was learned, by every agent or by one, as `alma report` shows it. Raises `InvalidInput`."""
        return api.report.report(self._session, agent)

    # Sharing

    def sync(
        self,
        *,
        pull: bool = True,
        push: bool = True,
        agents: Sequence[str] | None = None,
        timeout_s: float | None = None,
        check: bool = False,
        join: bool = False,
        reseed: bool = False,
        restamp: bool = False,
        dry_run: bool = False,
        advance: Callable[[int], None] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> Synced:
        """Reconcile with the project's remote, both ways unless told otherwise; `agents` limits what is pushed.

        `check` compares all ids, so that what is gone from the remote is pushed again.
        `join` lets a store with memories meet a remote with memories; `reseed` writes a missing marker (or its model
        and rules) anew; `restamp` gives what is pending stamps by the present clock. Raises `InvalidConfig` without a
        remote, `RemoteError`s, and `ClockAhead`; what was exchanged before an error is kept.
        """
        from alma_cli.sync.report import Options

        options = Options(
            pull=pull,
            push=push,
            agents=None if agents is None else [composed(agent) for agent in listed("agents", agents)],
            timeout_s=timeout_s,
            check=check,
            join=join,
            reseed=reseed,
            restamp=restamp,
        )
        return api.sync.sync(self._session, options, dry_run=dry_run, advance=advance, tell=tell)

    def sync_status(self) -> api.sync.SyncStatus:
        """How the store stands to its remote: what is pending, set aside, when they last met, whether it answers."""
        return api.sync.sync_status(self._session)

    def cloud_create(self) -> Made:
        """Make the Cosmos DB database and container of the configuration unless they are there.

        Raises `InvalidConfig`, or `RemoteError` and its kinds.
        """
        return api.cloud.make(self._session)

    def cloud_commands(self) -> list[str]:
        """The commands of `az` that make account, database, container and the right to use it; nothing is sent."""
        return api.cloud.commands(self._session)

    # Moving and keeping

    def export(self) -> Iterator[str]:
        """Every record as one line of JSON, oldest first."""
        return api.transfer.exported(self._session)

    def import_(
        self, lines: Iterable[tuple[int, JsonValue | AlmaError]], *, on_progress: Callable[[int], None] | None = None
    ) -> api.transfer.Imported:
        """Store the records in numbered lines, each once by its id; what was forgotten stays so."""
        return api.transfer.import_(self._session, lines, on_progress=on_progress)

    def reindex(
        self,
        *,
        everything: bool = False,
        on_progress: Callable[[int], None] | None = None,
    ) -> int:
        """Give every memory that lacks one a vector by the configured model; return how many got one.

        With `everything`, those that have one too. Raises `EmbeddingUnavailable`; what was done so far is kept.
        """
        return api.reindex.reindex(self._session, everything=everything, on_progress=on_progress)

    def derive_all(self, *, on_progress: Callable[[int], None] | None = None) -> int:
        """Derive heuristics and anti-patterns again from all outcomes; return how many changed.

        `on_progress` is told how many more task groups are done.
        """
        make_home(self.project)
        with self._session.store().writing() as writer:
            return writer.derive_all(on_progress=on_progress)

    def rename(self, project_id: str) -> api.rename.Renamed:
        """Give the project another id: in its configuration, its memories, and its shared copy.

        Raises `RemoteError`s before anything is changed, and `InvalidConfig` when the file can't be changed.
        """
        renamed = api.rename.rename(self._session, project_id)
        self.config = self._session.config
        return renamed

    def keep_name(self) -> None:
        """Give a new configuration the project id that the memory has, if there is a memory."""
        api.rename.keep_name(self._session)
        self.config = self._session.config

    def outdated(self, *, everything: bool = False) -> int:
        """How many memories `reindex` would give a vector."""
        with self._session.store().reading() as reader:
            models = reader.models()
        return sum(count for model, count in models.items() if everything or model != self._session.model)

    def examine(self) -> Iterator[api.examine.Check]:
        """Look at everything that has to work, changing nothing in the project."""
        return api.examine.examine(self._session)
