"""The SDK's server with ALMA's rules: arguments are checked, work is done in a thread, errors are told in our words."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import anyio
from anyio.to_thread import run_sync
from mcp.server.fastmcp import FastMCP
from mcp.server.fastmcp.exceptions import ToolError
from mcp.types import GetPromptResult

from alma_cli import __version__
from alma_cli.core.text import did_you_mean, one_line
from alma_cli.errors import AlmaError, InvalidInput
from alma_cli.mcp_server.arguments import arguments_of, refuse_unknown

_Result = TypeVar("_Result")


class Server(FastMCP):
    """Calls run one after another in a thread, in the order in which they came; a ping waits for none of them."""

    def __init__(self, instructions: str) -> None:
        super().__init__("alma", instructions=instructions, log_level="CRITICAL")  # no traces of what is refused
        self._mcp_server.version = __version__
        self._one_at_a_time: anyio.CapacityLimiter | None = None

    async def in_thread(self, work: Callable[[], _Result]) -> _Result:
        """The result of the work, for which the event loop doesn't wait. Who cancels it is answered at once."""
        if self._one_at_a_time is None:
            self._one_at_a_time = anyio.CapacityLimiter(1)
        with told():
            return await run_sync(work, abandon_on_cancel=True, limiter=self._one_at_a_time)

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Any:
        """The answer of a tool. Raises `ToolError` for what it refuses, and for arguments that it doesn't take."""
        tool = self._tool_manager.get_tool(name)
        with told():
            if tool is None:
                names = [tool.name for tool in self._tool_manager.list_tools()]
                hint = did_you_mean(name, names) or f"the tools are {', '.join(names)}"
                raise InvalidInput(f"there is no tool {one_line(name, 60)}", hint=hint)
            given = arguments_of(tool, arguments)
        return tool.fn_metadata.convert_result(await self.in_thread(partial(tool.fn, **given)))

    async def get_prompt(self, name: str, arguments: dict[str, Any] | None = None) -> GetPromptResult:
        """The messages of a prompt, whose arguments are looked at as those of a tool are."""
        prompt = self._prompt_manager.get_prompt(name)
        with told():
            if prompt is None:
                names = ", ".join(prompt.name for prompt in self._prompt_manager.list_prompts())
                raise InvalidInput(f"there is no prompt {one_line(name, 60)}", hint=f"there is {names}")
            known = {argument.name: argument for argument in prompt.arguments or []}
            refuse_unknown(arguments or {}, known, name)
            for missing in [argument.name for argument in known.values() if argument.required]:
                if missing not in (arguments or {}):
                    raise InvalidInput(f"{missing}: missing", hint="give a text")
        return await super().get_prompt(name, arguments)


_IN_WORDS_OF_TOOLS = (
    ("name one with --agent NAME", "give `as_agent`"),
    ("`alma list` and `alma search WORDS` show", "the tool `search` shows"),
    ("`alma list` shows", "the tool `search` shows"),
    (", or set ALMA_AGENT", ""),
    (': alma retrieve "fix the login"', ""),
    (': alma search "login form"', ""),
    ("TEXT is the condition", "`text` is the condition"),
    ("a new one (`alma reflect`)", "a new one (the tool `reflect`)"),
)
_ARGUMENT = re.compile(r"^(TASK|WORDS|TEXT)(?=:)")
_OPTION = re.compile(r"--(turn|domain|strategy|when|do|used|followed)\b")


@contextmanager
def told() -> Iterator[None]:
    """Errors of ours become errors of a tool, with the remedy."""
    try:
        yield
    except AlmaError as error:
        hint = _in_words_of_tools(error.hint)
        message = _ARGUMENT.sub(lambda found: found[0].lower(), error.message)
        raise ToolError(f"{error.code}: {message}{f' ({hint})' if hint else ''}") from error


def _in_words_of_tools(hint: str) -> str:
    """The hint with arguments of tools in the place of a command line's options, which no caller of a tool can give."""
    for said, meant in _IN_WORDS_OF_TOOLS:
        hint = hint.replace(said, meant)
    return _OPTION.sub(r"\1", hint)
