"""Sums by the fixed tree, tails in order, and merging in any order."""

import itertools
from dataclasses import replace

import models
import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from summaries import summarise

import simcore
from simcore import InputError
from simcore.summary import Summary, Tail, merge, tree_sum

LOSSES = np.random.default_rng(1).normal(size=512 * 11 + 100)


@given(st.lists(st.floats(-1e9, 1e9), max_size=70))
def test_tree_sum_is_the_tree_over_aligned_ranges_bit_for_bit(values):
    np.testing.assert_array_equal(models.bits(tree_sum(np.array(values))), models.bits(naive.binary_tree_sum(values)))


def test_a_running_sum_has_other_bits():
    assert tree_sum(LOSSES) != np.add.accumulate(LOSSES)[-1]
    assert tree_sum(LOSSES) == pytest.approx(LOSSES.sum(), abs=1e-11)


@given(st.integers(1, 200), st.integers(0, 7))
def test_aligned_ranges_sum_to_the_whole(n, level):
    """Cut at any power of two, the sum of the sums has the same bits: so engines may cut there."""
    values, size = LOSSES[:n], 2**level
    parts = [tree_sum(values[first : first + size]) for first in range(0, n, size)]
    assert tree_sum(np.array(parts)) == tree_sum(values)


def split(summary, cuts):
    """The summaries of ranges of batches, as ranges give them."""
    parts = []
    for first, last in itertools.pairwise([0, *cuts, len(summary.batch)]):
        inside = (summary.tail.paths // summary.batch_paths >= first) & (
            summary.tail.paths // summary.batch_paths < last
        )
        tail = summary.tail
        part = Tail(tail.values[inside], tail.paths[inside], tail.threshold, tail.ties[first:last], tail.depth)
        arrays = {name: getattr(summary, name)[first:last] for name in ("batch", "count", "deviation", "square")}
        parts.append(replace(summary, **arrays, tail=part))
    return parts


@given(st.permutations(range(4)))
def test_merging_does_not_depend_on_the_order(order):
    whole = summarise(LOSSES)
    parts = split(whole, (1, 4, 9))
    merged = merge([parts[i] for i in order])
    assert models.summary_bytes(merged) == models.summary_bytes(whole)


def test_merging_in_steps_is_merging_at_once():
    whole = summarise(LOSSES)
    a, b, c, d = split(whole, (2, 4, 8))
    assert models.summary_bytes(merge([merge([c, a]), merge([d, b])])) == models.summary_bytes(whole)


def test_a_batch_is_merged_once():
    a, b, c = split(summarise(LOSSES), (2, 4))
    with pytest.raises(InputError, match="two parts that hold the same batch"):
        merge([a, b, c, b])


@pytest.mark.parametrize("parts", [[], [1], "ab", None])
def test_only_summaries_are_merged(parts):
    with pytest.raises(InputError, match="parts"):
        merge(parts)


@pytest.mark.parametrize("change", [{"center": 0.5}, {"batch_paths": 1024}])
def test_parts_of_different_runs_are_refused(change):
    a, b = split(summarise(LOSSES), (2,))
    with pytest.raises(InputError, match="parts of different runs"):
        merge([a, replace(b, **change)])


@pytest.mark.parametrize("change", [{"threshold": 0.5}, {"depth": 1}])
def test_tails_of_different_runs_are_refused(change):
    a, b = split(summarise(LOSSES), (2,))
    with pytest.raises(InputError, match="parts of different runs"):
        merge([a, replace(b, tail=replace(b.tail, **change))])


def test_counts_by_batch_of_a_part():
    """Of the batches 2 to 3 alone: each path counts in its own batch."""
    whole = summarise(LOSSES)
    part = split(whole, (2, 4))[1]
    level = float(np.quantile(LOSSES, 0.97))
    assert part.batch.tolist() == [2, 3]
    assert part.batch_counts_above(level).tolist() == whole.batch_counts_above(level)[2:4].tolist()
    assert part.batch_excess_above(level).tolist() == whole.batch_excess_above(level)[2:4].tolist()
    assert part.batch_counts_above(level).sum() > 0


def test_moments_are_those_of_the_losses():
    summary = summarise(LOSSES)
    assert summary.paths == LOSSES.size
    assert summary.mean == pytest.approx(LOSSES.mean(), abs=1e-12)
    assert summary.m2 == pytest.approx(LOSSES.var() * LOSSES.size, rel=1e-12)


