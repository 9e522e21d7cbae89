"""A fixed set of runs, and one hash of all their summaries and table cells.

    python tests/vector_width_child.py

prints as JSON the hash, others of factor models, of single precision and of bounded tails, and for which vector width
they were computed. When a change of the numbers is meant, the printed hashes are the new ones of tests/test_compile.py,
in its order; print them with the versions of constraints.txt.
"""

import hashlib
import json

from models import cells_digest, deep_tree, digest, equal_pool, plan

import simcore

LAWS = (
    {"compounding": "log"},
    {"compounding": "simple"},
    {"compounding": "log", "dof": 3.5},
    {"compounding": "simple", "dof": 8.0},
)


def runs():
    """Cases and plans: both laws and compoundings, one step and three, two cases with two factors."""
    for law in LAWS:
        yield [deep_tree(**law), equal_like(law)], plan(30_000)
        yield [deep_tree(**law)], plan(10_001, steps=3, outputs=("returns",))
    yield [deep_tree()], plan(10_001, steps=3, collapse=False)
    yield [equal_pool(18, rho=0.4)], plan(30_000)


def runs_of_factors():
    """Both laws, one step and three, and a case with a correlation beside."""
    for law in ({"factors": 3}, {"factors": 2, "dof": 3.5}):
        yield [deep_tree(**law), equal_like({})], plan(30_000)
        yield [deep_tree(**law, compounding="simple")], plan(10_001, steps=3, outputs=("returns",))


def runs_of_single():
    """Normals, Student-t and factors in single precision, one step and three, drawn or looked at; two cases."""
    for law in ({}, {"dof": 3.5}, {"factors": 3}):
        yield [deep_tree(**law), equal_like({})], plan(30_000, precision="single")
        yield [deep_tree(**law, compounding="simple")], plan(10_001, steps=3, outputs=("returns",), precision="single")
    yield [deep_tree(), equal_like({})], plan(10_001, steps=3, collapse=False, precision="single")


def runs_of_bounded_tails():
    """More paths than those whose tails are whole."""
    yield [equal_pool(3, rho=0.4)], plan(1_050_000, tail_budget=0)


def equal_like(law):
    """Another factor and other volatilities on the assets of `deep_tree`."""
    other = equal_pool(5, rho=0.7, volatility=0.33, expected_return=0.04, name="stress", **law)
    return simcore.Case("stress", other.market, deep_tree().pools)


def hash_of(runs):
    """One hash of every bit that a user may see."""
    total = hashlib.sha256()
    for cases, run_plan in runs:
        result = simcore.simulate(cases, run_plan)
        total.update(digest(result).encode())
        total.update(cells_digest(cases, run_plan, result).encode())
        for paths in result.outputs.values():
            total.update(paths.returns.tobytes())
    return total.hexdigest()


RUNS = (runs, runs_of_factors, runs_of_single, runs_of_bounded_tails)


def wide(names):
    """Those of some CPU features that mean vectors of 512 bits."""
    return sorted(name for name in names if "avx512" in name.lower() or name in ("X86_V4", "evex512"))


def register():
    """The widest vector register in the code of a kernel, compiled here."""
    import numpy as np
    from numba import njit

    from simcore.kernels.block import BLOCK, STRIDE
    from simcore.kernels.rows import moments

    function = njit(error_model="numpy", boundscheck=False)(moments.py_func)
    function(np.zeros(STRIDE), 0.0, BLOCK, np.zeros((2, STRIDE)), np.zeros(2))
    assembly = "".join(function.inspect_asm().values())
    return next((name for name in ("zmm", "ymm", "xmm") if f"%{name}" in assembly), "")


def target():
    """What may be used here: features of 512 bits by the kernels, and by NumPy's own loops."""
    from numba.core.registry import cpu_target
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    _, _, features = cpu_target.target_context.codegen().magic_tuple()
    kernels = wide(feature[1:] for feature in features.split(",") if feature.startswith("+"))
    return {"kernels": kernels, "numpy": wide(name for name in __cpu_dispatch__ if __cpu_features__[name])}


if __name__ == "__main__":
    print(json.dumps({"hashes": [hash_of(runs()) for runs in RUNS], "register": register(), **target()}))
