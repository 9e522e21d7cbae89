"""Exact laws of losses: each figure, and the standard error that its estimate has by the exact law.

Losses are positive; a Student-t has unit variance; dof None is the normal.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import integrate, optimize, stats


class Truth(NamedTuple):
    """A figure of a law, and the standard deviation of its influence function: the standard error of one path."""

    value: float
    spread: float

    def std_error(self, paths):
        return self.spread / math.sqrt(paths)


def density(x, dof=None):
    """The density of the standardized law."""
    if dof is None:
        return stats.norm.pdf(x)
    unit = math.sqrt((dof - 2.0) / dof)
    return stats.t.pdf(x / unit, dof) / unit


def quantile(confidence, dof=None):
    """The quantile of the standardized law."""
    return stats.norm.ppf(confidence) if dof is None else stats.t.ppf(confidence, dof) * math.sqrt((dof - 2.0) / dof)


def kurtosis(dof=None):
    """The fourth moment of the standardized law."""
    if dof is None:
        return 3.0
    return 3.0 + 6.0 / (dof - 4.0) if dof > 4.0 else math.inf


def tail_moments(x, dof=None):
    """P(X > x), E[X; X > x], E[X^2; X > x] of the standardized law.

    For t the second comes from f'/f, the third from x^2 = (x^2 + dof - 2) - (dof - 2), whose first part
    turns the density into one of two degrees less.
    """
    if dof is None:
        return stats.norm.sf(x), stats.norm.pdf(x), x * stats.norm.pdf(x) + stats.norm.sf(x)
    probability = stats.t.sf(x * math.sqrt(dof / (dof - 2.0)), dof)
    first = (dof - 2.0 + x * x) / (dof - 1.0) * density(x, dof)
    return probability, first, (dof - 1.0) * stats.t.sf(x, dof - 2.0) - (dof - 2.0) * probability


def excess_moments(x, dof=None):
    """E[(X - x)+], E[(X - x)+^2] of the standardized law."""
    p, first, second = tail_moments(x, dof)
    return first - x * p, second - 2.0 * x * first + x * x * p


def linear(location, scale, measure, confidence=None, dof=None):
    """Losses location + scale X: what linear portfolios of normal or t returns have."""
    if measure == "mean":
        return Truth(location, scale)
    if measure == "volatility":
        return Truth(scale, scale * math.sqrt((kurtosis(dof) - 1.0) / 4.0))
    beyond, x = 1.0 - confidence, quantile(confidence, dof)
    if measure == "value_at_risk":
        return Truth(location + scale * x, scale * math.sqrt(confidence * beyond) / density(x, dof))
    first, second = excess_moments(x, dof)
    return Truth(location + scale * (x + first / beyond), scale * math.sqrt(second - first * first) / beyond)


def portfolio(values, drift, scale, correlation, horizon):
    """Mean and standard deviation of the loss of a linear portfolio."""
    weighted = np.asarray(values) * np.asarray(scale)
    mean = -horizon * float(np.dot(values, drift))
    return mean, math.sqrt(horizon * float(weighted @ np.asarray(correlation) @ weighted))


def lognormal(value, drift, scale, measure, confidence=None):
    """Losses value (1 - e^R), R normal with mean `drift` and deviation `scale`; a negative value is short."""
    w, gross = math.exp(scale * scale), math.exp(drift + scale * scale / 2.0)
    deviation = abs(value) * gross * math.sqrt(w - 1.0)
    if measure == "mean":
        return Truth(value * (1.0 - gross), deviation)
    if measure == "volatility":
        return Truth(deviation, deviation * math.sqrt((w**4 + 2.0 * w**3 + 3.0 * w**2 - 4.0) / 4.0))
    beyond, side = 1.0 - confidence, math.copysign(1.0, value)  # the losses of a long are below the quantile
    z = side * stats.norm.ppf(beyond)
    strike = math.exp(drift + scale * z)
    if measure == "value_at_risk":
        slope = abs(value) * scale * strike / stats.norm.pdf(z)
        return Truth(value * (1.0 - strike), slope * math.sqrt(confidence * beyond))
    moment = [math.exp(k * drift + (k * scale) ** 2 / 2.0) * stats.norm.cdf(side * (z - k * scale)) for k in (0, 1, 2)]
    first = value * (strike * moment[0] - moment[1])
    second = value * value * (strike * strike * moment[0] - 2.0 * strike * moment[1] + moment[2])
    spread = math.sqrt(second - first * first) / beyond
    return Truth(value * (1.0 - strike) + first / beyond, spread)


def log_student_t(value, drift, scale, measure, confidence, dof):
    """Losses value (1 - e^R) of a long, R Student-t: VaR by its quantile, ES by quadrature."""
    beyond, x = 1.0 - confidence, -quantile(confidence, dof)
    strike = math.exp(drift + scale * x)
    if measure == "value_at_risk":
        slope = value * scale * strike / density(x, dof)
        return Truth(value * (1.0 - strike), slope * math.sqrt(confidence * beyond))

    def moment(power):
        excess = lambda u: (value * (strike - math.exp(drift + scale * u))) ** power * density(u, dof)  # noqa: E731
        return integrate.quad(excess, -math.inf, x, epsabs=0.0, epsrel=1e-10)[0]

    first, second = moment(1), moment(2)
    return Truth(value * (1.0 - strike) + first / beyond, math.sqrt(second - first * first) / beyond)


def pooling_ratio(correlation, members):
    """Pooled over unpooled for equal, simple, zero-mean, equicorrelated members, whatever the measure."""
    return math.sqrt(correlation + (1.0 - correlation) / members)


def benefit(correlation, members, measure, confidence=None, dof=None):
    """The benefit of that pool: 1 - pooling_ratio.

    A member and the pool have the correlation `pooling_ratio`, so that three covariances of influence functions
    give the standard error of log pooled - log unpooled.
    """
    ratio = pooling_ratio(correlation, members)
    own, pool, other = (_covariance(c, measure, confidence, dof) for c in (1.0, ratio, correlation))
    variance = own - 2.0 * pool + (own + (members - 1.0) * other) / members
    return Truth(1.0 - ratio, ratio * math.sqrt(variance) / linear(0.0, 1.0, measure, confidence, dof).value)


def _covariance(correlation, measure, confidence, dof):
    """Of the influence functions of one measure, of two standardized losses with this correlation."""
    if measure == "volatility":
        return (kurtosis(dof) / 3.0 * (1.0 + 2.0 * correlation**2) - 1.0) / 4.0
    if correlation == 1.0:
        return linear(0.0, 1.0, measure, confidence, dof).spread ** 2
    beyond, x = 1.0 - confidence, quantile(confidence, dof)
    first = excess_moments(x, dof)[0]
    joint = joint_tail(correlation, x, measure, dof)
    if measure == "value_at_risk":
        return (joint - beyond**2) / density(x, dof) ** 2
    return (joint - first**2) / beyond**2


def joint_tail(correlation, x, measure, dof=None):
    """P(X > x, Y > x) for VaR, E[(X - x)+ (Y - x)+] for ES.

    Given X = u, Y has mean correlation u, and is normal, or t with one degree more.
    """

    def given(u):
        width = 1.0 if dof is None else math.sqrt((dof - 2.0 + u * u) / (dof - 1.0))
        width *= math.sqrt(1.0 - correlation**2)
        a, more = (x - correlation * u) / width, None if dof is None else dof + 1.0
        if measure == "value_at_risk":
            return tail_moments(a, more)[0] * density(u, dof)
        return (u - x) * width * excess_moments(a, more)[0] * density(u, dof)

    return integrate.quad(given, x, math.inf, epsabs=0.0, epsrel=1e-9)[0]


def t3_sum_cdf(x, steps):
    """P(S <= x), S the sum of independent standardized t with 3 degrees of freedom.

    One has the characteristic function e^-|u| (1 + |u|); Gil-Pelaez inverts its power term by term, exactly.
    """
    x = np.asarray(x, dtype=np.float64)
    total = np.arctan(x / steps)
    for k in range(1, steps + 1):
        total = total + math.comb(steps, k) * math.factorial(k - 1) * ((steps - 1j * x) ** -k).imag
    return 0.5 + total / math.pi


def t3_sum_density(x, steps):
    """The density of the same sum."""
    x = np.asarray(x, dtype=np.float64)
    terms = (math.comb(steps, k) * math.factorial(k) * ((steps - 1j * x) ** -(k + 1)).real for k in range(steps + 1))
    return sum(terms) / math.pi


def t3_sum_value_at_risk(scale, confidence, steps):
    """VaR of scale S."""
    x = optimize.brentq(lambda x: t3_sum_cdf(x, steps) - confidence, 0.0, 100.0 * steps, xtol=1e-13)
    return Truth(scale * x, scale * math.sqrt(confidence * (1.0 - confidence)) / float(t3_sum_density(x, steps)))
