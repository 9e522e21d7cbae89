"""The one compiled driver: it walks a program's table of row operations over a range of blocks.

No law, shock or contract has a kernel of its own. `Kind` says what each operation does and which numbers it reads;
they are written by simcore/lowering.py and innovations.py through the builder of simcore/program.py, and nowhere else.
"""

from enum import IntEnum

import numpy as np

from simcore.compile import kernel
from simcore.kernels import rows
from simcore.kernels.block import BLOCK, STRIDE
from simcore.kernels.bootstrap import advance, pick
from simcore.kernels.factors import factor_product
from simcore.kernels.linear import product
from simcore.kernels.mixing import TABLE_SIZE, fill_mixing
from simcore.kernels.normals import fill_normals
from simcore.kernels.single import fill_single

U = np.uint64


class Kind(IntEnum):
    """What an operation does to `size` rows from `source`, into as many from `out`; its numbers begin at `param`.

    Where it is marked as single, the rows with a star are float32, in the first half of their place, and so are the
    numbers of a product, two to a place. All other rows are float64 always.
    """

    NORMALS = 0  # standard normals of stream `by`, step `slot`, one asset a row; out*
    MIXING = 1  # one row of mixing variables of step `slot`; numbers: a mixing table
    COPY = 2  # source*
    SCALE = 3  # times row `by`, path by path; source*
    ADD = 4  # added to what stands there, times row `by` where there is one; source*
    BRIDGE = 5  # numbers: steps left, deviation; out*
    PRODUCT = 6  # numbers: the factor, size x size; all rows*
    AFFINE = 7  # numbers, for each row: drift, scale; source*
    LOSS_LOG = 8  # numbers, for each row: drift, scale, value; `link`: which row after `source` each reads; source*
    LOSS_SIMPLE = 9  # the same
    SUM = 10  # one row; `link`: the `size` rows that are added
    SUMMARY = 11  # moments and tails of slots from `slot` on
    STORE = 12  # kept path by path, in stored rows from `slot` on
    ADVANCE = 13  # one row: where each path is in a history after step `slot`; numbers: how many rows it has, restart
    PICK = 14  # the history's entries in the rows that `by` holds; numbers as ADVANCE, then a column for each row
    FACTORS = 15  # own parts from `source`, `slot` factors from row `by`; numbers: own, then loadings; all rows*
    ROUND = 16  # float64 to float32; out*
    LOAD = 17  # what stands in stored rows from `slot` on


# columns of the table
KIND, OUT, SOURCE, SIZE, BY, PARAM, LINK, SLOT, SINGLE = range(9)


