"""Statistical checks as numbers: how many standard errors an estimate lies from the truth.

Functions, not assertions, so that a deliberately wrong variant can be shown to fail the very same check.
"""

import math

import numpy as np

LIMIT = 5.85  # standard errors: a suite of 200 checks raises one false alarm in a million runs


def errors_away(value, truth, paths):
    """Closed-form standard errors between an estimate and the truth."""
    return float(abs(value - truth.value) / truth.std_error(paths))


def error_ratio(estimate, truth, paths):
    """The estimated standard error over the one of the closed form."""
    return estimate.std_error / truth.std_error(paths)


def assert_right(estimate, truth, paths):
    """The estimate is within 5.85 standard errors, and its own standard error within 20 %."""
    assert errors_away(estimate.value, truth, paths) <= LIMIT
    assert abs(error_ratio(estimate, truth, paths) - 1.0) <= 0.2


def sample_errors_away(sample, cdf, points):
    """The most standard errors between a sample's distribution function and the exact one, over `points`."""
    seen = np.searchsorted(np.sort(sample), points, side="right") / len(sample)
    exact = cdf(points)
    return float(np.max(np.abs(seen - exact) / np.sqrt(exact * (1.0 - exact) / len(sample))))


def correlation_errors_away(first, second):
    """Standard errors between the correlation of two samples and 0, were they independent."""
    return abs(float(np.corrcoef(first, second)[0, 1])) * math.sqrt(len(first))
