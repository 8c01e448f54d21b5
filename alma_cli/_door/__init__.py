"""The module `alma`: the public names of `alma_cli` under the shorter one."""

import alma_cli
from alma_cli import *  # noqa: F403  # the door has nothing of its own

__all__ = alma_cli.__all__
__version__ = alma_cli.__version__
