"""A folder of JSON files as the shared copy: one document per file, so that git or any shared disk can carry it.

    FOLDER/PROJECT/AGENT/3f/3fa9...c2.json   keys sorted, two spaces: a change of a memory is a small, readable diff
    FOLDER/PROJECT/_project/_meta.json       the marker
    FOLDER/PROJECT/.folder                   a random id, which tells when another folder is in this place

Files are written under another name and renamed; the writers of one machine take turns by a lock file. The version of a
document is the hash of its file. Changes are found by comparing each subfolder's names, sizes and times with those in
the checkpoint; a subfolder that was changed within the last seconds is read again the next time, because times can't
tell two changes within a tick of the clock apart (git has the same rule for its index). So is one with a file that the
system doesn't let us read; that file is set aside, and the others are none the worse. So is a folder that is closed to
us: what is in it counts neither as changed nor as gone.

Symbolic links are refused: they lead out of what is shared.
"""

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from itertools import chain
from time import time
from typing import NoReturn
from urllib.parse import quote, unquote

from alma_cli.core.replication.documents import Document, Unreadable
from alma_cli.core.text import clean, why_no_json
from alma_cli.errors import CheckpointLost, LocksUnsupported, RemoteError, RemoteMissing, RemoteRefused, RemoteThrottled
from alma_cli.files import allow, flush_folder, open_file, write_whole
from alma_cli.flock import locked
from alma_cli.remote.protocol import Clash, Forbidden, Found, Page, Place, Usage, Write, WriteResult, Written

_SUFFIX = ".json"
_IDENTITY = ".folder"
_GITIGNORE = "# Written by ALMA\n.lock\n*.tmp\n"
_AGENT = re.compile(r'"agent": *("(?:[^"\\]|\\.)*")')
_PAGE = 250
_LOCKED_TOGETHER = 100
_UNSETTLED_S = 2.0
_MAX_RAW = 1_000_000
_MAX_CONTENT = 4_000_000
"""More bytes than any document has, whose record has at most 256 KiB."""


