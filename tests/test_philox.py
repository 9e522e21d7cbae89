"""Philox against its published answers, and the layout of the counter."""

import itertools

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import three_assets

import simcore
from simcore import InputError, Plan
from simcore.kernels import philox
from simcore.kernels.block import BLOCK
from simcore.kernels.normals import fill_bits

# Random123, kat_vectors: philox4x32 10, counter, key, answer
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]

PATHS = [0, 1, 511, 2**24, 2**32 - 1, 2**32, 2**32 + 1, 2**55 + 12_345, 2**56 - 1]
STEPS = [0, 1, 2**12, 2**20 - 1]
PAIRS = [0, 1, 2**20, 2**31 - 1]
STREAMS = [philox.STREAM_NORMAL, philox.STREAM_BRIDGE, philox.STREAM_MIXING]


def words(text):
    return tuple(int(word, 16) for word in text.split())


def kernel(counter, key):
    out = np.zeros(4, dtype=np.uint64)
    philox.philox_words(np.array(counter, dtype=np.uint64), np.array(key, dtype=np.uint64), out)
    return tuple(int(word) for word in out)


def bits(paths, stream, step, pair, seed):
    """Two rows of 64 bits, as `fill_bits` makes them for up to a block of paths."""
    numbers = np.zeros(BLOCK, dtype=np.int64)
    numbers[: len(paths)] = paths
    rows = np.empty((2, BLOCK))
    fill_bits(numbers, *map(np.uint64, (stream, step, pair, seed)), rows[0], rows[1])
    return rows.view(np.uint64)[:, : len(paths)]


@pytest.mark.parametrize("generator", [kernel, naive.philox])
@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers_of_random123(generator, counter, key, answer):
    assert generator(words(counter), words(key)) == words(answer)


def test_fewer_rounds_fail_the_known_answers():
    counter, key, answer = map(words, KNOWN[2])
    assert naive.philox(counter, key, rounds=9) != answer


word = st.integers(0, 2**32 - 1)


@given(st.tuples(word, word, word, word), st.tuples(word, word))
def test_the_kernel_is_its_twin(counter, key):
    assert kernel(counter, key) == naive.philox(counter, key)


@pytest.mark.parametrize("seed", [0, 1, 2**32, 0x123456789ABCDEF, 2**63 - 1])
def test_draws_are_philox_of_the_counter_layout(seed):
    for stream, step, pair in itertools.product(STREAMS, STEPS, PAIRS):
        expected = [naive.draw(path, stream, step, pair, seed) for path in PATHS]
        np.testing.assert_array_equal(bits(PATHS, stream, step, pair, seed).T, np.array(expected, dtype=np.uint64))


def test_the_layout_is_path_stream_step_pair():
    assert naive.counter(0x12_3456_89AB_CDEF, 2, 7, 9) == (0x89ABCDEF, 0x02_123456, 7, 9)


def test_streams_have_different_numbers_of_eight_bits():
    assert sorted(STREAMS) == sorted({*STREAMS})
    assert max(STREAMS) < 2**8


def test_no_two_draws_share_a_counter_or_bits():
    names = list(itertools.product(PATHS, STREAMS, STEPS, PAIRS))
    assert len({naive.counter(*name) for name in names}) == len(names)
    drawn = [bits(PATHS, *rest, 42) for rest in itertools.product(STREAMS, STEPS, PAIRS)]
    together = np.concatenate(drawn, axis=1)
    assert len(np.unique(together, axis=1).T) == len(names)
    assert len(np.unique(together)) == 2 * len(names)


def test_paths_beyond_32_bits_differ_from_those_below():
    low = np.arange(100)
    rows = [bits(low + high, 0, 0, 0, 1)[0] for high in (0, 2**32, 2**33, 2**55)]
    assert len(np.unique(np.concatenate(rows))) == 400


def test_a_path_beyond_32_bits_is_replayed():
    case, plan = three_assets(), Plan(2**56, 1.0, 1, (0.95,))
    paths = [3, 2**32 + 3, 2**56 - 1]
    got = simcore.replay(case, plan, paths).losses["pool"]
    np.testing.assert_allclose(got, [naive.losses(case, plan, path)["pool"] for path in paths], rtol=1e-12)


@pytest.mark.parametrize(
    ("field", "largest"), [("paths", 2**56), ("steps", 2**20), ("seed", 2**63 - 1)], ids=["paths", "steps", "seed"]
)
def test_what_would_overflow_a_field_is_refused(field, largest):
    good = {"paths": 1000, "horizon": 1.0, "seed": 1, "confidences": (0.95,)}
    assert getattr(Plan(**{**good, field: largest}), field) == largest
    with pytest.raises(InputError, match=rf"Plan\.{field} = {largest + 1}\n    allowed: .* to {largest}"):
        Plan(**{**good, field: largest + 1})


def test_changing_any_field_changes_the_bits():
    """Every bit of seed, path, step and pair reaches the draw."""
    base = bits([0], 0, 0, 0, 0)[0, 0]
    others = [bits([2**k], 0, 0, 0, 0)[0, 0] for k in range(56)]
    others += [bits([0], 0, 2**k, 0, 0)[0, 0] for k in range(20)]
    others += [bits([0], 0, 0, 2**k, 0)[0, 0] for k in range(31)]
    others += [bits([0], 0, 0, 0, 2**k)[0, 0] for k in range(63)]
    others += [bits([0], stream, 0, 0, 0)[0, 0] for stream in STREAMS[1:]]
    assert len({int(b) for b in [base, *others]}) == 1 + len(others)
