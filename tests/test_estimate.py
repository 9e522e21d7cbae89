"""Estimates of a Summary: values against the plain measures, errors against closed forms and an obvious twin."""

import math
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats
from summaries import summarise

from analysis import estimate, measures
from analysis.estimate import Estimate, benefit, delta_method, difference, total
from analysis.figures import estimate_of, estimates_of
from simcore.errors import InputError
from simcore.summary import merge

CONFIDENCES = (0.75, 0.95, 0.99)
FIGURES = [("mean", None), ("volatility", None)]
FIGURES += [(measure, c) for measure in ("value_at_risk", "expected_shortfall") for c in CONFIDENCES]
LAST_FIGURE = ("expected_shortfall", 0.95)


def plain(losses, measure, confidence):
    function = getattr(measures, measure)
    return function(losses) if confidence is None else function(losses, confidence)


def influence(losses, measure, confidence):
    """The influence function at every loss, as the definitions have it."""
    value = plain(losses, measure, confidence)
    if measure == "mean":
        return losses - value
    if measure == "volatility":
        return ((losses - np.mean(losses)) ** 2 - value**2) / (2 * value)
    threshold = measures.value_at_risk(losses, confidence)
    if measure == "expected_shortfall":
        return threshold + np.maximum(losses - threshold, 0) / (1 - confidence) - value
    n, ordered = len(losses), np.sort(losses)
    k = int(np.flatnonzero(ordered == threshold)[0]) + 1
    w = max(1, math.ceil(1.96 * math.sqrt(n * confidence * (1 - confidence))))
    low, high = max(1, k - w), min(n, k + w)
    slope = (ordered[high - 1] - ordered[low - 1]) / ((high - low) / n)
    return slope * ((losses > threshold) - np.mean(losses > threshold))


def normals(n, seed=1):
    return np.random.default_rng(seed).standard_normal(n)


@given(
    st.lists(st.integers(-30, 30).map(lambda i: i / 7), min_size=1, max_size=1500),
    st.sampled_from([1, 8, 64, 512]),
    st.booleans(),
)
def test_values_equal_the_plain_measures(losses, batch_paths, keep_all):
    threshold = -math.inf if keep_all else None
    summary = summarise(losses, batch_paths=batch_paths, confidences=CONFIDENCES, threshold=threshold)
    for measure, confidence in FIGURES:
        found = estimate_of(summary, measure, confidence)
        assert found.value == pytest.approx(plain(losses, measure, confidence), rel=1e-12, abs=1e-12)
        assert found.std_error is None or found.std_error >= 0
        assert found.std_error is None or found.low <= found.value <= found.high


@pytest.mark.parametrize(("measure", "confidence"), FIGURES)
def test_errors_equal_the_obvious_ones_with_a_short_last_batch(measure, confidence):
    losses = 5 + 3 * normals(64 * 40 + 17)
    found = estimate_of(summarise(losses, batch_paths=64, confidences=CONFIDENCES), measure, confidence)
    at_each = influence(losses, measure, confidence)
    parts = [at_each[first : first + 64] for first in range(0, len(losses), 64)]
    count, n = len(parts), len(losses)
    assert_allclose(found.batch, [np.mean(part) for part in parts], rtol=1e-9, atol=1e-10)
    variance = count / (count - 1) * sum((len(part) / n * np.mean(part)) ** 2 for part in parts)
    assert found.std_error == pytest.approx(math.sqrt(variance), rel=1e-9)


def closed_form_error(measure, confidence, n):
    """Standard errors for independent standard normal losses."""
    if measure == "mean":
        return 1 / math.sqrt(n)
    if measure == "volatility":
        return 1 / math.sqrt(2 * n)
    q = stats.norm.ppf(confidence)
    tail, density = 1 - confidence, stats.norm.pdf(q)
    if measure == "value_at_risk":
        return math.sqrt(confidence * tail / n) / density
    first, second = density - q * tail, (1 + q * q) * tail - q * density  # E (Z - q)+ and E (Z - q)+^2
    return math.sqrt((second - first**2) / n) / tail


