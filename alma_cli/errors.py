"""Every error a user can meet: what happened, what to do next, and the exit code.

    AlmaError                   1   failed
      InvalidInput              2   a value the caller gave can't be used
        InvalidUsage            2   a command was called with what it doesn't take
      ProjectNotFound           3   no .alma/ here or above
      InvalidConfig             3   the configuration can't be used
      NotFound                  1   no memory by that id
      AmbiguousId               1   several memories by that id
      EmbeddingUnavailable      1   the embedding model can't be loaded
      StoreError                1   the store can't be used
        StoreCorrupt            1   what is on disk can't be read
        StoreTooNew             1   written by a newer ALMA
        StoreUnwritable         1   no permission, or no space
      PartialFailure            1   part of a batch could not be done
      StoreBusy                 5   another process kept the lock past the wait
      ScopeViolation            6   the agent may not learn this
      Interrupted             130   the user stopped it

Raise with facts and a hint; only `cli/__init__.py` turns one into text and an exit code.
"""

from typing import ClassVar


class AlmaError(Exception):
    """What happened (`message`), what to do next (`hint`), a stable `code`, and the process's `exit_code`."""

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


class PartialFailure(AlmaError):
    """Part of a batch could not be done; the rest was."""

    code = "partial_failure"


class ScopeViolation(AlmaError):
    """The agent may not learn this."""

    code = "scope_violation"
    exit_code = 6


class Interrupted(AlmaError):
    """The user stopped the command; what was recorded before is kept."""

    code = "interrupted"
    exit_code = 130
