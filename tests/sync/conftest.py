"""What the tests of synchronising share."""

import pytest

from tests.contracts.memory_remote import Container
from tests.sync.replicas import Machine


@pytest.fixture
def container():
    """A container that everybody shares, empty at first."""
    return Container()


@pytest.fixture
def machine(tmp_path, container):
    """Make a machine of this name, with options of `Machine`."""

    def make(name, **options):
        return Machine(tmp_path / name, container, **options)

    return make


@pytest.fixture
def two(machine):
    """Two machines that met already."""
    one, other = machine("one"), machine("two")
    one.sync()
    other.sync()
    return one, other
