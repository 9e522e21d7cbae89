"""`simcore plan`: what a run will compute, what its cases share, and what that will take; nothing is simulated but a
sample that tells the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.bounded_tails import BoundedTails, bounded_of, bounded_words
from analysis.progress import duration
from analysis.text import counted, wrapped
from scenarios.words import precision_words

if TYPE_CHECKING:
    from scenarios.build import Scenario
    from simcore.kernels.driver import Kind
    from simcore.program import Program


class Work(NamedTuple):
    """Operations of one kind in a block: how many, on how many rows, and the same if each case ran by itself."""

    operation: str
    times: int
    rows: int
    times_alone: int
    rows_alone: int


class Planned(NamedTuple):
    """What a run takes.

    rows : of the workspace, a number a path each; work : by kind of operation; operations : each in words; bytes,
    seconds : about, by so many threads; bounded_tails : None where tails are whole
    """

    paths: int
    blocks: int
    cases: int
    steps: int
    precision: str
    threads: int
    rows: int
    work: list[Work]
    operations: list[str]
    bytes: int
    seconds: float
    bounded_tails: BoundedTails | None


def plan_of(scenario: Scenario, *, threads: int) -> Planned:
    """What a run of this scenario by so many threads takes.

    Raises
    ------
    CapacityError
        When it cannot fit into memory.
    """
    from analysis.forecast import needed_seconds
    from analysis.runs import check_memory
    from simcore.lowering import lower
    from simcore.ranges import layout

    cases, plan = scenario.cases, scenario.plan
    (memory,) = check_memory([scenario], threads)
    program = lower(cases, plan)
    alone = [lower([case], plan) for case in cases]
    return Planned(
        plan.paths,
        layout(plan.paths).blocks,
        len(cases),
        plan.steps,
        plan.precision,
        threads,
        program.rows,
        [_work(kind, program, alone) for kind in program.kinds()],
        list(program.words),
        memory,
        needed_seconds(cases, plan, threads),
        bounded_of(cases, plan),
    )


def _work(kind: Kind, program: Program, alone: list[Program]) -> Work:
    times, rows = sum(one.count(kind) for one in alone), sum(one.rows_of(kind) for one in alone)
    return Work(kind.name.lower(), program.count(kind), program.rows_of(kind), times, rows)


def planned_text(scenario: Scenario, planned: Planned) -> str:
    """What a run takes, to be read."""
    from simcore.kernels.block import BLOCK

    of = planned
    head = f"{scenario.name}: {counted(of.paths, 'path')} in {counted(of.blocks, 'block')} of {BLOCK}, "
    head += f"{counted(of.cases, 'case')}, {counted(of.steps, 'step')}"
    head += precision_words(of.precision)
    size = f"{of.bytes / 2**20:,.0f} MiB" if of.bytes >= 2**20 else "less than 1 MiB"
    takes = (
        f"about {duration(of.seconds)} by {counted(of.threads, 'thread')}, {size} of memory beyond the program's own"
    )
    titles = ("operation", "times", "rows", "times", "rows")
    lines = [(w.operation, *(f"{number:,}" for number in w[1:])) for w in of.work]
    widths = [max(len(line[i]) for line in (titles, *lines)) for i in range(5)]
    widths = [widths[0], *(max(width, 6) for width in widths[1:])]
    ruled = ["  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))])
             for line in (titles, *lines)]  # fmt: skip
    together, single = "this run".rjust(widths[1] + widths[2] + 2), "each case alone".rjust(widths[3] + widths[4] + 2)
    above = "  ".join([" " * widths[0], together, single])
    table = "\n".join([above, ruled[0], "-" * len(ruled[0]), *ruled[1:]])
    block = f"A block has {counted(of.rows, 'row')} of {BLOCK} numbers ({8 * of.rows * BLOCK / 1024:,.0f} KiB) and "
    block += f"{counted(len(of.operations), 'operation')}. Where this run has fewer, cases share them."
    listed = "\n".join(f"{i:4d}  {words}" for i, words in enumerate(of.operations))
    tails = "" if of.bounded_tails is None else "\n" + wrapped([bounded_words(of.bounded_tails)])
    return "\n\n".join([f"{head}\n{takes}\n{block}{tails}", table, listed]) + "\n"


def planned_document(scenario: Scenario, planned: Planned) -> dict[str, Any]:
    """What a run takes, for JSON."""
    bounded = planned.bounded_tails and planned.bounded_tails._asdict()
    figures = planned._asdict() | {"work": [work._asdict() for work in planned.work], "bounded_tails": bounded}
    return {"scenario": scenario.name, "digest": scenario.digest, **figures}
