"""Every error a user can meet: what happened, what to do next, and the exit code.

    AlmaError                   1   failed
      InvalidInput              2   a value the caller gave can't be used
        InvalidUsage            2   a command was called with what it doesn't take
      ProjectNotFound           3   no .alma/ here or above
      ProjectUntrusted          3   the project that was found belongs to somebody else, or its memory is in git
      InvalidConfig             3   the configuration can't be used
      NotFound                  1   no memory has that id
      AmbiguousId               1   several memories have an id that starts so
      EmbeddingUnavailable      1   the embedding model can't be loaded
      StoreError                1   the store can't be used
        StoreCorrupt            1   what is on disk can't be read
        StoreTooNew             1   a newer ALMA wrote it
        StoreUnwritable         1   there is no permission, or no space
        LocksUnsupported        1   its file system has no locks
      PartialFailure            1   part of a batch could not be done
      StoreBusy                 5   another process kept the lock past the wait
      RemoteError               4   the shared copy can't be used
        RemoteUnreachable       4   it doesn't answer
        RemoteRefused           4   it refuses the credential
        RemoteThrottled         4   it stayed too busy
        RemoteMissing           4   there is no such database, container or folder
        CheckpointLost          4   its changes can't be continued from where we were (sync then compares everything)
        RemoteForeign           4   it isn't this project's, or sync may not go on before the user says so
          JoinNeeded            4   it has memories, and so has this store, which never met it
        SyncTimeout             4   a sync took longer than it was given
      ClockAhead                1   this machine's clock is wrong, so nothing may be pushed
      ScopeViolation            6   the agent may not learn this
      Interrupted             130   the user stopped it

Raise with facts and a hint; only `cli/__init__.py` turns one into text and an exit code.
"""

from typing import ClassVar


class AlmaError(Exception):
    """An error for a user: what happened (`message`), what to do next (`hint`), a stable `code`, and an `exit_code`."""

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def told(self) -> str:
        """The message with the hint, for where one line has to say both."""
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __init_subclass__(cls, *, code: str = "", exit_code: int | None = None) -> None:
        """Give a kind of error its code and exit code; without, it has those of its base."""
        cls.code = code or cls.code
        cls.exit_code = cls.exit_code if exit_code is None else exit_code


class InvalidInput(AlmaError, code="invalid_input", exit_code=2):
    """A value the caller gave can't be used."""


class InvalidUsage(InvalidInput, code="usage"):
    """A command was called with arguments or options that it doesn't take."""


class ProjectNotFound(AlmaError, code="no_project", exit_code=3):
    """There is no `.alma/` here or in any folder above."""


class ProjectUntrusted(AlmaError, code="untrusted_project", exit_code=3):
    """The project that was found by searching belongs to somebody else, whom nobody trusts, or its memory is in git."""


class InvalidConfig(AlmaError, code="invalid_config", exit_code=3):
    """The configuration can't be used; the message names file, line and key."""


class NotFound(AlmaError, code="not_found"):
    """No memory has that id."""


class AmbiguousId(AlmaError, code="ambiguous_id"):
    """Several memories have an id that starts so."""


class EmbeddingUnavailable(AlmaError, code="embedding_unavailable"):
    """The embedding model can't be loaded."""


class StoreError(AlmaError, code="store_error"):
    """The store can't be used."""


class StoreCorrupt(StoreError, code="store_corrupt"):
    """A file on disk can't be read as the thing it should be."""


class StoreTooNew(StoreError, code="store_too_new"):
    """The store was written by a newer ALMA; it is left untouched."""


class StoreUnwritable(StoreError, code="store_unwritable"):
    """The store's folder can't be written: no permission, or no space."""


class LocksUnsupported(StoreError, code="locks_unsupported"):
    """The file system of the store has no locks (flock), without which it isn't safe to write."""


class StoreBusy(AlmaError, code="store_busy", exit_code=5):
    """Another process kept the store's lock past the wait."""


class RemoteError(AlmaError, code="remote_error", exit_code=4):
    """The shared copy can't be used; nothing that was recorded is lost, and the next sync sends it."""


class RemoteUnreachable(RemoteError, code="remote_unreachable"):
    """The shared copy doesn't answer."""


class RemoteRefused(RemoteError, code="remote_refused"):
    """The shared copy refuses the credential, which is wrong, expired, or without the right."""


class RemoteThrottled(RemoteError, code="remote_throttled"):
    """The shared copy stayed too busy for longer than we wait."""


class RemoteMissing(RemoteError, code="remote_missing"):
    """There is no such database, container or folder."""


class CheckpointLost(RemoteError, code="checkpoint_lost"):
    """The changes can't be continued from this checkpoint: the container is another one, or was made anew."""


class RemoteForeign(RemoteError, code="remote_foreign"):
    """The shared copy isn't the one that this store belongs to, or may not be used before the user says so."""


class JoinNeeded(RemoteForeign):
    """The shared copy has memories, and so has this store, which never met it: one may join the other."""


class SyncTimeout(RemoteError, code="sync_timeout"):
    """A sync took longer than it was given; what was exchanged by then is kept."""


class ClockAhead(AlmaError, code="clock_ahead"):
    """Records of this machine are stamped in the future, and would win over everybody's later edits."""


class PartialFailure(AlmaError, code="partial_failure"):
    """Part of a batch could not be done; the rest is done."""


class ScopeViolation(AlmaError, code="scope_violation", exit_code=6):
    """The agent may not learn this."""


class Interrupted(AlmaError, code="interrupted", exit_code=130):
    """The user stopped the command; what was recorded before is kept."""
