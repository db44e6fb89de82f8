"""Random numbers without state: the same seed, stream and identifier give the same numbers, in any order."""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from scipy.special import ndtri

from matching.arrays import Floats, Keys

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def keys(ids: Iterable[str]) -> Keys:
    """Return one 64-bit key per identifier (BLAKE2b), the same on every machine, shape (n,)."""
    data = b"".join(blake2b(name.encode(), digest_size=8).digest() for name in ids)
    return np.frombuffer(data, dtype="<u8").astype(np.uint64)


def salt(seed: int, stream: str) -> int:
    """Return a 64-bit number for one named stream of one seed."""
    return int.from_bytes(blake2b(f"{seed}/{stream}".encode(), digest_size=8).digest(), "little")


def generator(seed: int, stream: str, number: int = 0) -> np.random.Generator:
    """Return a sequential generator for one numbered part of a named stream."""
    return np.random.default_rng([salt(seed, stream), number])


def _mixed(values: Keys) -> Keys:
    """Apply the finaliser of SplitMix64: every input bit affects every output bit (Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def uniforms(entity_keys: Keys, seed: int, stream: str, count: int) -> Floats:
    """Return `count` numbers in (0, 1) for each key, shape (n, count), from a counter-based generator."""
    counters = np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN
    start = _mixed(entity_keys ^ np.uint64(salt(seed, stream)))
    bits = _mixed(start[:, None] + counters[None, :])
    return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normals(entity_keys: Keys, seed: int, stream: str, count: int) -> Floats:
    """Return `count` standard normal numbers for each key, shape (n, count)."""
    return np.asarray(ndtri(uniforms(entity_keys, seed, stream, count)), dtype=np.float64)
