"""Hypothesis without a clock and without chance: kernels compile on first use, and each run tries the same examples."""

from hypothesis import settings

settings.register_profile("simcore", deadline=None, derandomize=True)
settings.load_profile("simcore")
