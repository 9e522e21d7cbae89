"""`simcore measure`: from what was asked to a table of somebody's own losses, its text and its documents."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simcore.border import NAME, is_finite, is_name, is_whole
from simcore.confidence import confidence_remedy
from simcore.errors import InputError, Problem, raise_if_any, show

if TYPE_CHECKING:
    from analysis.comparison import Row
    from analysis.measured import Sampling
    from scenarios.losses import Losses
    from simcore.pools import PoolTree


@dataclass(frozen=True)
class Request:
    """What is measured, and how: the options of the command, their numbers read and not yet checked."""

    losses: str
    pools: str | None
    index: str | None
    decimal: str
    separator: str | None
    gains: bool
    confidences: tuple[Any, ...]
    replicates: Any
    mean_block: Any
    seed: Any
    name: str | None
    currency: str


class Measured(NamedTuple):
    """Losses, their table, and what it took: seconds of ``reading`` and ``measuring``."""

    request: Request
    name: str
    losses: Losses
    tree: PoolTree
    sampling: Sampling
    rows: list[Row]
    threads: int
    seconds: dict[str, float]


def check(request: Request, others: Sequence[Problem] = ()) -> None:
    """Refuse options that are wrong, whatever the files hold.

    Raises
    ------
    InputError
        With everything that is wrong, and the `others`.
    """
    from analysis.measured import FEWEST_REPLICATES, MOST_REPLICATES
    from scenarios.losses import SEPARATORS
    from simcore.case import LARGEST_SEED

    problems = [*others]

    def expect(right: bool, option: str, value: object, allowed: str, remedy: str) -> None:
        if not right:
            problems.append(Problem(option, show(value), allowed, remedy))

    for i, confidence in enumerate(request.confidences):
        remedy = confidence_remedy(confidence)
        expect(not remedy, "--confidence", confidence, "a number strictly between 0.5 and 1", remedy or "")
        expect(confidence not in request.confidences[:i], "--confidence", confidence, "each once", "remove it")
    drawn, block = request.replicates, request.mean_block
    allowed = f"a whole number from {FEWEST_REPLICATES} to {MOST_REPLICATES}, or 0 for batches"
    right = drawn is None or (is_whole(drawn) and (drawn == 0 or FEWEST_REPLICATES <= drawn <= MOST_REPLICATES))
    expect(right, "--replicates", drawn, allowed, "write --replicates 1000, or leave it away")
    blocks = is_finite(block) and block >= 1
    expect(blocks, "--mean-block", block, "a number of rows from 1", "rows that are independent: leave it away")
    both = drawn == 0 and blocks and block > 1
    expect(not both, "--mean-block", block, "a bootstrap, which --replicates 0 is not", "leave one of the two away")
    seeded = is_whole(request.seed) and 0 <= request.seed <= LARGEST_SEED
    expect(seeded, "--seed", request.seed, f"a whole number from 0 to {LARGEST_SEED}", "any such number will do, as 1")
    expect(request.decimal in (".", ","), "--decimal", request.decimal, '"." or ","', "write --decimal ,")
    words = [*SEPARATORS.values()]
    known = request.separator in (None, *words, *SEPARATORS)
    expect(known, "--separator", request.separator, ", ".join(words), "write --separator semicolon")
    same = request.decimal == "," and request.separator in (",", "comma")
    expect(not same, "--separator", request.separator, "another mark than --decimal", "choose one of the two")
    expect(request.name is None or is_name(request.name), "--name", request.name, NAME, "name it")
    expect(not request.currency or is_name(request.currency), "--currency", request.currency, NAME, "name it")
    raise_if_any(problems)


def measure_file(request: Request, *, threads: int, say: Callable[[str], None] | None) -> Measured:
    """Read, check and measure what a checked request names.

    Parameters
    ----------
    request : Request
    threads : int
    say : callable, optional
        Told the cautions. Without it there is no progress on stderr either.

    Raises
    ------
    InputError
        With everything that is wrong with the two files, or, when they are right, with both together.
    """
    from scenarios.losses import read_losses
    from scenarios.pools_file import outside, read_pools, tree_of

    began = time.perf_counter()
    problems: list[Problem] = []
    pools = losses = None
    try:
        pools = None if request.pools is None else read_pools(request.pools)
    except InputError as error:
        problems += error.problems
    try:
        losses = read_losses(
            request.losses,
            index=request.index,
            decimal=request.decimal,
            separator=_separator(request),
            gains=request.gains,
        )
    except InputError as error:
        problems += error.problems
    raise_if_any(problems)
    assert losses is not None
    tree = tree_of(pools, losses.names, request.pools or "", request.losses)
    name = request.name if request.name is not None else Path(request.losses).stem
    if not is_name(name):
        raise InputError([Problem("file", show(name), f"a name: {NAME}", "give --name", request.losses)])
    if say:
        for caution in (*losses.cautions, *outside(tree)):
            say(f"{request.losses}: caution: {caution}")
    read = time.perf_counter()

    from analysis.measured import FEWEST_BATCH_ROWS, check_memory, measured_rows, sampling_of
    from analysis.runs import watched_engine

    count = len(losses.values)
    sampling = sampling_of(
        count, replicates=request.replicates, mean_block=float(request.mean_block), seed=int(request.seed)
    )
    if not sampling.replicates and count < FEWEST_BATCH_ROWS:
        allowed = f"at least {FEWEST_BATCH_ROWS} rows for errors from batches ({request.losses} has {count})"
        raise InputError([Problem("--replicates", "0", allowed, "leave --replicates away")])
    check_memory(tree, count, request.confidences, sampling, request.losses)
    rows = measured_rows(
        tree,
        losses.values,
        request.confidences,
        sampling,
        name=name,
        currency=request.currency,
        engine=watched_engine(threads, name if say else None),
    )
    seconds = {"reading": read - began, "measuring": time.perf_counter() - read}
    return Measured(request, name, losses, tree, sampling, rows, threads, seconds)


def measured_text(done: Measured) -> str:
    """The table as text, with what it was made of above it."""
    from analysis.measured import CASE
    from analysis.table import foot, lay_out
    from analysis.text import counted, wrapped

    shown = lay_out(done.rows, [(CASE, pool.name) for pool in done.tree.pools], done.request.confidences)
    count, columns = done.losses.values.shape
    sampling = done.sampling
    if not sampling.replicates:
        how = "from batches of consecutive rows"
    elif sampling.mean_block <= 1.0:
        how = f"rows drawn again {sampling.replicates:,} times, seed {sampling.seed}; VaR by its order statistics"
    else:
        blocks = f"blocks of {sampling.mean_block:g} rows on average"
        how = f"{blocks} drawn again {sampling.replicates:,} times, seed {sampling.seed}"
    head = wrapped(
        [
            f"{done.name}: {counted(count, 'row')} of {counted(columns, 'column')}, equally likely",
            f"Losses in {shown.unit}{done.request.currency or 'units of currency'}. "
            f"Errors and intervals are sampling error only: {how}.",
        ]
    )
    return "\n\n".join([head, *shown.panels, foot(shown, "loss", "rows", "sampling error")]) + "\n"


def measured_document(done: Measured) -> dict[str, Any]:
    """What ``simcore measure --json`` prints, before it is turned into text."""
    return {**_about(done), "rows": [row._asdict() for row in done.rows]}


def measured_manifest(done: Measured, command: Sequence[str]) -> dict[str, Any]:
    """What makes the same table again: the command, where the losses were, and the resolved pools."""
    return {"command": list(command), **_about(done), "pools": _pools(done.tree)}


def _about(done: Measured) -> dict[str, Any]:
    from analysis.document import provenance_of
    from scenarios.digest import digest_of

    request, losses = done.request, done.losses
    read: dict[str, Any] = {
        "file": request.losses,
        "sha256": losses.digest,
        "rows": len(losses.values),
        "columns": list(losses.names),
        "index": request.index,
        "decimal": request.decimal,
        "separator": _separator(request),
        "gains": request.gains,
    }
    made_of = {
        "losses": {key: value for key, value in read.items() if key != "file"},
        "pools": _pools(done.tree),
        "confidence": list(map(float, request.confidences)),
        "sampling": asdict(done.sampling),
    }
    return {
        "scenario": done.name,
        "losses": read,
        "sampling": asdict(done.sampling),
        "provenance": provenance_of(digest_of(made_of), done.threads, done.seconds),
    }


def _pools(tree: PoolTree) -> list[dict[str, Any]]:
    return [{"name": pool.name, "members": list(pool.members)} for pool in tree.pools]


def _separator(request: Request) -> str:
    """The mark between columns: as asked for, or the one that the decimal leaves."""
    from scenarios.losses import SEPARATORS

    if request.separator is None:
        return "," if request.decimal == "." else ";"
    return {word: mark for mark, word in SEPARATORS.items()}.get(request.separator, request.separator)
