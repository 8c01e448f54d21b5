"""Three machines edit, sync and are killed while everything fails that can; a few seeds (ALMA_SEEDS for more)."""

import os

import pytest

from tests.remote.convergence import run

SEEDS = int(os.environ.get("ALMA_SEEDS", "1"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(1000, 1000 + SEEDS))
def test_all_machines_and_the_container_end_with_the_same(seed, tmp_path, monkeypatch):
    monkeypatch.setenv("ALMA_COSMOS_KEY", "")
    seen = run(seed, tmp_path, memories=20, kills=1)
    assert seen["memories"] > 0
