"""`python -m alma_cli`, and where the `alma` command starts."""

import gc
import sys

_COLLECTED_AFTER = 20_000
"""Objects. A command keeps most of what it makes, so that looking for cycles after 700 takes 7% of storing a batch."""


def collect_rarely() -> None:
    """Have Python look for cycles as rarely as suits a command."""
    gc.set_threshold(_COLLECTED_AFTER, 20, 20)


def leave_out_pandas() -> None:
    """Have DuckDB do without pandas: it would import it, for 0.6 s, to see whether a value is one of its."""
    sys.modules["pandas"] = None  # type: ignore[assignment]


def run() -> None:
    """Run the command line of this process and end it with its exit code."""
    collect_rarely()
    leave_out_pandas()
    from alma_cli.cli import main

    sys.exit(main())


if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]  # the folder worked in, whose json.py isn't ours to run
    run()