@kernel
def drive(
    ops, links, params, row_count, seed, numbers, first, last, path_count, span, center, threshold,
    deviation, square, ties, values, paths, kept, bracket, counts, excess, inside, held, store, single,
):  # fmt: skip
    """Run the blocks first to last - 1.

    Parameters
    ----------
    ops : int64[k, 9], links : int64[], params : float64[]
        The program.
    row_count : int
        Rows of the workspace.
    seed : uint64
    numbers : int64[]
        Path numbers to compute, block by block; empty for the consecutive ones.
    first, last, path_count, span : int
        Blocks to run; paths in all; blocks in a batch. `first` begins a batch.
    center, threshold : float64[slots]
        Of each node summarised.
    deviation, square : float64[batches, slots], ties : int64[batches, slots], out
        By batch, from the one that holds `first`.
    values : float64[slots, capacity], paths : int64[slots, capacity], kept : int64[slots], out
        The tails.
    bracket : float64[slots, brackets, 2]
        Low and high of every bracket of each node.
    counts : int64[batches, slots, brackets, 4], excess : float64[batches, slots, brackets], out
        By batch: losses above high, at high, inside, at low; the sum of what lies above less high.
    inside : float64[slots, brackets, room], held : int64[slots, brackets], out
        Losses inside.
    store : float64[stored rows, path_count]
        What a STORE operation keeps, and a LOAD operation takes.
    single : True, or None where no operation is marked as single, so that nothing of the kind is compiled: 10 to 6 s

    Returns
    -------
    bool
        False when a tail or a bracket is full: nothing written counts, run the range again with more capacity.
    """
    workspace = np.zeros((row_count, STRIDE))
    narrow, narrow_params = workspace.view(np.float32), params.view(np.float32)
    scratch = np.empty((2, BLOCK // 8))
    path = np.empty(BLOCK, np.int64)
    slots = center.size
    block_sums = np.zeros((slots, 2))
    levels = 1
    while 1 << levels <= span:
        levels += 1
    stack = np.zeros((levels, slots, 2))
    batch = 0
    begun = first  # first block of the batch
    for block in range(first, last):
        used = min(BLOCK, path_count - block * BLOCK)
        for i in range(BLOCK):
            if numbers.size == 0:
                path[i] = block * BLOCK + i
            else:  # past the end the last path again: computed whole and cut
                path[i] = numbers[min(block * BLOCK + i, numbers.size - 1)]
        for step in range(ops.shape[0]):
            op = ops[step]
            kind, out, source, size = op[KIND], op[OUT], op[SOURCE], op[SIZE]
            by, param, link, first_slot = op[BY], op[PARAM], op[LINK], op[SLOT]
            if single is not None and op[SINGLE]:
                if kind == Kind.NORMALS:
                    fill_single(path, size, U(by), U(first_slot), seed, narrow[out:])
                else:
                    _innovate(op, links, params, narrow_params, workspace, narrow)
                continue
            if kind == Kind.NORMALS:
                fill_normals(path, size, U(by), U(first_slot), seed, workspace[out:])
            elif kind == Kind.MIXING:
                fill_mixing(path, U(first_slot), seed, params[param : param + TABLE_SIZE], workspace[out])
            elif kind == Kind.SUM:
                rows.copy(workspace[links[link]], workspace[out])
                for j in range(1, size):
                    rows.add(workspace[links[link + j]], workspace[out])
            elif kind == Kind.SUMMARY:
                for j in range(size):
                    slot = first_slot + j
                    row = workspace[source + j]
                    rows.moments(row, center[slot], used, scratch, block_sums[slot])
                    if kept[slot] + BLOCK > values.shape[1]:
                        return False
                    kept[slot], tied = rows.append_tail(
                        row, path, threshold[slot], used, values[slot], paths[slot], kept[slot]
                    )
                    ties[batch, slot] += tied
                    for k in range(bracket.shape[1]):
                        if held[slot, k] + BLOCK > inside.shape[2]:
                            return False
                        held[slot, k], beyond = rows.append_inside(
                            row, bracket[slot, k, 0], bracket[slot, k, 1], used, counts[batch, slot, k],
                            inside[slot, k], held[slot, k],
                        )  # fmt: skip
                        excess[batch, slot, k] += beyond
            elif kind == Kind.ADVANCE:
                advance(path, first_slot, seed, params[param], params[param + 1], workspace[out])
            elif kind == Kind.PICK:
                rows_in_history = np.int64(params[param])
                for j in range(size):
                    p = param + 2 + j * rows_in_history
                    pick(params[p : p + rows_in_history], workspace[by], workspace[out + j])
            elif kind == Kind.STORE:
                for j in range(size):
                    row = workspace[source + j]
                    for i in range(used):
                        store[first_slot + j, block * BLOCK + i] = row[i]
            elif kind == Kind.LOAD:
                for j in range(size):
                    row = workspace[out + j]
                    for i in range(used):
                        row[i] = store[first_slot + j, block * BLOCK + i]
            else:
                _innovate(op, links, params, params, workspace, workspace)
        # the fixed tree, as a binary counter: two finished neighbours of a level become one of the next
        done = block - begun
        level = 0
        while done & 1:
            for slot in range(slots):
                block_sums[slot, 0] = stack[level, slot, 0] + block_sums[slot, 0]
                block_sums[slot, 1] = stack[level, slot, 1] + block_sums[slot, 1]
            done >>= 1
            level += 1
        for slot in range(slots):  # not by one slice: its message of a wrong shape would take 2.6 s to compile
            stack[level, slot, 0] = block_sums[slot, 0]
            stack[level, slot, 1] = block_sums[slot, 1]
        if block + 1 - begun == span or block + 1 == last:
            _fold(stack, block + 1 - begun, deviation[batch], square[batch])
            batch += 1
            begun = block + 1
    return True


@kernel
def _innovate(op, links, params, factors, workspace, drawn):
    """The operations on draws and products, which are rows of `drawn`: the workspace, or its float32s.

    factors : float64[], the numbers again; or float32[twice as many], the same bytes
    """
    kind, out, source, size = op[KIND], op[OUT], op[SOURCE], op[SIZE]
    by, param, link, count = op[BY], op[PARAM], op[LINK], op[SLOT]
    if kind == Kind.PRODUCT or kind == Kind.FACTORS:
        numbers = factors[param * 8 // factors.itemsize :]
        z, x = drawn[source : source + size], drawn[out : out + size]
        if kind == Kind.PRODUCT:
            product(numbers, z, x)
        else:
            factor_product(numbers[:size], numbers[size:], z, drawn[by : by + count], x)
        return
    for j in range(size):
        if kind == Kind.ROUND:
            rows.copy(workspace[source + j], drawn[out + j])
        elif kind == Kind.BRIDGE:
            rows.bridge(params[param], params[param + 1], workspace[source + j], drawn[out + j])
        else:
            x, y = drawn[source + (links[link + j] if link >= 0 else j)], workspace[out + j]
            if kind == Kind.COPY:
                rows.copy(x, y)
            elif kind == Kind.SCALE:
                rows.multiply(x, workspace[by], y)
            elif kind == Kind.ADD and by < 0:
                rows.add(x, y)
            elif kind == Kind.ADD:
                rows.add_product(x, workspace[by], y)
            elif kind == Kind.AFFINE:
                p = param + 2 * j
                rows.affine(x, params[p], params[p + 1], y)
            else:
                p = param + 3 * j
                if kind == Kind.LOSS_LOG:
                    rows.loss_log(x, params[p], params[p + 1], params[p + 2], y)
                else:
                    rows.loss_simple(x, params[p], params[p + 1], params[p + 2], y)


@kernel
def _fold(stack, blocks, deviation, square):
    """What stands in the stack after `blocks` blocks, folded from the right. deviation, square : float64[slots], out"""
    for slot in range(deviation.size):
        empty = True
        d = 0.0
        s = 0.0
        for level in range(stack.shape[0]):
            if (blocks >> level) & 1:
                d = stack[level, slot, 0] if empty else stack[level, slot, 0] + d
                s = stack[level, slot, 1] if empty else stack[level, slot, 1] + s
                empty = False
        deviation[slot] = d
        square[slot] = s