def test_rounding_never_makes_a_sum_of_squares_negative():
    deviation, square = np.array([0.3]), np.array([0.03 * (1.0 - 1e-15)])
    summary = Summary(512, np.arange(1), np.array([3]), 1.0, deviation, square, tail([], [], depth=0))
    assert summary.square[0] < summary.deviation[0] ** 2 / 3
    assert summary.m2 == 0.0


def tail(values, paths, *, depth, threshold=0.0, ties=(0,)):
    return Tail(np.array(values, dtype=float), np.array(paths), threshold, np.array(ties), depth)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=40), st.integers(1, 45))
def test_the_tail_is_ordered_by_value_then_path(losses, depth):
    """And cut to its depth, ties at the cut by path; whatever order it came in."""
    values, paths = naive.tail(losses, depth)
    shuffled = np.random.default_rng(len(losses)).permutation(len(losses))
    got = tail(np.array(losses)[shuffled], shuffled, depth=depth).cut()
    assert got.values.tolist() == values
    assert got.paths.tolist() == paths


def test_losses_at_ranks_reach_through_the_ties():
    kept = tail([2.0, 3.0, 5.0], [7, 1, 4], depth=5, threshold=1.0, ties=(1, 0, 2))
    assert kept.enough
    assert [kept.loss_at(rank) for rank in range(1, 6)] == [5.0, 3.0, 2.0, 1.0, 1.0]
    for rank in (0, 6):
        with pytest.raises(IndexError, match=f"rank {rank} is outside the 5 worst losses"):
            kept.loss_at(rank)


def test_too_few_are_not_enough():
    assert not tail([2.0, 3.0], [0, 1], depth=4, ties=(1,)).enough
    assert tail([2.0, 3.0], [0, 1], depth=4, ties=(1, 1)).enough


def test_counts_and_excesses_above_are_by_batch():
    summary = summarise(LOSSES, confidences=(0.9,))
    loss = float(np.sort(LOSSES)[-200])
    batches = [LOSSES[first : first + 512] for first in range(0, LOSSES.size, 512)]
    np.testing.assert_array_equal(summary.batch_counts_above(loss), [np.sum(b > loss) for b in batches])
    excess = [np.maximum(b - loss, 0.0).sum() for b in batches]
    np.testing.assert_allclose(summary.batch_excess_above(loss), excess, rtol=1e-13)


def test_a_runs_summary_is_the_obvious_one():
    """Of the losses that the run itself kept: counts, moments by batch, and the tail bit for bit."""
    case, plan = models.deep_tree(), models.plan(40_000, outputs=("losses",))
    run = simcore.simulate([case], plan)
    for node, summary in run["base"].items():
        losses = run.outputs["base"].losses[node]
        threshold = summary.tail.threshold
        expected = summarise(losses, batch_paths=summary.batch_paths, threshold=threshold, confidences=plan.confidences)
        np.testing.assert_array_equal(summary.count, expected.count)
        np.testing.assert_array_equal(summary.tail.values, expected.tail.values)
        np.testing.assert_array_equal(summary.tail.paths, expected.tail.paths)
        np.testing.assert_array_equal(summary.tail.ties, expected.tail.ties)
        assert summary.tail.depth == expected.tail.depth
        assert summary.mean == pytest.approx(losses.mean(), abs=1e-12 * losses.std())
        assert summary.m2 == pytest.approx(losses.var() * losses.size, rel=1e-12)


def test_batch_sums_are_the_trees_of_their_blocks_bit_for_bit():
    case, plan = models.equal_pool(2), models.plan(512 * 520 + 77, outputs=("losses",))  # four blocks a batch
    run = simcore.simulate([case], plan)
    summary, losses = run["base"]["pool"], run.outputs["base"].losses["pool"]
    assert summary.batch_paths == 4 * 512
    for b in (0, 1, 129, 130):
        whole = losses[b * 2048 : (b + 1) * 2048]
        blocks = [whole[first : first + 512] for first in range(0, len(whole), 512)]
        sums = [naive.moments([*block, *[0.0] * (512 - len(block))], summary.center, len(block)) for block in blocks]
        deviation, square = (naive.binary_tree_sum(part) for part in zip(*sums, strict=True))
        assert (summary.deviation[b], summary.square[b]) == (deviation, square)
