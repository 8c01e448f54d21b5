"""ALMA as a whole process, as it runs once it is installed."""

import compileall
import sys
from pathlib import Path

import alma_cli

COMMAND = Path(sys.executable).with_name("alma")


def compile_modules() -> None:
    """Compile what a checkout may have changed; Python would, at each start where it may not write bytecode."""
    compileall.compile_dir(Path(alma_cli.__file__).parent, quiet=1)
