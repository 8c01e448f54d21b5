"""A check of everything that has to work: what `alma doctor` tells."""

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alma_cli.api.learn import learn
from alma_cli.api.retrieve import Wanted, retrieve
from alma_cli.api.session import Session
from alma_cli.api.status import emptied_since
from alma_cli.api.sync import sync_status
from alma_cli.config import Config, unknown_variables
from alma_cli.core.codec import format_time
from alma_cli.core.learning.reports import Report
from alma_cli.core.replication.plan import MOST_AHEAD
from alma_cli.core.scopes.scope import ANY_AGENT
from alma_cli.core.scopes.visibility import sees, views
from alma_cli.core.text import SHORT_ID, counted, enumerated, shown
from alma_cli.embedding import MULTILINGUAL_MODEL, reads
from alma_cli.errors import AlmaError, LocksUnsupported, StoreCorrupt
from alma_cli.files import kept_temporarily
from alma_cli.flock import lock_at_once
from alma_cli.ownership import owner_of
from alma_cli.project import Project, laid_open, left_behind, make_project, told_apart
from alma_cli.store import Shared

_LEAST_FREE_BYTES = 100 * 1024 * 1024
_NOTHING_HIDDEN = "nothing is hidden by a scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at: whether it is well, what was found, and what to do about it."""

    name: str
    ok: bool
    found: str
    hint: str = ""


def _well(name: str, found: str, hint: str = "") -> Check:
    return Check(name=name, ok=True, found=found, hint=hint)


def _wrong(name: str, found: str, hint: str) -> Check:
    return Check(name=name, ok=False, found=found, hint=hint)


def examine(session: Session, environ: Mapping[str, str] = os.environ) -> Iterator[Check]:
    """Look at everything that has to work, changing nothing in the project."""
    project = session.project
    yield _well("configuration", f"{project.config_path} is valid")
    if unknown := unknown_variables(environ, session.config):
        hint = "`alma config show` lists the variables that are read"
        yield _wrong("environment", f"unknown: {', '.join(unknown)}", hint)
    else:
        yield _well("environment", "no unknown ALMA_ variables")
    for found in told_apart(project):
        yield _wrong("worktree", found, "what was recorded here goes there by `alma export` and `alma import`")
    for found in laid_open(project):
        yield _wrong("git", found, f"rm {shlex.quote(str(project.gitignore_path))}")
    if own := left_behind(project):
        taking_over = f"`alma export --dir {shlex.quote(own)} | alma import -` takes it over"
        hint = f"{taking_over}; delete memory.duckdb* and journal/ there afterwards"
        yield _wrong("worktree", f"{own} has a memory that nothing reads: this worktree shares {project.home}", hint)
    yield _permissions(project)
    yield from _locks(project)
    yield _space(project)
    yield from _store(session)
    yield _index(session)
    yield _bundled_files()
    yield _embedding(session)
    yield _round_trip(session.config)


def _permissions(project: Project) -> Check:
    home = project.home
    if not home.exists():
        return _well("folder", f"{home} is made by the first write")
    if not os.access(home, os.W_OK):
        hint = f"it belongs to {owner_of(home)}; to make it yours: sudo chown -R $USER {home}"
        if os.statvfs(home).f_flag & os.ST_RDONLY:
            hint = "its file system is mounted to be read only"
        return _wrong("folder", f"{home} can't be written: retrieve works, learn doesn't", hint)
    if strange := _of_others(home):
        found = f"{strange[0]} belongs to {owner_of(strange[0])}, and {home} to {owner_of(home)}"
        more = f" ({len(strange)} such files)" if len(strange) > 1 else ""
        return _wrong("folder", found + more, _give_back(project))
    for name, is_folder in _KINDS.items():
        if (home / name).exists() and (home / name).is_dir() != is_folder:
            wrong, right = ("file", "folder") if is_folder else ("folder", "file")
            found = f"{home / name} is a {wrong}, and has to be a {right}"
            return _wrong("folder", found, "move it away; ALMA makes it anew")
    if os.stat(home).st_mode & 0o077:
        return _wrong("folder", f"others may read {home}", f"chmod 700 {home}")
    return _well("folder", f"{home} is its owner's only")


_KINDS = {"journal": True, "log": True, "backup": True, "lock": False, "memory.duckdb": False}
"""What is in the folder of a memory: whether each name is a folder's."""


def _of_others(home: Path) -> list[str]:
    """The files of a memory that aren't its owner's: those of a command under sudo, say."""
    owner = home.stat().st_uid
    return sorted(str(path) for path in home.rglob("*") if path.lstat().st_uid != owner)


