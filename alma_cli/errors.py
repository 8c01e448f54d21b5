"""Every error a user can meet: what happened, what to do next, and the exit code.

    AlmaError                   1   failed
      InvalidInput              2   a value the caller gave can't be used
        InvalidUsage            2   a command was called with what it doesn't take
      ProjectNotFound           3   no .alma/ here or above
      InvalidConfig             3   the configuration can't be used
      NotFound                  1   no memory has that id
      AmbiguousId               1   several memories have an id that starts so
      EmbeddingUnavailable      1   the embedding model can't be loaded
      StoreError                1   the store can't be used
        StoreCorrupt            1   what is on disk can't be read
        StoreTooNew             1   a newer ALMA wrote it
        StoreUnwritable         1   there is no permission, or no space
      PartialFailure            1   part of a batch could not be done
      StoreBusy                 5   another process kept the lock past the wait
      RemoteError               4   the shared copy can't be used
        RemoteUnreachable       4   it doesn't answer
        RemoteRefused           4   it refuses the credential
        RemoteThrottled         4   it stayed too busy
        RemoteMissing           4   there is no such database, container or folder
        CheckpointLost          4   its changes can't be continued from where we were (sync then compares everything)
        RemoteForeign           4   it isn't this project's, or sync may not go on before the user says so
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


class InvalidInput(AlmaError):
    """A value the caller gave can't be used."""

    code = "invalid_input"
    exit_code = 2


class InvalidUsage(InvalidInput):
    """A command was called with arguments or options that it doesn't take."""

    code = "usage"


class ProjectNotFound(AlmaError):
    """There is no `.alma/` here or in any folder above."""

    code = "no_project"
    exit_code = 3


class InvalidConfig(AlmaError):
    """The configuration can't be used; the message names file, line and key."""

    code = "invalid_config"
    exit_code = 3


class NotFound(AlmaError):
    """No memory has that id."""

    code = "not_found"


class AmbiguousId(AlmaError):
    """Several memories have an id that starts so."""

    code = "ambiguous_id"


class EmbeddingUnavailable(AlmaError):
    """The embedding model can't be loaded."""

    code = "embedding_unavailable"


class StoreError(AlmaError):
    """The store can't be used."""

    code = "store_error"


class StoreCorrupt(StoreError):
    """What is on disk can't be read as what it should be."""

    code = "store_corrupt"


class StoreTooNew(StoreError):
    """The store was written by a newer ALMA; it is left untouched."""

    code = "store_too_new"


class StoreUnwritable(StoreError):
    """The store's folder can't be written: no permission, or no space."""

    code = "store_unwritable"


class StoreBusy(AlmaError):
    """Another process kept the store's lock past the wait."""

    code = "store_busy"
    exit_code = 5


class RemoteError(AlmaError):
    """The shared copy can't be used; nothing that was recorded is lost, and the next sync sends it."""

    code = "remote_error"
    exit_code = 4


class RemoteUnreachable(RemoteError):
    """The shared copy doesn't answer."""

    code = "remote_unreachable"


class RemoteRefused(RemoteError):
    """The shared copy refuses the credential, which is wrong, expired, or without the right."""

    code = "remote_refused"


class RemoteThrottled(RemoteError):
    """The shared copy stayed too busy for longer than we wait."""

    code = "remote_throttled"


class RemoteMissing(RemoteError):
    """There is no such database, container or folder."""

    code = "remote_missing"


class CheckpointLost(RemoteError):
    """The changes can't be continued from this checkpoint: the container is another one, or was made anew."""

    code = "checkpoint_lost"


class RemoteForeign(RemoteError):
    """The shared copy isn't the one that this store belongs to, or may not be used before the user says so."""

    code = "remote_foreign"


class SyncTimeout(RemoteError):
    """A sync took longer than it was given; what was exchanged by then is kept."""

    code = "sync_timeout"


class ClockAhead(AlmaError):
    """What was recorded here is stamped in the future, and would win over everybody's later edits."""

    code = "clock_ahead"


class PartialFailure(AlmaError):
    """Part of a batch could not be done; the rest is done."""

    code = "partial_failure"


class ScopeViolation(AlmaError):
    """The agent may not learn this."""

    code = "scope_violation"
    exit_code = 6


class Interrupted(AlmaError):
    """The user stopped the command; what was recorded before is kept."""

    code = "interrupted"
    exit_code = 130
