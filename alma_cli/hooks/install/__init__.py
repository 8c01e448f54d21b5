"""Installing: each target plans changes to others' files, and one place makes them and keeps a copy of each file."""

from alma_cli.hooks.install.changes import Change, Move, Plan, Remove, Write, applied, difference
from alma_cli.hooks.install.targets import TARGETS, Wanted, plan_install, plan_uninstall

__all__ = [
    "TARGETS",
    "Change",
    "Move",
    "Plan",
    "Remove",
    "Wanted",
    "Write",
    "applied",
    "difference",
    "plan_install",
    "plan_uninstall",
]
