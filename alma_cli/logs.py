"""Tells what happens, through the standard `logging` and its logger `alma`, to those who asked for it.

INFO has counts, times and paths; DEBUG has ids too. Neither has what a memory says, nor a credential. Until somebody
imports `logging` nobody can have asked for anything, and that import is a part of a cold start: so it is made only to
listen.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

NAME = "alma"

_INFO, _DEBUG = 20, 10
"""The levels, as `logging` numbers them."""

_FORMAT = "%(relativeCreated)6.0f ms %(levelname)-5s %(message)s"


def info(message: str, *facts: object) -> None:
    """Tell of a step that a command takes. The facts are put into the message as by `%`, if anybody listens."""
    _tell(_INFO, message, facts)


def debug(message: str, *facts: object) -> None:
    """Tell of a detail, as `info` does."""
    _tell(_DEBUG, message, facts)


def level_asked(arguments: list[str], environ: Mapping[str, str] = os.environ) -> int | None:
    """The level that `ALMA_DEBUG` or `--verbose` asks for; None for no log."""
    if environ.get("ALMA_DEBUG", "").strip().lower() not in ("", "0", "false", "no", "off"):
        return _DEBUG
    return _INFO if "--verbose" in arguments else None


@contextmanager
def listening(level: int, tell: Callable[[str], None]) -> Iterator[None]:
    """Let `tell` have each line of the log while the block runs."""
    import logging

    class Telling(logging.Handler):
        """Gives each line to `tell`."""

        def emit(self, record: logging.LogRecord) -> None:
            tell(self.format(record))

    handler, logger = Telling(), logging.getLogger(NAME)
    handler.setFormatter(logging.Formatter(_FORMAT))
    level_before, propagate_before = logger.level, logger.propagate
    logger.setLevel(level)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level_before)
        logger.propagate = propagate_before


def _tell(level: int, message: str, facts: tuple[object, ...]) -> None:
    get_logger = getattr(sys.modules.get("logging"), "getLogger", None)
    if get_logger is not None:
        get_logger(NAME).log(level, message, *facts, stacklevel=3)
