"""ALMA as a whole process, as it runs once it is installed."""

import subprocess
import sys
from pathlib import Path

COMMAND = Path(sys.executable).with_name("alma")


_COMPILE = (
    "import alma_cli, compileall, pathlib; compileall.compile_dir(pathlib.Path(alma_cli.__file__).parent, quiet=1)"
)


def compile_modules(python: Path = Path(sys.executable)) -> None:
    """Compile the modules that this Python's `alma` runs, which need not be those of the folder worked in.

    A checkout may have changed them, and Python would compile them at each start where it may not write bytecode.
    """
    subprocess.run([python, "-P", "-c", _COMPILE], check=True)
