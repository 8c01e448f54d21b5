"""Lets a process give something up before Ctrl-Z stops it, for a stopped process keeps its locks."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def before_a_stop(prepare: Callable[[], bool]) -> Iterator[None]:
    """In this block, Ctrl-Z calls `prepare` first; if that returns False, `stop` is to be called once it is done.

    That is so in the main thread, which is where signals arrive, unless the program sees to Ctrl-Z itself.
    """
    is_main = threading.current_thread() is threading.main_thread()
    is_ours = is_main and signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL
    if is_ours:
        signal.signal(signal.SIGTSTP, lambda _number, _frame: stop() if prepare() else None)
    try:
        yield
    finally:
        if is_ours:
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)


def stop() -> None:
    """Stop this process as Ctrl-Z does, until somebody lets it go on; only the main thread may."""
    handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
    signal.signal(signal.SIGTSTP, handler)
