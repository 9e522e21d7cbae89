"""Risk measures of plain arrays: exact integers first, then an obvious second implementation, then relations."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import analysis
from analysis.measures import expected_shortfall, mean, value_at_risk, volatility
from simcore.errors import InputError

CONFIDENCES = st.sampled_from([0.51, 0.6, 0.75, 0.9, 0.95, 0.975, 0.99, 0.999])
LOSSES = st.lists(st.integers(-1000, 1000).map(float), min_size=1, max_size=300)


def exact_var(losses, confidence):
    """The smallest loss x with F(x) >= confidence, by counting."""
    c = Fraction(str(confidence))
    return min(x for x in losses if Fraction(sum(y <= x for y in losses), len(losses)) >= c)


def exact_es(losses, confidence):
    """The average of the worst (1 - confidence) of the probability, loss by loss."""
    room = total = (1 - Fraction(str(confidence))) * len(losses)
    area = Fraction(0)
    for loss in sorted(losses, reverse=True):
        taken = min(room, 1)
        area += taken * Fraction(loss)
        room -= taken
    return float(area / total)


def off_by_one_var(losses, confidence):
    return float(np.sort(losses)[int(confidence * len(losses))])


def interpolated_var(losses, confidence):
    return float(np.quantile(losses, confidence))


def naive_es(losses, confidence):
    losses = np.asarray(losses, dtype=float)
    return float(losses[losses >= value_at_risk(losses, confidence)].mean())


def check_var(function):
    losses = np.arange(1, 1001)
    assert [function(losses, c) for c in (0.90, 0.95, 0.975, 0.99)] == [900, 950, 975, 990]


def check_es(function):
    assert function(np.arange(1, 101), 0.975) == pytest.approx(99.2, rel=1e-15)
    assert function([0.0] * 97 + [10.0] * 3, 0.95) == pytest.approx(6.0, rel=1e-15)
    assert function([0.0] * 90 + [10.0] * 10, 0.95) == 10.0


def test_value_at_risk_at_exact_integers():
    check_var(value_at_risk)


def test_expected_shortfall_at_exact_integers_and_atoms():
    check_es(expected_shortfall)


@pytest.mark.parametrize("wrong", [off_by_one_var, interpolated_var])
def test_negative_control_wrong_quantiles_fail(wrong):
    with pytest.raises(AssertionError):
        check_var(wrong)


def test_negative_control_naive_expected_shortfall_fails():
    with pytest.raises(AssertionError):
        check_es(naive_es)


def test_value_at_risk_takes_the_whole_atom():
    assert value_at_risk([0.0] * 95 + [7.0] * 5, 0.95) == 0.0
    assert value_at_risk([0.0] * 94 + [7.0] * 6, 0.95) == 7.0


@given(LOSSES, CONFIDENCES)
def test_tail_measures_equal_the_obvious_ones(losses, confidence):
    assert value_at_risk(losses, confidence) == exact_var(losses, confidence)
    assert_allclose(expected_shortfall(losses, confidence), exact_es(losses, confidence), rtol=1e-12, atol=1e-10)


@given(LOSSES)
def test_moments_equal_the_obvious_ones(losses):
    assert_allclose(mean(losses), np.mean(losses), rtol=1e-12, atol=1e-10)
    assert_allclose(volatility(losses), np.std(losses), rtol=1e-12, atol=1e-10)


def test_volatility_divides_by_n():
    assert volatility([1.0, 3.0]) == 1.0


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=1, max_size=200), CONFIDENCES)
def test_expected_shortfall_is_subadditive_on_every_sample(pairs, confidence):
    first, second = np.array(pairs, dtype=float).T
    together = expected_shortfall(first + second, confidence)
    assert together <= expected_shortfall(first, confidence) + expected_shortfall(second, confidence) + 1e-10


def test_negative_control_value_at_risk_is_not_subadditive():
    first, second = np.zeros(100), np.zeros(100)
    first[:4], second[4:8] = 100.0, 100.0
    assert value_at_risk(first + second, 0.95) > value_at_risk(first, 0.95) + value_at_risk(second, 0.95)


def test_tail_measures_do_not_depend_on_the_order_of_losses():
    random = np.random.default_rng(4)
    losses = np.exp(4 * random.standard_normal(50_000))
    expected = value_at_risk(losses, 0.75), expected_shortfall(losses, 0.75)
    for _ in range(5):
        random.shuffle(losses)
        assert (value_at_risk(losses, 0.75), expected_shortfall(losses, 0.75)) == expected  # bit for bit


@pytest.mark.parametrize("measure", [mean, volatility])
@pytest.mark.parametrize(
    ("losses", "message"),
    [
        ([], r"shape \(0,\)"),
        ([[1.0, 2.0]], r"shape \(1, 2\)"),
        (3.0, r"shape \(\)"),
        ([1.0, float("nan")], r"losses\[1\] = nan"),
        ([float("inf")], r"losses\[0\] = inf"),
        (["a lot"], "array of numbers"),
    ],
)
def test_no_sample_is_refused(measure, losses, message):
    with pytest.raises(InputError, match=message):
        measure(losses)


@pytest.mark.parametrize("measure", [value_at_risk, expected_shortfall])
@pytest.mark.parametrize(
    ("confidence", "remedy"),
    [(99, r"write 0\.99"), (1.0, "strictly between"), (0.01, r"write 0\.99"), (float("nan"), "write a number")],
)
def test_no_confidence_is_refused_with_the_remedy(measure, confidence, remedy):
    with pytest.raises(InputError, match=remedy):
        measure([1.0, 2.0], confidence)


def test_everything_wrong_is_said_at_once():
    with pytest.raises(InputError, match="losses") as caught:
        value_at_risk([], 99)
    assert [problem.place for problem in caught.value.problems] == ["losses", "confidence"]
    with pytest.raises(InputError, match="losses") as caught:
        value_at_risk(["x"], 99)
    assert [problem.place for problem in caught.value.problems] == ["losses", "confidence"]


def test_public_names_are_listed_and_lead_to_something():
    for name in analysis.__all__:
        assert getattr(analysis, name) is not None
    with pytest.raises(AttributeError, match="it has COLUMNS, Estimate"):
        _ = analysis.nothing
    assert callable(analysis.compare)
    assert analysis.value_at_risk is value_at_risk
