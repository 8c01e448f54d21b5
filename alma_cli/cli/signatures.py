"""Completes the functions of commands, so that each names only its own options.

Every command has --verbose, and --json unless its output is its own. A parameter that is annotated as `MadeBy` a
function is its result: on the command line that function's options stand in its place.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from inspect import Parameter
from typing import Any, NamedTuple, get_args

from alma_cli.cli.options import Json, Verbose
from alma_cli.cli.output import Reply

COMMON = ("wait", "directory", "verbose", "yes", "json")
"""The options that most commands have stand behind their own, in this order."""


class MadeBy(NamedTuple):
    """Marks a parameter of a command: the function that makes it of options of its own."""

    make: Callable[..., Any]


def completed(function: Callable[..., Reply], *, has_json: bool) -> Callable[..., Reply]:
    """The function of a command with all of its options: it answers in JSON where --json is given."""
    own = inspect.signature(function, eval_str=True).parameters
    made = {name: mark.make for name, parameter in own.items() if (mark := _mark(parameter)) is not None}
    parts = {name: inspect.signature(make, eval_str=True).parameters for name, make in made.items()}
    options: dict[str, Parameter] = {}
    for name, parameter in own.items():
        options |= parts.get(name, {name: parameter})
    options = {**_common(has_json=has_json), **options}
    ordered = sorted(options.values(), key=lambda option: COMMON.index(option.name) if option.name in COMMON else -1)

    @wraps(function)
    def complete(**given: Any) -> Reply:
        values = {name: given[name] for name in own if name in given}
        for name, make in made.items():
            values[name] = make(**{part: given[part] for part in parts[name]})
        reply = function(**values)
        return replace(reply, json=True) if given.get("json") else reply

    signature = inspect.Signature([option.replace(kind=Parameter.KEYWORD_ONLY) for option in ordered])
    complete.__signature__ = signature  # type: ignore[attr-defined]
    complete.__annotations__ = {option.name: option.annotation for option in ordered}
    return complete


def _mark(parameter: Parameter) -> MadeBy | None:
    return next((mark for mark in get_args(parameter.annotation) if isinstance(mark, MadeBy)), None)


def _common(*, has_json: bool) -> Mapping[str, Parameter]:
    common = {"verbose": Verbose, "json": Json} if has_json else {"verbose": Verbose}
    return {
        name: Parameter(name, Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        for name, annotation in common.items()
    }
