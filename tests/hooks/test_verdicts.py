"""How a check ended."""

import pytest

from alma_cli.hooks.verdicts import verdict
from tests.hooks.endings import ENDINGS


@pytest.mark.parametrize(("command", "output", "ended_well", "how"), ENDINGS)
def test_a_check_ends_as_its_end_or_its_output_says(command, output, ended_well, how):
    assert how == verdict(command, output if ended_well else f"Exit code 1\n{output}", ended_well=ended_well)


def test_output_counts_only_where_it_hides_the_end():
    assert "green" == verdict("pytest -q", "deselected; see 2 errors of last time", ended_well=True)
    assert "green" == verdict("cd api && ruff check --fix . && pytest -q", "Found 3 errors\n4 passed", ended_well=True)
