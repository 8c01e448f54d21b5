"""What ALMA uses of Typer beyond what that promises to keep. A failure says what to mend in `cli/typer_insides.py`."""

from typing import Annotated

import pytest
import typer

from alma_cli.cli.typer_insides import (
    INTERRUPTED,
    REWORDED,
    UsageError,
)


def count(number: Annotated[int, typer.Option()] = 0, share: Annotated[float, typer.Option()] = 0.0) -> int:
    """A command."""
    if number < 0:
        raise KeyboardInterrupt
    return number


def run(*arguments):
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(count)
    return app(list(arguments), standalone_mode=False)


def test_a_command_gives_its_result_back():
    assert 7 == run("--number", "7")


@pytest.mark.parametrize("arguments", [["--nonsense"], ["too", "many"], ["--number"], ["--number", "many"]])
def test_all_that_a_command_does_not_take_is_one_kind_of_error(arguments):
    """`UsageError` is taken from the bases of `typer.BadParameter`: is it still the second of them?"""
    with pytest.raises(UsageError) as caught:
        run(*arguments)
    assert caught.value.format_message()
    assert not issubclass(OSError, UsageError)


@pytest.mark.parametrize(("option", "words"), [*zip(("--number", "--share"), REWORDED, strict=True)])
def test_messages_have_the_words_that_are_put_in_ours(option, words):
    with pytest.raises(UsageError) as caught:
        run(option, "many")
    assert words in caught.value.format_message()


def test_ctrl_c_is_this_number():
    """Without `standalone_mode` an application returns the exit code of Ctrl-C: is it still 130?"""
    assert INTERRUPTED == run("--number", "-1")


def test_a_command_can_see_all_that_it_was_given():
    """`alma learn --batch` looks through `context.params`: are they still all parameters, by the names of ours?"""

    def seen(context: typer.Context, number: int = 0, label: Annotated[list[str] | None, typer.Option()] = None) -> int:
        shown.update(context.params)

    shown = {}
    app = typer.Typer(add_completion=False)
    app.command()(seen)
    app(["--number", "3"], standalone_mode=False)
    assert {"number", "label"} == set(shown)
    assert shown["label"] in (None, (), [])
