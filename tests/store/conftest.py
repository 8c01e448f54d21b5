"""What the tests of the store share."""

import pytest
from hypothesis import HealthCheck, settings
from samples import store_in

# No deadlines and no complaints of slowness, which are wall-clock assertions that fail on a busy machine.
settings.register_profile("store", max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("store")


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    return store_in(tmp_path)
