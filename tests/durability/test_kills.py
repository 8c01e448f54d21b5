"""A few kills at random moments of every work; `make kills` does two thousand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KILLS = 16

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_that_was_told_is_lost_or_doubled_by_kills_at_random_moments():
    done = subprocess.run(
        [sys.executable, "-m", "tests.durability.kills", "--number", str(KILLS)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert 0 == done.returncode, done.stdout + done.stderr
    assert 8 == done.stdout.count('"killed": 2')