def _give_back(project: Project) -> str:
    return f"sudo chown -R {owner_of(project.home)} {project.home}"


def _locks(project: Project) -> Iterator[Check]:
    """The check of locking files where the memory is, tried with a file that goes at once."""
    if not os.access(project.home, os.W_OK):
        return
    with tempfile.TemporaryFile(dir=project.home) as file:
        try:
            lock_at_once(file.fileno(), str(project.home), shared=False)
        except LocksUnsupported as error:
            yield _wrong("locks", error.message, error.hint)
        else:
            yield _well("locks", "files can be locked here")


def _space(project: Project) -> Check:
    folder = project.home if project.home.exists() else project.root
    free = shutil.disk_usage(folder).free
    found = f"{free // (1024 * 1024):,} MiB free"
    if free >= _LEAST_FREE_BYTES:
        return _well("disk", found)
    return _wrong("disk", found, "free some space: ALMA keeps what it can't fold in yet in its journal")


def _store(session: Session) -> Iterator[Check]:
    store = session.store()
    shared = Shared()
    is_shared = session.config.storage in ("azure", "file")
    if not store.file.exists():
        yield _empty(session)
    else:
        try:
            with store.reading() as reader:
                tallies = reader.tallies()
                models = reader.models()
                unread = sum(not reads(session.model, text) for text in reader.main_texts_beyond_ascii())
                names = reader.project_ids()
                shared = reader.shared(session.config.project_id)
                to_come = reader.to_come(session.now() + MOST_AHEAD, any_time=is_shared)
        except AlmaError as error:
            yield _wrong("store", error.message, _remedy(session.project, error))
            return
        total = sum(tally.count for tally in tallies)
        yield _well("store", f"{counted(total, 'record', 'records')} in {store.bytes_on_disk() / 1e6:.1f} MB")
        yield _project(session.config.project_id, names)
        if to_come:
            yield _to_come(to_come, is_shared=is_shared)
        if stale := sum(count for model, count in models.items() if model != session.model):
            found = f"{counted(stale, 'memory has', 'memories have')} no vector by {session.model}"
            yield _wrong("vectors", found, "run `alma reindex`")
        else:
            yield _well("vectors", f"all by {session.model}")
        if unread:
            yield _unread(unread, sum(models.values()))
        hidden = [
            f"{tally.count} of {tally.agent} in {tally.domain}"
            for tally in tallies
            if not _in_scope(session.config, tally.agent, tally.domain)
        ]
        yield _well(
            "scope", f"hidden by the present scopes: {enumerated(hidden, between='; ')}" if hidden else _NOTHING_HIDDEN
        )
    if is_shared:
        yield _sync(session, shared)
    if damaged := list(store.journal.damaged()):
        hint = f"look at {os.path.dirname(damaged[0])}, then delete what you don't need"
        yield _wrong("journal", f"{len(damaged)} unreadable files were set aside", hint)
    else:
        yield _well("journal", f"{len(store.journal.names())} waiting")


def _unread(count: int, total: int) -> Check:
    """The check of memories that the bundled model can't read; words find them, so nothing is wrong."""
    return _well(
        "language",
        f"{count:,} of {total:,} memories are in a script that the bundled model can't read: words find them",
        f"to find them by meaning too: `alma config set embedding.model {MULTILINGUAL_MODEL}`, "
        "`alma config set embedding.allow_download true` (220 MB), then `alma reindex`",
    )


def _project(project_id: str, names: Mapping[str, int]) -> Check:
    """The check of the records' project name: those of another are found, and not shared."""
    others = {name: count for name, count in names.items() if name != project_id}
    if not others:
        return _well("project", "every record is of this project_id")
    told = enumerated(f"{count:,} of {shown(name)}" for name, count in others.items())
    return _wrong(
        "project",
        f"records of another project_id: {told}; they are found here, and never pushed",
        f"was it renamed? `alma config rename {shlex.quote(project_id)}` makes them its own",
    )


def _to_come(ids: Sequence[str], *, is_shared: bool) -> Check:
    """The check of memories from the future, which count as the newest until then."""
    first = ids[0][:SHORT_ID]
    return _wrong(
        "times",
        f"{counted(len(ids), 'memory is', 'memories are')} of a time to come, such as {first}: was the clock ahead?",
        "`alma sync --restamp` makes it the present"
        if is_shared
        else f"`alma edit {first}` mends an outcome's `at`; what else it is, forget and record anew",
    )


