"""Sums by the fixed tree, tails in order, merging in any order, and the first batches against shorter runs."""

import itertools
from dataclasses import replace

import models
import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from summaries import summarise

import analysis
import simcore
from analysis.figures import estimate_of
from simcore import InputError
from simcore.summary import Summary, Tail, first_batches, knows, merge, tree_sum

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


@pytest.mark.parametrize("batches", [1, 20, 77, 255, 256])
@pytest.mark.parametrize("law", [{}, {"dof": 4.0}], ids=["normal", "t"])
def test_the_first_batches_have_the_bits_of_a_shorter_run(law, batches):
    case, confidence = models.deep_tree(**law), 0.99
    whole = simcore.simulate([case], models.plan(512 * 256))[case.name]
    shorter = simcore.simulate([case], models.plan(512 * batches, confidences=(confidence,)))[case.name]
    for node in case.pools.names:
        part, real = first_batches(whole[node], batches, confidence), shorter[node]
        assert (part.batch_paths, part.tail.depth) == (real.batch_paths, real.tail.depth)
        for name in ("batch", "count", "center", "deviation", "square"):
            assert models.bits(getattr(part, name)).tolist() == models.bits(getattr(real, name)).tolist()
        assert knows(part, confidence)
        assert part.tail.enough or batches == 1
        assert (
            models.bits(part.tail.values).tolist() == models.bits(real.tail.values[-len(part.tail.values) :]).tolist()
        )
        assert part.tail.paths.tolist() == real.tail.paths[-len(part.tail.paths) :].tolist()
        for measure in ("value_at_risk", "expected_shortfall"):
            cut, exact = (estimate_of(summary, measure, confidence) for summary in (part, real))
            for end in ("value", "std_error", "low", "high"):
                assert getattr(cut, end) == getattr(exact, end)


@given(
    st.integers(1, 12),
    st.sampled_from([0.6, 0.9, 0.95, 0.99]),
    st.sampled_from([1, 4, 40]),
    st.sampled_from(["all", 0.0, 1.0]),
    st.integers(0, 20),
)
def test_what_it_knows_is_right_and_what_it_does_not_know_it_says(batches, confidence, levels, kept, seed):
    """Losses of few levels: equal ones at the threshold, at the least loss kept, and at VaR."""
    losses = np.random.default_rng(seed).integers(0, levels, size=64 * 12 - 5).astype(float)
    threshold = losses.min() - kept if kept != "all" else None
    whole = summarise(losses, batch_paths=64, confidences=(0.9,), threshold=threshold)
    first = losses[: 64 * batches]
    part = first_batches(whole, batches, confidence)
    assert part.paths == len(first)
    if knows(part, confidence):
        for measure, of in (
            ("value_at_risk", analysis.value_at_risk),
            ("expected_shortfall", analysis.expected_shortfall),
        ):
            assert estimate_of(part, measure, confidence).value == pytest.approx(of(first, confidence), rel=1e-12)
    else:
        with pytest.raises(InputError, match="are enough"):
            estimate_of(part, "expected_shortfall", confidence)
    assert knows(part, confidence) or batches < 12 or confidence < 0.9


def test_ties_of_losses_that_were_not_kept_are_not_counted():
    """Of the losses equal to the threshold none is known to be among the worst where the tail was cut above it."""
    losses = np.concatenate([np.zeros(320), np.arange(320.0), np.full(640, 1000.0)])
    whole = summarise(losses, batch_paths=64, confidences=(0.9,), threshold=0.0)
    assert whole.tail.ties.sum() == 321
    assert not knows(first_batches(whole, 10, 0.9), 0.9)  # all that was kept lies in the later half
