"""The Python API: `ALMA` and what its calls give back, each imported when first asked for."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alma_cli.api import (  # noqa: F401  # what `alma.py` calls
        author,
        cloud,
        completing,
        examine,
        learn,
        overview,
        publish,
        reflect,
        reflect_sheets,
        reflect_with,
        reindex,
        rename,
        report,
        retrieve,
        retrieve_remote,
        review,
        search,
        status,
        symptoms,
        sync,
        transfer,
        undo,
    )
    from alma_cli.api.alma import ALMA

__all__ = ["ALMA"]


def __getattr__(name: str) -> object:
    if name == "ALMA":
        return import_module("alma_cli.api.alma").ALMA
    if find_spec(f"alma_cli.api.{name}"):
        return import_module(f"alma_cli.api.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