def _remedy(project: Project, error: AlmaError) -> str:
    """How to get a store back that can't be read."""
    if _of_others(project.home):
        return _give_back(project)
    if not isinstance(error, StoreCorrupt):
        return error.hint
    backups = sorted(project.backup_dir.glob("*.duckdb")) if project.backup_dir.exists() else []
    remedy = "move it and its .wal away (a log of another store spoils any that is put back), then "
    remedy += f"restore {backups[-1]}" if backups else "`alma import` your last export"
    if "WAL" in error.message:
        remedy = f"if it was put back from a copy, move only its .wal away, which is of another moment; else {remedy}"
    return f"{remedy}; the journal is kept"


def _empty(session: Session) -> Check:
    since = emptied_since(session)
    if since is None:
        return _well("store", "empty: nothing was recorded yet")
    return _wrong(
        "store",
        f"gone: something was recorded since {since.date()}, and {session.project.home} has no store any more",
        "`git clean -x` or `git stash -a` removes it; `git stash pop` before anything is recorded, `alma sync` or "
        "`alma import` of your last export brings memories back",
    )


def _sync(session: Session, shared: Shared) -> Check:
    """How the store stands to the shared copy, which is asked only where it is a folder."""
    if session.config.storage == "file":
        try:
            status = sync_status(session)
        except AlmaError as error:
            return _wrong("sync", error.message, error.hint)
        if status.trouble:
            return _wrong("sync", status.trouble, status.hint)
    if shared.synced_at is not None:
        last = f"last complete {format_time(shared.synced_at.replace(microsecond=0))}"
    else:
        last = "begun, never complete" if shared.joined else "never synchronised"
    waiting = sum(shared.pending.values())
    found = f"{last}; {waiting:,} waiting to be pushed, {len(shared.set_aside):,} of the remote's set aside"
    if shared.set_aside:
        return _wrong("sync", found, "`alma sync status` says which can't be read, and why")
    return _well("sync", found, "run `alma sync`" if waiting or shared.synced_at is None else "")


def _index(session: Session) -> Check:
    index = session.index()
    if index is None:
        return _well("index", "exact: every memory is compared")
    state = index.state()
    if state.is_active:
        return _well("index", f"hnsw, active: {state.told}")
    found = f"exact, since hnsw is not active: {state.told}"
    return _wrong("index", found, "nothing is lost meanwhile: every memory is compared")


def _in_scope(config: Config, agent: str, domain: str) -> bool:
    if agent.startswith("_"):
        return True
    if agent not in config.agents and ANY_AGENT not in config.agents:
        return False
    return sees(views(config.scope_for(agent), config.agents), agent, domain)


def _embedding(session: Session) -> Check:
    try:
        near, same, far = session.vectors(["test the login form", "check the sign-in page", "bake a chocolate cake"])
    except AlmaError as error:
        return _wrong("embedding", error.message, error.hint)
    alike = sum(a * b for a, b in zip(near, same, strict=True))
    other = sum(a * b for a, b in zip(near, far, strict=True))
    found = f"{session.model}: alike {alike:.2f}, unlike {other:.2f}"
    if alike > other:
        return _well("embedding", found)
    return _wrong("embedding", found, "the model's files may be damaged: install ALMA again")


def _bundled_files() -> Check:
    from alma_cli.embedding.minilm.files import damaged

    if files := damaged():
        return _wrong("bundled model", f"not as installed: {', '.join(files)}", "install ALMA again")
    return _well("bundled model", "its files are as installed")


def _round_trip(config: Config) -> Check:
    """Learn something in a store of its own and see whether it comes back."""
    try:
        with kept_temporarily("a store"), tempfile.TemporaryDirectory(prefix="alma-doctor-") as folder:
            project = make_project(folder, "alma:\n  project_id: doctor\n")
            session = Session(
                project=project, config=Config(project_id="doctor", embedding=config.embedding), wait_s=config.wait_s
            )
            learned = learn(
                session,
                Report(agent="doctor", task="Test the login form", outcome="success", strategy="Tried empty fields"),
            )
            found = retrieve(session, Wanted(task="check that the login form works", agent="doctor"))
    except AlmaError as error:
        return _wrong("round trip", error.message, error.hint)
    came_back = [hit.record.id for hit in found.outcomes] == [learned.id] and not learned.queued
    if came_back:
        return _well("round trip", "what was learned in a temporary store came back")
    hint = "please report this, with the output of `alma doctor --json`"
    return _wrong("round trip", "what was learned in a temporary store did not come back", hint)
