"""What the tests of the store share."""

import pytest

from tests.store.samples import store_in


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    return store_in(tmp_path)
