"""The effect of memories, with its bounds."""

import pytest

from alma_cli.core.learning.effect import Effect, Succeeded


def test_the_difference_has_newcombes_bounds():
    # Newcombe 1998, table II, (a): 56/70 and 48/80 by method 10
    effect = Effect(Succeeded(70, 56), Succeeded(80, 48))
    assert effect.difference == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
    assert [0.2, 0.0524, 0.3339] == effect.to_json()["difference"]
    assert {"outcomes": 70, "worked": 56, "rate": 0.8, "bounds": [0.6918, 0.877]} == effect.to_json()["shown"]


def test_without_outcomes_there_is_no_difference():
    effect = Effect(Succeeded(3, 1.5), Succeeded())
    assert effect.difference is None
    assert (None, None) == (effect.to_json()["difference"], effect.to_json()["withheld"]["rate"])
    assert effect.to_json()["withheld"]["bounds"] is None
