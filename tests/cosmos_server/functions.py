"""Functions and comparisons of queries; what is undefined stays undefined, and different types are never compared."""

import math
from operator import mul

from tests.cosmos_server.documents import UNDEFINED
from tests.cosmos_server.wire import Refused

_RANKS = {type(None): 1, bool: 2, int: 3, float: 3, str: 4, list: 5, dict: 6}


def rank(value):
    """A key whose order is the service's order of values of any types; undefined comes first."""
    if value is UNDEFINED:
        return (0, 0)
    return (_RANKS[type(value)], 0 if value is None or isinstance(value, list | dict) else value)


def compare(sign, left, right):
    """The comparison's truth, or UNDEFINED."""
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    if sign in ("=", "!=", "<>"):
        equal = _RANKS[type(left)] == _RANKS[type(right)] and left == right
        return equal if sign == "=" else not equal
    one, other = rank(left), rank(right)
    if one[0] != other[0]:
        return UNDEFINED
    return {"<": one < other, ">": one > other, "<=": one <= other, ">=": one >= other}[sign]


def _texts(test):
    def tested(text, part, ignore_case=None):
        if not isinstance(text, str) or not isinstance(part, str):
            return UNDEFINED
        return test(text.lower(), part.lower()) if ignore_case is True else test(text, part)

    return tested


def _vector_distance(one, other, brute_force=None, options=None):
    if not isinstance(one, list) or not isinstance(other, list) or len(one) != len(other):
        return UNDEFINED
    try:
        norms = math.sqrt(sum(map(mul, one, one)) * sum(map(mul, other, other)))
        return sum(map(mul, one, other)) / norms if norms else 0.0
    except TypeError:
        return UNDEFINED


def _array_contains(values, value):
    if not isinstance(values, list):
        return UNDEFINED
    return any(compare("=", one, value) is True for one in values)


def _lower(text):
    return text.lower() if isinstance(text, str) else UNDEFINED


FUNCTIONS = {
    "CONTAINS": _texts(lambda text, part: part in text),
    "STARTSWITH": _texts(str.startswith),
    "LOWER": _lower,
    "IS_DEFINED": lambda value: value is not UNDEFINED,
    "IS_NULL": lambda value: UNDEFINED if value is UNDEFINED else value is None,
    "ARRAY_CONTAINS": _array_contains,
    "VECTORDISTANCE": _vector_distance,
}


def _counted(values):
    return sum(value is not UNDEFINED for value in values)


def _numbers(values):
    numbers = [value for value in values if value is not UNDEFINED]
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in numbers):
        raise Refused(400, "aggregates over anything but numbers are not known to this server")
    return numbers


AGGREGATES = {
    "COUNT": _counted,
    "SUM": lambda values: sum(_numbers(values)),
    "MAX": lambda values: max(_numbers(values), default=UNDEFINED),
    "MIN": lambda values: min(_numbers(values), default=UNDEFINED),
}