class FolderRemote:
    """The shared copy of a project in a folder (see `remote.protocol.Remote`)."""

    def __init__(self, path: str, project_id: str, *, patience_s: float) -> None:
        self._path = path
        self._project_id = project_id
        self._patience_s = patience_s
        self._base = os.path.join(path, _file_name(project_id))
        self._requests = 0
        self._changed = False
        """True when the changes that were read last showed any."""

    @property
    def name(self) -> str:
        """The folder, in words."""
        return f"the folder {self._path}"

    @property
    def is_there(self) -> bool:
        """True when the folder is there, whatever is in it."""
        return os.path.isdir(self._path)

    @property
    def has_readers(self) -> bool:
        """False: who can read the folder can have a store. In git, derived memories would conflict at every merge."""
        return False

    @property
    def server_time(self) -> datetime | None:
        """None: a folder has no clock of its own."""
        return None

    @property
    def usage(self) -> Usage:
        """The number of files that were read or written."""
        return Usage(requests=self._requests)

    def read(self, agent: str, id: str) -> Found | None:
        """The document, or whatever is in its place, or None."""
        with self._explained():
            found = self._load(agent, id)
            if found is None:
                self._check_disk()
        return found

    def changes(self, checkpoint: str | None) -> Iterator[Page]:
        """The documents of every subfolder that differs from the checkpoint (see `remote.protocol.Remote`)."""
        identity, before = _parsed(checkpoint)
        with self._explained():
            present = self._identity()
            shards = self._shards()
        if identity and identity != present:
            raise CheckpointLost(f"{self.name} is another one than at the last sync")
        known = {shard: before[shard] for shard in shards if shard in before}
        self._changed = len(known) < len(before)
        found: list[Found] = []
        for shard in shards:
            with self._explained():
                closed = self._closed(os.path.join(self._base, shard))
                try:
                    digest, names = ("", []) if closed else self._look_at(shard)
                except FileNotFoundError:  # a drive moves its folders while we look
                    digest, names = "", []
                if digest and known.get(shard) == digest:
                    continue
                self._changed = True
                loaded: list[Found] = [closed] if closed else self._load_all(shard, names)
            found += loaded
            known.pop(shard, None)
            if digest and not any(isinstance(one, Unreadable) and not one.etag for one in loaded):
                known[shard] = digest
            if len(found) >= _PAGE:
                yield Page(found=tuple(found), checkpoint=_checkpoint(present, known))
                found = []
        yield Page(found=tuple(found), checkpoint=_checkpoint(present, known))

    def ids(self, *, if_free: bool = False) -> frozenset[str] | None:
        """The ids of all files; None with `if_free` when no subfolder had changed, or where one is closed to us."""
        if if_free and not self._changed:
            return None
        with self._explained():
            shards = self._shards()
            if any(map(self._why_closed, shards)):
                return None
            names = chain.from_iterable(map(self._names_in, shards))
            return frozenset(
                clean(name.removesuffix(_SUFFIX))
                for name in names
                if name.endswith(_SUFFIX) and not name.startswith(".")
            )

    def again(self, places: Sequence[Place]) -> Mapping[str, Found]:
        """The documents in these places now; a file that couldn't be read is found by its path."""
        now: dict[str, Found] = {}
        for place in places:
            with self._explained():
                top = os.path.relpath(place.name, self._base).partition(os.sep)[0]
                if os.path.isabs(place.name) and top != os.pardir:
                    self._check_links(top, place.name)
                    is_file = place.name.endswith(_SUFFIX)
                    found = self._load_path(place.name, top) if is_file else self._closed(place.name)
                else:
                    found = self._load(place.agent, place.id)
            if found is not None:
                now[place.name] = found
        return now

    def write(self, writes: Sequence[Write]) -> Iterator[WriteResult]:
        """Store each document whose place is as its write expects, while no other process of this machine writes."""
        for start in range(0, len(writes), _LOCKED_TOGETHER):
            with self._explained():
                results = self._write_together(writes[start : start + _LOCKED_TOGETHER])
            yield from results

    def close(self) -> None:
        """Do nothing: nothing is held open."""

    # Reading

    def _shards(self) -> list[str]:
        """Every subfolder that may hold documents, as a path from the project's folder."""
        self._check_disk()
        shards = []
        for agent in self._folders_in(self._base):
            shards.append(agent)
            if self._why_closed(agent):
                continue
            shards += [f"{agent}/{shard}" for shard in self._folders_in(os.path.join(self._base, agent))]
        return shards

    def _folders_in(self, folder: str) -> list[str]:
        try:
            with os.scandir(folder) as entries:
                found = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
        except FileNotFoundError:
            return []
        for name in found:
            self._check_link(os.path.join(folder, name))
        return found

    def _check_link(self, folder: str) -> None:
        """Raise `RemoteRefused` when a folder is a link, which leads out of what is shared."""
        if os.path.islink(folder):
            raise RemoteRefused(
                f"{self.name} can't be used: {folder} is a symbolic link",
                hint="put a folder in its place: what is outside of the shared one is neither read nor written",
            )

    def _check_links(self, top: str, path: str) -> None:
        """Raise `RemoteRefused` when a folder on the way to a file of the agent's folder `top` is a link."""
        for folder in (self._base, os.path.join(self._base, top), os.path.dirname(path)):
            self._check_link(folder)

    def _check_disk(self) -> None:
        """Raise `RemoteMissing` where the folder can't be made, as on a disk that isn't mounted."""
        if not os.path.isdir(os.path.dirname(os.path.abspath(self._path))):
            raise RemoteMissing(
                f"there is no folder {os.path.dirname(os.path.abspath(self._path))} to hold {self._path}",
                hint="is the disk there, and file.path in .alma/config.yaml right?",
            )

    def _why_closed(self, folder: str) -> str:
        """Why what is in a folder can't be read; empty where it can, or where nothing is."""
        path = os.path.join(self._base, folder)
        try:
            os.stat(os.path.join(path, os.curdir))
            os.close(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        except FileNotFoundError:
            return ""
        except OSError as error:
            return _refusal(error)
        return ""

    def _closed(self, folder: str) -> Unreadable | None:
        """A folder in which nothing can be read, as something that is set aside; None where it can."""
        why = self._why_closed(folder)
        return Unreadable(name=clean(folder), raw="", reason=why, etag="") if why else None

    def _look_at(self, shard: str) -> tuple[str, list[str]]:
        """A digest of the names, sizes and times of a subfolder's documents, and their names.

        The digest is empty when they changed so recently that it might not show the next change.
        """
        looked_at = hashlib.sha256()
        names, now, is_unsettled = [], time(), False
        with os.scandir(os.path.join(self._base, shard)) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if not entry.name.endswith(_SUFFIX) or entry.name.startswith(".") or not entry.is_file():
                    continue
                try:
                    stat = entry.stat()
                except FileNotFoundError:
                    is_unsettled = True
                    continue
                times = (stat.st_mtime, stat.st_ctime)  # either may be far ahead, from a machine with another clock
                is_unsettled = is_unsettled or min(abs(now - at) for at in times) < _UNSETTLED_S
                names.append(entry.name)
                seen = f"{entry.name}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_ctime_ns}\0{stat.st_ino}\0"
                looked_at.update(seen.encode("utf-8", "surrogateescape"))
        return "" if is_unsettled else looked_at.hexdigest()[:24], names

    def _names_in(self, shard: str) -> list[str]:
        with suppress(FileNotFoundError):
            return os.listdir(os.path.join(self._base, shard))
        return []

    def _load_all(self, shard: str, names: Sequence[str]) -> list[Found]:
        paths = (os.path.join(self._base, shard, name) for name in names)
        loaded = (self._load_path(path, shard.partition("/")[0]) for path in paths)
        return [found for found in loaded if found is not None]

    def _load(self, agent: str, id: str) -> Found | None:
        path, top = self._place(agent, id), _file_name(agent)
        self._check_links(top, path)
        return self._load_path(path, top, known_agent=agent)

    def _load_path(self, path: str, top: str, *, known_agent: str = "") -> Found | None:
        self._requests += 1
        is_link = os.path.islink(path)
        is_file = not is_link and os.path.isfile(path)
        content, refusal = b"", ""
        try:
            os.lstat(path)
            content = _content_of(path) if is_file else os.fsencode(os.readlink(path)) if is_link else b""
        except FileNotFoundError:
            return None
        except OSError as error:  # not ours to read, or a drive keeps it elsewhere: the others are none the worse
            refusal = error.strerror or str(error)
        name = os.path.basename(path).removesuffix(_SUFFIX)
        folder = os.path.relpath(os.path.dirname(path), self._base)
        is_in_place = folder.casefold() == (top if name.startswith("_") else os.path.join(top, name[:2])).casefold()
        try:
            if is_link:
                raise TypeError("it is a symbolic link")
            if not is_file:
                raise TypeError("it is no file")
            if refusal or len(content) > _MAX_CONTENT:
                raise TypeError(refusal or "it is too large for a document")
            body = json.loads(content)  # NaN too: a vector with it is none, and no other field takes it
            if not isinstance(body, dict):
                raise TypeError("it isn't a JSON object")
            agent, id = str(body.get("agent")), str(body.get("id"))
            if (id, _file_name(agent).casefold()) != (name, top.casefold()) or not is_in_place:
                raise TypeError("its agent and id aren't those of its place: is it a copy, to be deleted?")
        except (ValueError, TypeError, RecursionError) as error:
            return Unreadable(
                name=clean(path),
                raw=content[:_MAX_RAW].decode("utf-8", "replace"),
                reason=_why(content, error),
                etag="" if refusal else _etag(content),
                agent=clean(known_agent or self._agent_of(top, content)) if is_in_place else "",
                id=clean(name) if is_in_place else "",
            )
        return Document(agent=agent, id=id, body=body, etag=_etag(content))

    def _agent_of(self, top: str, content: bytes) -> str:
        """The agent whose folder this is; if the name was too long, this content or another file there has it whole."""
        if _file_name(unquote(top)) == top:
            return unquote(top)
        others = (
            os.path.join(folder, name)
            for folder, _, names in os.walk(os.path.join(self._base, top))
            for name in names
            if name.endswith(_SUFFIX) and not os.path.islink(os.path.join(folder, name))
        )
        for text in chain([content], map(_content_if_readable, others)):
            for written in _AGENT.findall(text.decode("utf-8", "replace")):
                with suppress(ValueError):
                    agent = json.loads(written)
                    if _file_name(agent) == top:
                        return str(agent)
        return unquote(top)

    # Writing

    def _write_together(self, writes: Sequence[Write]) -> list[WriteResult]:
        results: list[WriteResult] = []
        touched: dict[str, None] = {}
        self._make_base()
        with self._locked():
            closed = {agent: self._why_not_written(agent) for agent in {write.agent for write in writes}}
            for write in writes:
                if closed[write.agent]:
                    results.append(Forbidden(write=write, reason=closed[write.agent]))
                    continue
                present = self._load(write.agent, write.id)
                if (present.etag if present else None) != write.etag:
                    results.append(Clash(write=write, present=present))
                    continue
                content = _content(write)
                path = self._place(write.agent, write.id)
                for folder in self._made(os.path.dirname(path)):
                    touched[folder] = None
                self._put(path, content)
                touched[os.path.dirname(path)] = None
                results.append(Written(write=write, etag=_etag(content)))
            for folder in touched:
                flush_folder(folder)
        return results

    def _why_not_written(self, agent: str) -> str:
        """Why nothing can be written into the folder of one agent, while it can into the project's; else empty."""
        folder = os.path.join(self._base, _file_name(agent))
        rights = os.R_OK | os.W_OK | os.X_OK
        if not os.path.isdir(folder) or os.access(folder, rights) or not os.access(self._base, rights):
            return ""
        return f"{clean(folder)}: {_refusal(PermissionError(errno.EACCES, os.strerror(errno.EACCES)))}"

    def _make_base(self) -> None:
        """Make the project's folder and the files at its top, unless they are there."""
        self._check_link(self._base)
        if os.path.exists(os.path.join(self._base, _IDENTITY)):
            return
        self._check_disk()
        self._made(self._base)
        if not os.path.exists(os.path.join(self._base, ".gitignore")):
            self._put(os.path.join(self._base, ".gitignore"), _GITIGNORE.encode())
        identity = os.urandom(16).hex().encode() + b"\n"
        with suppress(FileExistsError):
            self._put(os.path.join(self._base, _IDENTITY), identity, exclusive=True)

    def _made(self, folder: str) -> list[str]:
        """Make a folder and those above it; return the folders that got a new entry."""
        missing = []
        while not os.path.isdir(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)
        for one in reversed(missing):
            with suppress(FileExistsError):
                os.mkdir(one)
                allow(one, self._rights_of_group())
        return [os.path.dirname(one) for one in missing]

    def _put(self, path: str, content: bytes, *, exclusive: bool = False) -> None:
        rights = self._rights_of_group() & 0o060
        write_whole(path, content, mode=0o666, at_least=rights, flushed=True, exclusive=exclusive)

    def _rights_of_group(self) -> int:
        """The rights that a group has to what is in a folder that it shares, whatever the umask of each is."""
        with suppress(FileNotFoundError):
            return 0o070 if os.stat(self._path).st_mode & 0o020 else 0
        return 0

    def _identity(self) -> str:
        self._check_link(self._base)
        try:
            with open_file(os.path.join(self._base, _IDENTITY)) as file:
                return file.read(100).decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return ""

    @contextmanager
    def _locked(self) -> Iterator[None]:
        path = os.path.join(self._base, ".lock")
        if not os.path.lexists(path):
            with suppress(FileExistsError):
                self._put(path, b"", exclusive=True)
        with ExitStack() as held:
            try:
                held.enter_context(locked(path, wait_s=self._patience_s))
            except TimeoutError:
                raise RemoteThrottled(
                    f"{self.name} stayed locked for {self._patience_s:g} s by another process",
                    hint="try again when it is done",
                ) from None
            except LocksUnsupported as error:
                hint = "share a folder on a file system that supports flock"
                raise RemoteRefused(error.message, hint=hint) from error
            yield

    def _place(self, agent: str, id: str) -> str:
        # Ids are hex digits. Any other name (that of a copy that a shared disk made, say) is no document's.
        name = id if id.isprintable() and not set(id) & {"/", "."} else _file_name(id)
        shard = [] if name.startswith("_") else [name[:2]]
        return os.path.join(self._base, _file_name(agent), *shard, name + _SUFFIX)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the errors of the operating system into ALMA's."""
        try:
            yield
        except OSError as error:
            self._explain(error)

    def _explain(self, error: OSError) -> NoReturn:
        where = error.filename or self._path
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise RemoteRefused(
                f"{self.name} can't be used: {where}: {error.strerror}",
                hint="check its owner and rights: you need to write there",
            ) from error
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise RemoteError(
                f"no space left in {self.name}", hint="free some space there, then run `alma sync` again"
            ) from error
        raise RemoteError(
            f"{self.name} can't be used: {where}: {error.strerror}", hint="is the disk there, and file.path right?"
        ) from error


def _refusal(error: OSError) -> str:
    """Why the system refuses a folder, with what its owner can do."""
    why = error.strerror or str(error)
    is_closed = isinstance(error, PermissionError)
    return f"{why}: its owner can open it to your group (`chgrp -R`, `chmod -R g+rwX`)" if is_closed else why


def _file_name(name: str) -> str:
    """A name for a file or folder that stands for this one, whatever is in it; a very long one ends in a hash."""
    quoted = quote(name, safe="")
    if quoted.startswith("."):
        quoted = "%2E" + quoted[1:]
    if len(quoted) <= 120:
        return quoted
    return f"{quoted[:80]}~{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _content(write: Write) -> bytes:
    """The document as its file has it: keys sorted, one on each line, and its vector on one line at the end."""
    text = json.dumps(dict(write.body), ensure_ascii=False, sort_keys=True, indent=2)
    if write.vector:
        text = text[:-2] + f',\n  "embedding": {write.vector}\n}}'
    return (text + "\n").encode()


def _content_of(path: str) -> bytes:
    """What is in a file, and of a larger one than any document just more than that."""
    with open_file(path) as file:
        return file.read(_MAX_CONTENT + 1)


def _content_if_readable(path: str) -> bytes:
    with suppress(OSError):
        return _content_of(path)
    return b""


def _etag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _why(content: bytes, error: Exception) -> str:
    if b"<<<<<<<" in content and b">>>>>>>" in content:
        return "git could not merge it: resolve the conflict in the file and commit it"
    return f"it can't be read: {why_no_json(error)}"


def _checkpoint(identity: str, known: Mapping[str, str]) -> str:
    return json.dumps({"folder": identity, "seen": known}, sort_keys=True, separators=(",", ":"))


def _parsed(checkpoint: str | None) -> tuple[str, dict[str, str]]:
    """The identity and the digests in a checkpoint. Raises `CheckpointLost` for anything else."""
    if checkpoint is None:
        return "", {}
    try:
        shown = json.loads(checkpoint)
        return str(shown["folder"]), {str(shard): str(digest) for shard, digest in shown["seen"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        raise CheckpointLost("the checkpoint isn't one of a folder") from None
