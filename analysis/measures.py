"""Risk measures of a plain array of equally likely losses; positive is a loss.

They refuse what is no sample of losses (empty, not finite, not one-dimensional) and what is no confidence.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.border import as_numbers
from simcore.confidence import confidence_remedy, quantile_rank, tail_size
from simcore.errors import InputError, Problem, raise_if_any, show
from simcore.summary import tree_sum

Floats = NDArray[np.float64]


def mean(losses: ArrayLike) -> float:
    """The mean loss.

    Parameters
    ----------
    losses : array_like, shape (n,), currency

    Returns
    -------
    float, currency

    Raises
    ------
    InputError
        When `losses` is empty, not finite or not one-dimensional.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    sample = _checked(losses)
    return tree_sum(sample) / len(sample)


def volatility(losses: ArrayLike) -> float:
    """The standard deviation of the loss, dividing by n.

    Parameters
    ----------
    losses : array_like, shape (n,), currency

    Returns
    -------
    float, currency

    Raises
    ------
    InputError
        When `losses` is empty, not finite or not one-dimensional.

    >>> volatility([1.0, 3.0])
    1.0
    """
    sample = _checked(losses)
    deviation = sample - tree_sum(sample) / len(sample)
    return math.sqrt(tree_sum(deviation * deviation) / len(sample))


def value_at_risk(losses: ArrayLike, confidence: float) -> float:
    """The smallest loss x with F(x) >= confidence.

    Parameters
    ----------
    losses : array_like, shape (n,), currency
    confidence : float
        In (0.5, 1).

    Returns
    -------
    float, currency

    Raises
    ------
    InputError
        When `losses` is no sample or `confidence` no confidence.

    Notes
    -----
    The k-th smallest loss, k = ceil(confidence n), computed from the decimal that was written.

    >>> [value_at_risk(range(1, 1001), c) for c in (0.90, 0.95, 0.975, 0.99)]
    [900.0, 950.0, 975.0, 990.0]
    """
    sample = _checked(losses, confidence)
    rank = quantile_rank(confidence, len(sample)) - 1
    return float(np.partition(sample, rank)[rank])


def expected_shortfall(losses: ArrayLike, confidence: float) -> float:
    """The average of the worst (1 - confidence) of the probability.

    Parameters
    ----------
    losses : array_like, shape (n,), currency
    confidence : float
        In (0.5, 1).

    Returns
    -------
    float, currency

    Raises
    ------
    InputError
        When `losses` is no sample or `confidence` no confidence.

    Notes
    -----
    ES = VaR + sum (L - VaR)+ / ((1 - confidence) n): the atom at VaR counts by the fraction that fits.
    Acerbi and Tasche, "On the coherence of expected shortfall", 2002. Subadditive on every sample.

    >>> expected_shortfall(range(1, 101), 0.975)
    99.2
    """
    sample = _checked(losses, confidence)
    rank = quantile_rank(confidence, len(sample)) - 1
    ordered = np.partition(sample, rank)
    threshold = float(ordered[rank])
    excess = np.sort(ordered[rank:]) - threshold  # sorted: the sum does not depend on the order of the losses
    return threshold + tree_sum(excess) / tail_size(confidence, len(sample))


def check_confidence(confidence: object) -> list[Problem]:
    """What is wrong with a `confidence`; empty when nothing is."""
    remedy = confidence_remedy(confidence)
    return [Problem("confidence", show(confidence), "a number strictly between 0.5 and 1", remedy)] if remedy else []


def _checked(losses: ArrayLike, *confidence: float) -> Floats:
    problems = [problem for value in confidence for problem in check_confidence(value)]
    try:
        sample = as_numbers(losses, "losses")
    except InputError as error:
        raise InputError([*error.problems, *problems]) from None
    if sample.ndim != 1 or sample.size == 0:
        allowed, remedy = "a one-dimensional array of at least one loss", "give one loss per path"
        problems.insert(0, Problem("losses", f"an array of shape {sample.shape}", allowed, remedy))
    elif not np.isfinite(sample).all():
        first = int(np.flatnonzero(~np.isfinite(sample))[0])
        remedy = "find out where it comes from; dropping it would change every figure"
        problems.insert(0, Problem(f"losses[{first}]", show(sample[first]), "finite numbers", remedy))
    raise_if_any(problems)
    return sample
