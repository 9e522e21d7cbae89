"""Fits the polynomials of simcore/kernels/coefficients.py; prints that module, and the errors on stderr.

    python tests/fit_coefficients.py > simcore/kernels/coefficients.py

Chebyshev interpolation in 50 digits, then the monomials, rounded once.
"""

import struct
import sys
from collections.abc import Callable

import mpmath as mp

HEADER = '''"""Polynomial coefficients, lowest first. Written by tests/fit_coefficients.py; do not edit by hand."""
'''


def log1p_ratio(x: mp.mpf) -> mp.mpf:
    """log(1 + x) / x"""
    return mp.log1p(x) / x if x else mp.mpf(1)


def sine_ratio(y: mp.mpf) -> mp.mpf:
    """sin(pi/2 t) / t at y = t^2"""
    return mp.sin(mp.pi / 2 * mp.sqrt(y)) / mp.sqrt(y) if y else mp.pi / 2


def cosine(y: mp.mpf) -> mp.mpf:
    """cos(pi/2 t) at y = t^2"""
    return mp.cos(mp.pi / 2 * mp.sqrt(y))


def expm1_ratio(x: mp.mpf) -> mp.mpf:
    """(exp(x) - 1) / x"""
    return mp.expm1(x) / x if x else mp.mpf(1)


Fit = tuple[Callable[[mp.mpf], mp.mpf], Callable[[], mp.mpf], Callable[[], mp.mpf], str]
LOGARITHM: Fit = (log1p_ratio, lambda: mp.sqrt(2) / 2 - 1, lambda: mp.sqrt(2) - 1, "log(1 + x) / x")
OF_SINE: Fit = (sine_ratio, lambda: mp.mpf(0), lambda: mp.mpf(1) / 4, "sin(pi/2 t) / t in t^2, |t| <= 1/2")
OF_COSINE: Fit = (cosine, lambda: mp.mpf(0), lambda: mp.mpf(1) / 4, "cos(pi/2 t) in t^2, |t| <= 1/2")
EXPONENTIAL: Fit = (
    expm1_ratio,
    lambda: -mp.log(2) * 0.50005,
    lambda: mp.log(2) * 0.50005,
    "(exp(x) - 1) / x, |x| <= log(2) / 2",
)
FITS: dict[str, tuple[Fit, int]] = {  # and the degree
    "LOG1P": (LOGARITHM, 20),
    "SINE": (OF_SINE, 6),
    "COSINE": (OF_COSINE, 7),
    "EXPM1": (EXPONENTIAL, 11),
    "LOG1P_SINGLE": (LOGARITHM, 9),
    "SINE_SINGLE": (OF_SINE, 4),
    "COSINE_SINGLE": (OF_COSINE, 4),
}


def fit(f: Callable[[mp.mpf], mp.mpf], low: mp.mpf, high: mp.mpf, degree: int) -> list[mp.mpf]:
    """Monomial coefficients of the polynomial through f at the Chebyshev nodes of [low, high]."""
    n = degree + 1
    nodes = [(low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (k + mp.mpf(1) / 2) / n) for k in range(n)]
    matrix = mp.matrix(n, n)
    for i, x in enumerate(nodes):
        for j in range(n):
            matrix[i, j] = x**j
    return list(mp.lu_solve(matrix, mp.matrix([f(x) for x in nodes])))


def largest_error(f: Callable[[mp.mpf], mp.mpf], c: list[float], low: mp.mpf, high: mp.mpf) -> mp.mpf:
    """Largest relative error on 401 points, with the rounded coefficients in exact arithmetic."""
    points = [low + (high - low) * i / 400 for i in range(401)]
    return max(abs(mp.polyval([mp.mpf(v) for v in c], x, asc=True) / f(x) - 1) for x in points)


def to_float32(value: float) -> float:
    """The nearest float32."""
    return struct.unpack("f", struct.pack("f", value))[0]


def main() -> None:
    """Print the module."""
    mp.mp.dps = 60
    parts = [HEADER]
    for name, ((f, lower, upper, meaning), degree) in FITS.items():
        low, high = lower(), upper()
        single = name.endswith("_SINGLE")
        c = [to_float32(float(v)) if single else float(v) for v in fit(f, low, high, degree)]
        error = mp.nstr(largest_error(f, c, low, high), 2)
        print(f"{name}: degree {degree}, relative error {error}", file=sys.stderr)
        body = "".join(f"    {v!r},\n" for v in c)
        meaning = f"{meaning}, in float32" if single else meaning
        parts.append(f"# {meaning}; relative error {error}\n{name} = (\n{body})\n")
    print("\n".join(parts), end="")


if __name__ == "__main__":
    main()
