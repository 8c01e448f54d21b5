"""Which error lines say the same."""

import pytest

from alma_cli.core.error_words import error_words, is_alike, overlap

ALIKE = [
    (
        "sqlalchemy.exc.NoResultFound: No row was found when one was required",
        "FAILED tests/test_b.py::test_b[5-20] - sqlalchemy.exc.NoResultFound: No row was found when one was required",
    ),
    (
        'invalid input value for enum shipment_status: "held_at_customs"',
        'DBAPIError: invalid input value for enum claim_state: "rejected_by_carrier"',
    ),
    (
        "ConnectionRefusedError: [Errno 111] Connect call failed ('172.19.0.3', 5432)",
        "ConnectionRefusedError: [Errno 61] Connect call failed ('127.0.0.1', 6379)",
    ),
    (
        "ERROR: 5b0e_merge.py has 2 parents (7c41, 9ad3): the history must be linear",
        "ERROR: f00d_merge.py has 2 parents (c90f, d4c1): the history must be linear",
    ),
    (
        "panic: assignment to entry in nil map at 0x4a1f80 in /home/a/x.go",
        "panic: assignment to entry in nil map at 0xc0ffee in /srv/b/y.go",
    ),
]
OTHERS = [
    (
        "ModuleNotFoundError: No module named 'shop.tasks.labels'",
        "ModuleNotFoundError: No module named 'shop.models.enum'",
    ),
    (
        "AttributeError: 'Parcel' object has no attribute 'depot'",
        "AttributeError: 'Invoice' object has no attribute 'total'",
    ),
    ("KeyError: 'eta'", "KeyError: 'eta'"),
    ("exit status 1", "exit status 1"),
    ("", ""),
    ("RuntimeError: Event loop is closed", "TimeoutError: timed out during opening handshake"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_numbers_paths_addresses_and_values_make_no_difference(one, other):
    assert overlap(error_words(one), error_words(other)) >= 0.35


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_what_is_common_to_many_errors_joins_none(one, other):
    assert overlap(error_words(one), error_words(other)) < 0.35


def test_two_lines_are_alike_when_they_share_enough_words():
    one = error_words("sqlalchemy.exc.NoResultFound: No row was found when one was required")
    assert is_alike(one, one)
    assert not is_alike(one, error_words("ModuleNotFoundError: no module named parcels in the worker image"))