@pytest.mark.parametrize(("measure", "confidence"), FIGURES)
def test_errors_of_independent_normals_are_the_closed_form_ones(measure, confidence):
    n, runs = 2**15, 25
    squares = []
    for seed in range(1, runs + 1):
        summary = summarise(normals(n, seed), batch_paths=n // 256, confidences=CONFIDENCES)
        squares.append(estimate_of(summary, measure, confidence).std_error ** 2)
    ratio = math.sqrt(np.mean(squares)) / closed_form_error(measure, confidence, n)
    # 25 x 255 degrees of freedom know a variance to 1.8 %, so an error to 0.9 %; the rank spacing of VaR adds 2 %.
    assert abs(ratio - 1) < 0.08
    for wrong in (1.25, 0.8):
        assert abs(ratio * wrong - 1) > 0.08  # the negative control


def test_the_interval_uses_t_with_one_less_than_the_batches():
    found = estimate_of(summarise(normals(20 * 64), batch_paths=64), "mean")
    assert found.high - found.value == pytest.approx(2.0930240544 * found.std_error, rel=1e-9)  # tables, 19 dof
    assert found.value - found.low == pytest.approx(found.high - found.value, rel=1e-9)


def test_value_at_risk_has_order_statistics_as_its_interval():
    n = 20_000
    losses = np.random.default_rng(3).permutation(np.arange(1.0, n + 1))
    found = estimate_of(summarise(losses), "value_at_risk", 0.95)
    width = math.ceil(1.96 * math.sqrt(n * 0.95 * 0.05))
    assert (found.value, found.low, found.high) == (19_000, 19_000 - width, 19_000 + width)
    assert found.std_error == pytest.approx(math.sqrt(n * 0.95 * 0.05), rel=0.4)  # density 1 / n; 40 batches


def test_rank_spacing_is_cut_at_the_end_of_the_sample():
    losses = np.arange(1.0, 201.0)
    found = estimate_of(summarise(losses, batch_paths=8), "value_at_risk", 0.99)
    assert (found.low, found.value, found.high) == (195, 198, 200)


def test_an_atom_leaves_value_at_risk_without_error():
    losses = np.where(np.arange(20_000) % 10 == 0, 7.0, 0.0)
    found = estimate_of(summarise(losses), "value_at_risk", 0.95)
    assert (found.value, found.std_error, found.low, found.high) == (7, 0, 7, 7)


@pytest.mark.parametrize(("measure", "confidence"), FIGURES)
def test_riskless_losses_have_figures_and_no_error(measure, confidence):
    found = estimate_of(summarise(np.full(20_480, 0.1), confidences=CONFIDENCES), measure, confidence)
    expected = 0.0 if measure == "volatility" else 0.1
    assert (found.value, found.std_error, found.low, found.high) == (expected, 0, expected, expected)


@pytest.mark.parametrize(("measure", "confidence"), FIGURES)
def test_below_twenty_batches_there_is_no_error(measure, confidence):
    losses = normals(20 * 512)
    enough = estimate_of(summarise(losses, confidences=CONFIDENCES), measure, confidence)
    few = estimate_of(summarise(losses[:-512], confidences=CONFIDENCES), measure, confidence)
    assert enough.std_error > 0
    assert (few.std_error, few.low, few.high, few.batch) == (None, None, None, None)
    assert few.value == pytest.approx(plain(losses[:-512], measure, confidence))
    assert "19 of at least 20 batches" in few.note
    assert estimate.join_notes(few.note, few.note) == few.note


def test_few_losses_in_the_tail_are_noted():
    assert estimate_of(summarise(normals(2000), batch_paths=64), "expected_shortfall", 0.95).note == ""
    for measure in ("value_at_risk", "expected_shortfall"):
        found = estimate_of(summarise(normals(1999), batch_paths=64), measure, 0.95)
        assert "only 99.95 losses in the tail" in found.note


def test_a_confidence_below_the_runs_is_refused():
    with pytest.raises(InputError, match=r"Plan\.confidences"):
        estimate_of(summarise(normals(20_000)), "value_at_risk", 0.9)
    with pytest.raises(InputError, match=r"write 0\.99"):
        estimate_of(summarise(normals(20_000)), "expected_shortfall", 99)


def sample():
    """Two nodes of one run, and their pool."""
    first, second = normals(64 * 200, 5), normals(64 * 200, 6)
    second = 2 + 0.6 * first + 0.8 * second
    return first, second, first + second


def figure(losses, measure="volatility", confidence=None):
    return estimate_of(summarise(losses, batch_paths=64), measure, confidence)


@pytest.mark.parametrize(("measure", "confidence"), [("volatility", None), ("value_at_risk", 0.95), LAST_FIGURE])
def test_gradients_agree_with_finite_differences(measure, confidence):
    first, second, pool = (figure(losses, measure, confidence) for losses in sample())
    step = 1e-6
    moved = [e.value + step * e.batch for e in (pool, first, second)]
    unpooled = total([first, second])
    assert_allclose(unpooled.batch, (moved[1] + moved[2] - unpooled.value) / step, atol=1e-6)
    gap = difference(pool, first)
    assert_allclose(gap.batch, (moved[0] - moved[1] - gap.value) / step, atol=1e-6)
    found = benefit(pool, unpooled)
    assert_allclose(found.batch, (1 - moved[0] / (moved[1] + moved[2]) - found.value) / step, atol=1e-5)
    assert found.value == 1 - pool.value / (first.value + second.value)


def test_a_benefit_has_the_error_of_the_jackknife_over_batches():
    first, second, pool = sample()

    def of(keep):
        return 1 - np.std(pool[keep]) / (np.std(first[keep]) + np.std(second[keep]))

    batch = np.arange(len(pool)) // 64
    left_out = np.array([of(batch != b) for b in range(200)])
    jackknife = math.sqrt(199 / 200 * np.sum((left_out - left_out.mean()) ** 2))
    found = benefit(figure(pool), total([figure(first), figure(second)]))
    assert found.std_error == pytest.approx(jackknife, rel=0.02)
    unpaired = math.hypot(figure(pool).std_error / figure(pool).value, figure(first).std_error / figure(first).value)
    assert found.std_error < unpaired / 2  # the negative control: errors that are not paired are far larger


def test_the_difference_of_an_estimate_and_itself_is_exactly_0():
    one = figure(sample()[0])
    same = difference(one, one)
    assert (same.value, same.std_error) == (0, 0)


def test_what_is_made_of_something_empty_is_empty():
    one, empty = figure(sample()[0]), Estimate(None, note="does not exist")
    for made in (total([one, empty]), difference(empty, one), benefit(empty, one), benefit(one, empty)):
        assert (made.value, made.std_error, made.low, made.high) == (None, None, None, None)
        assert made.note == "does not exist"


def test_what_is_made_of_something_without_error_has_none_and_keeps_every_note_once():
    one = figure(sample()[0])
    bare = one.without_error("no error")
    for made in (total([one, bare, bare]), difference(bare, one), benefit(one, bare)):
        assert made.value is not None
        assert (made.std_error, made.low, made.high, made.note) == (None, None, None, "no error")


@pytest.mark.parametrize(("level", "exists"), [(0.001, False), (-1.0, False), (1.0, True)])
def test_no_benefit_where_the_interval_of_unpooled_reaches_0(level, exists):
    losses = level + normals(64 * 200, 7) - np.mean(normals(64 * 200, 7))
    one = figure(losses, "mean")
    assert (one.low > 0) == exists
    found = benefit(one, total([one, one]))
    assert (found.value is not None) == exists
    assert ("reaches 0" in found.note) != exists


def test_a_benefit_of_riskless_nodes_does_not_exist():
    nothing = figure(np.zeros(64 * 200))
    assert benefit(nothing, total([nothing, nothing])).value is None


def test_estimates_of_different_runs_do_not_combine():
    with pytest.raises(ValueError, match="different runs"):
        total([figure(normals(64 * 40)), figure(normals(64 * 41))])
    with pytest.raises(ValueError, match="argument"):
        delta_method(0.0, [1.0], [figure(normals(64 * 40))] * 2)


def test_a_merged_summary_gives_the_same_bits():
    losses = normals(64 * 40)
    whole = summarise(losses, batch_paths=64)
    again = merge([merge([whole])])
    for measure, confidence in [*FIGURES[:2], ("value_at_risk", 0.95), LAST_FIGURE]:
        one, two = estimate_of(whole, measure, confidence), estimate_of(again, measure, confidence)
        assert (one.value, one.std_error, one.low, one.high) == (two.value, two.std_error, two.low, two.high)


def test_estimates_are_frozen():
    with pytest.raises(FrozenInstanceError):
        figure(normals(64 * 40)).value = 1.0


def test_a_part_of_the_batches_does_not_guess_beyond_its_tail():
    """Fewer losses are known than the run asked for: a rank beyond them is refused, and never the threshold."""
    whole = summarise(normals(64 * 100), batch_paths=64, confidences=(0.75,), threshold=0.7)
    half = np.arange(50)
    inside = whole.tail.paths < 64 * 50
    tail = replace(whole.tail, values=whole.tail.values[inside], paths=whole.tail.paths[inside], ties=np.zeros(50, int))
    columns = {name: getattr(whole, name)[half] for name in ("batch", "count", "deviation", "square")}
    part = replace(whole, tail=tail, **columns)
    assert len(tail.values) < tail.depth
    assert estimate_of(part, "value_at_risk", 0.95).value is not None
    with pytest.raises(InputError, match="worst losses that are known"):
        estimate_of(part, "value_at_risk", 0.60)
    with pytest.raises(IndexError, match="that are known"):
        tail.loss_at(len(tail.values) + 1)


def test_one_path_has_no_error():
    found = estimate_of(summarise([3.0]), "volatility")
    assert (found.value, found.std_error, found.low) == (0.0, None, None)
    assert "no standard error" in found.note


def test_what_has_no_risk_needs_no_batches():
    count = np.array([100, 100])
    found = total([estimate.riskless(1.0, count), estimate.riskless(2.0, count)])
    assert (found.value, found.std_error, found.low, found.high) == (3.0, 0.0, 3.0, 3.0)


@pytest.mark.parametrize(("measure", "confidence"), FIGURES)
def test_many_at_once_are_each_alone(measure, confidence):
    """Riskless, few in the tail, tied: what is done for one row of batches must not reach the next."""
    samples = [normals(20_000, seed) for seed in (1, 2)] + [np.full(20_000, 0.1), np.round(normals(20_000, 3))]
    summaries = [summarise(losses, confidences=CONFIDENCES) for losses in samples]
    for summary, found in zip(summaries, estimates_of(summaries, measure, confidence), strict=True):
        alone = estimate_of(summary, measure, confidence)
        cells = [(e.value, e.std_error, e.low, e.high, e.note, e.batch.tolist()) for e in (found, alone)]
        assert cells[0] == cells[1]


def test_summaries_of_different_runs_are_refused():
    summaries = [summarise(normals(n), batch_paths=512) for n in (20_000, 20_001)]
    with pytest.raises(InputError, match="different runs"):
        estimates_of(summaries, "mean")
