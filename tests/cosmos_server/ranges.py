"""Where an item lives: the effective partition key (a hash of each level), and the physical ranges over it."""

import functools
import itertools
import struct

_MASK = (1 << 64) - 1
_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F

LOWEST, BEYOND = "", "FF"


def _rotated(value, bits):
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def _mixed(value):
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value = ((value ^ (value >> 33)) * factor) & _MASK
    return value ^ (value >> 33)


def _scrambled(first, second, one, two):
    """One block of 16 bytes (or what is left), as the two 64-bit words `one` and `two`, mixed into the state."""
    first ^= (_rotated((one * _C1) & _MASK, 31) * _C2) & _MASK
    second ^= (_rotated((two * _C2) & _MASK, 33) * _C1) & _MASK
    return first, second


def murmur3_128(content: bytes) -> bytes:
    """MurmurHash3 x64 with 128 bits and seed 0 (Austin Appleby, public domain): low word first, little endian."""
    first = second = 0
    whole = len(content) // 16 * 16
    for at in range(0, whole, 16):
        one, two = struct.unpack_from("<QQ", content, at)
        first ^= (_rotated((one * _C1) & _MASK, 31) * _C2) & _MASK
        first = ((_rotated(first, 27) + second) * 5 + 0x52DCE729) & _MASK
        second ^= (_rotated((two * _C2) & _MASK, 33) * _C1) & _MASK
        second = ((_rotated(second, 31) + first) * 5 + 0x38495AB5) & _MASK
    rest = content[whole:].ljust(16, b"\0")
    first, second = _scrambled(first, second, *struct.unpack("<QQ", rest))
    first, second = first ^ len(content), second ^ len(content)
    first = (first + second) & _MASK
    second = (second + first) & _MASK
    first, second = _mixed(first), _mixed(second)
    first = (first + second) & _MASK
    second = (second + first) & _MASK
    return struct.pack("<QQ", first, second)


@functools.lru_cache(maxsize=65536)
def effective_key(values: tuple) -> str:
    """The effective partition key of the levels given, in hexadecimal: 32 digits each, so a prefix of a key is a prefix."""
    return "".join(_hashed(value) for value in values)


def _hashed(value):
    if isinstance(value, str):
        encoded = b"\x08" + value.encode() + b"\xff"
    elif isinstance(value, bool):
        encoded = b"\x03" if value else b"\x02"
    elif isinstance(value, int | float):
        encoded = b"\x05" + struct.pack("<d", value)
    else:
        encoded = b"\x01" if value is None else b"\x00"
    digest = bytearray(reversed(murmur3_128(encoded)))
    digest[0] &= 0x3F
    return digest.hex().upper()


class Range:
    """A physical range: the keys from `low` up to `high`, and its own log of changes with its own LSNs."""

    def __init__(self, id: str, low: str, high: str, *, parents: list[str], lsn: int):
        self.id, self.low, self.high, self.parents = id, low, high, parents
        self.lsn = lsn
        self.log: list = []

    def document(self):
        """The range as the service describes it."""
        return {"id": self.id, "minInclusive": self.low, "maxExclusive": self.high, "parents": self.parents}


class Ranges:
    """The physical ranges of a container: they tile the keys, and can be split."""

    def __init__(self, count: int):
        bounds = [LOWEST, *(f"{0x40 * number // count:02X}" for number in range(1, count)), BEYOND]
        # LSNs begin far apart, so that a position in one range means nothing in another.
        self.live = [
            Range(str(number), low, high, parents=[], lsn=100_000 * (count - number))
            for number, (low, high) in enumerate(itertools.pairwise(bounds))
        ]
        self._next_id = count
        self.changes = 1

    def by_id(self, id: str) -> Range | None:
        """The range of this id, or None when it is gone."""
        return next((one for one in self.live if one.id == id), None)

    def holding(self, key: str) -> Range:
        """The range that an effective key is in."""
        return next(one for one in self.live if one.low <= key < one.high)

    def split(self, key: str) -> None:
        """Split the range that holds `key` there: its id is gone, two children have its keys and its past."""
        parent = self.holding(key)
        middle = key if key > parent.low else key + "80"
        children = []
        for low, high in ((parent.low, middle), (middle, parent.high)):
            child = Range(str(self._next_id), low, high, parents=[*parent.parents, parent.id], lsn=parent.lsn)
            child.log = [item for item in parent.log if low <= item.epk < high]
            children.append(child)
            self._next_id += 1
        at = self.live.index(parent)
        self.live[at : at + 1] = children
        self.changes += 1
