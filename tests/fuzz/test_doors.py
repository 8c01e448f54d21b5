"""A few odd inputs for every way into ALMA; `make fuzz` gives each of them 20,000."""

import pytest

from tests.fuzz import DOORS
from tests.fuzz.doors import fuzz

INPUTS = 40

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("door", DOORS)
def test_no_input_crashes_hangs_or_gets_out_of_scope_or_folder(door):
    assert [] == fuzz(DOORS[door], number=INPUTS, seed=0)
