"""ALMA: a memory that lets AI agents learn from what happened, with no model weights changed.

    from alma_cli import ALMA, MemoryScope     (or: from alma import ALMA, MemoryScope)

The names are imported when first used, so that a command loads only what it needs.
"""

import os
import sys

_IS_MODULE = sys.argv[:1] == ["-m"] and "alma_cli" in sys.orig_argv
if _IS_MODULE and not sys.flags.safe_path:
    # `python -m alma_cli` looks for modules in the current folder first: a file of a repository would be run.
    del sys.path[0]
if os.environ.get("PYTHONPATH") and (_IS_MODULE or os.path.basename(sys.argv[0]) == "alma"):
    # A relative or empty entry leads to the current folder, or near it, as well; one that is absolute, often to the
    # sources of a project, comes last, so that no json.py there is taken for Python's.
    _GIVEN = os.environ["PYTHONPATH"].split(os.pathsep)
    _OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    _NAMED = {os.path.abspath(one) for one in _GIVEN} - {_OURS}
    _LAST = [path for path in sys.path if path in _NAMED and path in _GIVEN]
    sys.path[:] = [*(path for path in sys.path if path not in _NAMED), *_LAST]

from typing import TYPE_CHECKING  # noqa: E402  # from where it is looked for now

if TYPE_CHECKING:
    from alma_cli.api import ALMA
    from alma_cli.core.retrieval.slices import Hit, MemorySlice
    from alma_cli.core.scopes.scope import Domain, MemoryScope
    from alma_cli.errors import AlmaError

__version__ = "0.1.0"
__all__ = ["ALMA", "AlmaError", "Domain", "Hit", "MemoryScope", "MemorySlice", "__version__"]

if not TYPE_CHECKING:  # a checker reads the imports above, and finds names that aren't there
    _HOMES = {
        "ALMA": "alma_cli.api",
        "AlmaError": "alma_cli.errors",
        "Domain": "alma_cli.core.scopes.scope",
        "Hit": "alma_cli.core.retrieval.slices",
        "MemoryScope": "alma_cli.core.scopes.scope",
        "MemorySlice": "alma_cli.core.retrieval.slices",
    }

    def __getattr__(name: str) -> object:
        if name in _HOMES:
            from importlib import import_module

            return getattr(import_module(_HOMES[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
