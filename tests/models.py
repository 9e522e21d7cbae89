"""Small cases that tests share, and digests of what a run gives."""

import hashlib
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simcore import BoundedTail, Case, Factors, Market, Plan, Pool, PoolTree, Position, factor, simulate

TESTS = Path(__file__).parent
REPOSITORY = TESTS.parent


LAWS = [
    {"compounding": "log"},
    {"compounding": "simple"},
    {"compounding": "log", "dof": 3.0},
    {"compounding": "simple", "dof": 6.0},
    {"compounding": "log", "factors": 3},
    {"compounding": "simple", "factors": 2, "dof": 6.0},
]
every_law = pytest.mark.parametrize("law", LAWS, ids=lambda law: "-".join(map(str, law.values())))
every_step = pytest.mark.parametrize("steps", [1, 12])


def equicorrelation(n, rho):
    """n x n: 1 on the diagonal, rho beside it."""
    return np.full((n, n), float(rho)) + np.diag(np.full(n, 1.0 - rho))


def loadings(n, k):
    """n x k: of either sign, binary fractions; more assets and factors leave those before them."""
    return (np.add.outer(7 * np.arange(n), 5 * np.arange(k)) % 11 - 4) / 16.0


def tie_of(case):
    """What ties a case's assets together: its factor, or its loadings."""
    law = case.market.dependence
    return law.loadings if isinstance(law, Factors) else law.factor


def tied(correlation, *, factors=0, **law):
    """A law as `Market.from_moments` takes it: by the correlation, or by so many factors."""
    return law | ({"factors": loadings(len(correlation), factors)} if factors else {"correlation": correlation})


def equal_pool(n, *, rho=0.3, volatility=0.2, expected_return=0.0, value=1e5, name="base", **law):
    """n positions of equal value, one an asset, in one pool; normal and log unless `law` says more."""
    names = [f"asset {i}" for i in range(n)]
    moments = {"expected_return": [expected_return] * n, "volatility": [volatility] * n}
    market = Market.from_moments(names, **moments, **tied(equicorrelation(n, rho), **law))
    return Case(name, market, PoolTree([Position(a, a, value) for a in names], [Pool("pool", tuple(names))]))


def three_assets(name="base", *, rho=0.3, stress=1.0, **law):
    """Three different assets in one pool."""
    names = ("Asset 1", "Asset 2", "Asset 3")
    market = Market.from_moments(
        names,
        expected_return=[0.10, 0.15, 0.12],
        volatility=[0.20 * stress, 0.30 * stress, 0.25 * stress],
        **tied(equicorrelation(3, rho), **law),
    )
    return Case(name, market, PoolTree([Position(a, a, 1e5) for a in names], [Pool("pool", names)]))


def deep_tree(name="base", *, extra=0, **law):
    """A tree three deep over five assets, with a short position and an asset held twice; `extra` assets at the end.

    The extra assets have positions of their own, outside the pools, and are correlated with everything.
    """
    n = 5 + extra
    names = [f"asset {i}" for i in range(n)]
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    market = Market.from_moments(
        names,
        expected_return=np.linspace(0.02, 0.12, 11)[:n],
        volatility=np.linspace(0.10, 0.45, 11)[:n],
        **tied(np.ldexp(1.0, -distance), **law),  # exactly: powers have other bits on other processors
    )
    positions = [Position(f"long {i}", names[i], 1e5 * (1 + i)) for i in range(5)]
    positions += [Position("short 1", names[1], -5e4), Position("again 2", names[2], 3e4)]
    positions += [Position(f"extra {i}", names[5 + i], 7e4) for i in range(extra)]
    pools = [
        Pool("top", ("middle", "long 4", "short 1")),
        Pool("middle", ("bottom", "long 3", "again 2")),
        Pool("bottom", ("long 0", "long 1", "long 2")),
    ]
    return Case(name, market, PoolTree(positions, pools))


def plan(paths=20_000, **changes):
    """A month, seed 42, two confidences."""
    return Plan(**{"paths": paths, "horizon": 1 / 12, "seed": 42, "confidences": (0.95, 0.99), **changes})


def run(cases, run_plan, **options):
    """`simulate`, of one case or several."""
    return simulate(cases if isinstance(cases, list) else [cases], run_plan, **options)


def summary_bytes(summary):
    """Every bit of a summary that a figure may depend on."""
    tail = summary.tail.worst
    arrays = [summary.batch, summary.count, summary.deviation, summary.square, tail.values, tail.paths, tail.ties]
    scalars = struct.pack("<qdqd", summary.batch_paths, summary.center, tail.depth, tail.threshold)
    more = b""
    if isinstance(summary.tail, BoundedTail):
        more = summary_bytes(summary.tail.first)
        for level in summary.tail.levels:
            arrays += [level.above, level.excess, np.array([*level.losses.values(), level.value])]
    return scalars + b"".join(array.tobytes() for array in arrays) + more


def digest(simulation, *, tail_alone=False):
    """A hash of all summaries of a run, or of the kept tails alone: the losses and their paths."""
    total = hashlib.sha256()
    for case, nodes in simulation.items():
        for node, summary in nodes.items():
            total.update(f"{case}/{node}:".encode())
            tail = summary.tail.worst.values.tobytes() + summary.tail.worst.paths.tobytes()
            total.update(tail if tail_alone else summary_bytes(summary))
    return total.hexdigest()


def cells_digest(cases, run_plan, simulation):
    """A hash of the bytes of every cell of the table; intervals of estimation are empty here."""
    from analysis import rows

    total = hashlib.sha256()
    for row in rows(cases, run_plan, simulation):
        assert (row.estimation_low, row.estimation_high) == (None, None)
        for cell in (*row[: row._fields.index("estimation_low")], row.unit, row.note):
            total.update(struct.pack("<d", cell) if isinstance(cell, float) else repr(cell).encode())
    return total.hexdigest()


def hash_of_kernels():
    """A factor, and the normals of a block: few kernels, for processes that compile them anew."""
    from simcore.kernels.normals import fill_normals

    rows = np.zeros((4, 528))
    fill_normals(np.arange(512), 4, *map(np.uint64, (0, 0, 42)), rows)
    lower = factor(equicorrelation(4, 0.3))
    return hashlib.sha256(rows.tobytes() + lower.tobytes()).hexdigest()


def bits(array):
    """The bits of float64s, for comparisons in which 0 is not -0 and NaN is itself."""
    return np.ascontiguousarray(array, dtype=np.float64).view(np.uint64)


def child(*arguments, root=REPOSITORY, **environment):
    """Run Python in a process of its own, and give back what it did.

    `root` is where it finds simcore; an environment variable that is None is removed.
    """
    variables = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{TESTS}", **environment}
    variables = {key: value for key, value in variables.items() if value is not None}
    command = [sys.executable, "-W", "error", *map(str, arguments)]
    done = subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done
