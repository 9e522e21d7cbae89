"""The one place for compile options and intrinsics: a typed seam between Python and LLVM.

Every kernel is compiled by `kernel`: serial, without fastmath, releasing the interpreter lock, cached on disk.
Nothing here or in the kernels may reorder floating-point operations: the bits are the same for every vector width.

numba's disk cache looks at the file of the cached function only: an edit in one kernel would leave its callers stale.
The cache folder is therefore named by a hash of all of simcore's sources. It is set while a kernel is declared and put
back afterwards, so that it works with numba loaded before or after, and leaves a program's own kernels alone.
"""

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llvmlite import ir
from numba import extending, njit, types
from numba.core import cgutils
from numba.core import config as numba_config

Function = Callable[..., Any]

config: Any = numba_config
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "boundscheck": False}


def source_hash() -> str:
    """A hash of simcore's sources, that names the cache folder."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _cache_folder() -> str:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    base = config.CACHE_DIR or os.path.join(home, "simcore")
    folder = os.path.join(base, source_hash())
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        say = "cannot write %s (%s): kernels are compiled anew in this process; results are the same"
        logging.getLogger("simcore").warning(say, folder, error)
        return ""


_FOLDER = _cache_folder()


def kernel(function: Function) -> Function:
    """`function` compiled by the options of this module, cached under the hash of the sources."""
    before = config.CACHE_DIR
    config.CACHE_DIR = _FOLDER
    try:
        return njit(nogil=True, cache=bool(_FOLDER), **_OPTIONS)(function)
    finally:
        config.CACHE_DIR = before


def inlined(function: Function) -> Function:
    """A scalar formula, put into the kernels that use it."""
    return njit(inline="always", **_OPTIONS)(function)


def intrinsic(function: Function) -> Function:
    """A function that writes its own LLVM instructions; it does not run un-compiled."""
    return extending.intrinsic(function)


@intrinsic
def fma(_context, a, b, c):
    """a b + c with one rounding."""

    def generate(_target, builder, _signature, arguments):
        return builder.fma(*arguments)

    return a(a, b, c), generate


_SAME_SIZE = {
    types.uint64: (types.float64, ir.DoubleType()),
    types.uint32: (types.float32, ir.FloatType()),
    types.float64: (types.uint64, ir.IntType(64)),
    types.float32: (types.uint32, ir.IntType(32)),
}


def _reinterpreted(value):
    result, kind = _SAME_SIZE[value]

    def generate(_target, builder, _signature, arguments):
        return builder.bitcast(arguments[0], kind)

    return result(value), generate


@intrinsic
def as_float(_context, bits):
    """The float64 with these 64 bits, or the float32 with these 32."""
    return _reinterpreted(bits)


@intrinsic
def as_bits(_context, value):
    """The 64 bits of a float64, or the 32 of a float32."""
    return _reinterpreted(value)


@intrinsic
def signed_exponent(_context, bits):
    """The bits above the mantissa, as a signed number: an arithmetic shift right by 52 of 64 bits, by 23 of 32."""

    def generate(_target, builder, _signature, arguments):
        kind = arguments[0].type
        return builder.ashr(arguments[0], ir.Constant(kind, 52 if kind.width == 64 else 23))

    return bits(bits), generate


@intrinsic
def polynomial(_context, x, coefficients):
    """The polynomial with these coefficients, lowest first, at x, in x's type.

    Straight-line fused multiply-adds: two Horner chains in x^2, even and odd, which halve the latency: 1.79 to 1.73 ns
    a normal, nothing of exp [Zen 4].
    """

    def generate(target, builder, signature, arguments):
        x, packed = arguments
        kind, given = signature.return_type, signature.args[1].dtype
        c = [
            target.cast(builder, v, given, kind) for v in cgutils.unpack_tuple(builder, packed, len(signature.args[1]))
        ]
        if len(c) < 6:
            return _horner(builder, x, c)
        y = builder.fmul(x, x)
        return builder.fma(_horner(builder, y, c[1::2]), x, _horner(builder, y, c[0::2]))

    return x(x, coefficients), generate


def _horner(builder, x, c):
    p = c[-1]
    for coefficient in reversed(c[:-1]):
        p = builder.fma(p, x, coefficient)
    return p


@intrinsic
def at_least(_context, address, limit):
    """64 float64s from an address, against a limit: bit i is set where the i-th is not below it, and no NaN."""

    def generate(_target, builder, _signature, arguments):
        address, limit = arguments
        limits = _broadcast(builder, limit)
        mask = _int(0)
        for first in range(0, 64, 8):
            values = _load(builder, builder.add(address, _int(8 * first)), limits.type)
            bits = builder.bitcast(builder.fcmp_ordered(">=", values, limits), ir.IntType(8))
            mask = builder.or_(mask, builder.shl(builder.zext(bits, ir.IntType(64)), _int(first)))
        return mask

    return types.uint64(types.intp, types.float64), generate


@intrinsic
def trailing_zeros(_context, bits):
    """The place of the lowest bit that is set; bits are not 0."""

    def generate(_target, builder, _signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


@intrinsic
def prefer_wide_vectors(_context):
    """Let the kernel that this stands in use 512-bit vectors where the CPU has them; LLVM prefers 256 bits.

    Normals 2.1 to 1.6 ns, exp and loss 0.9 to 0.6 where it was measured first; on Zen 4 nothing.
    """

    def generate(target, builder, _signature, _arguments):
        _prefer_wide(builder)
        return target.get_dummy_value()

    return types.void(), generate


def _prefer_wide(builder):
    for attribute in ("prefer-vector-width", "min-legal-vector-width"):
        set.add(builder.function.attributes, f'"{attribute}"="512"')


# accumulators: 4 x 4 of 64 bytes fill half of AVX-512's registers, and all of AVX2's. 480 assets take 1.40 times as
# long with 2 x 4, 1.10 with 4 x 2, 1.14 with 8 x 4, 0.97 to 1.00 with 6 x 4 [Zen 4]
TILE_ROWS = 4
TILE_VECTORS = 4
TILE_BYTES = 64 * TILE_VECTORS
TILE_PATHS = TILE_BYTES // 8  # columns of float64s; of float32s it is twice as many


@intrinsic
def multiply_tile(_context, like, x, x_stride, factor, factor_stride, z, z_stride, depth):
    """x += factor z for TILE_ROWS rows and TILE_BYTES of each row of x, held in registers.

    x, factor, z are addresses of numbers of the type that the array `like` has, strides are bytes from row to row,
    depth is how many columns of the factor. Each element is a chain of fused multiply-adds, k ascending, that starts
    from x: its bits depend on no tiling.
    """

    def generate(target, builder, signature, arguments):
        _, x, x_stride, factor, factor_stride, z, z_stride, depth = arguments
        size = signature.args[0].dtype.bitwidth // 8
        scalar = target.get_value_type(signature.args[0].dtype)
        vector = ir.VectorType(scalar, 64 // size)
        _prefer_wide(builder)

        def address(base, stride, row, offset):
            return builder.add(builder.add(base, builder.mul(stride, _int(row))), _int(offset))

        fma = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fma.v{vector.count}f{8 * size}"
        )
        places = [[address(x, x_stride, r, 64 * v) for v in range(TILE_VECTORS)] for r in range(TILE_ROWS)]
        sums = [[cgutils.alloca_once_value(builder, _load(builder, at, vector)) for at in row] for row in places]
        with cgutils.for_range(builder, depth) as loop:
            row = builder.add(z, builder.mul(loop.index, z_stride))
            columns = [_load(builder, builder.add(row, _int(64 * v)), vector) for v in range(TILE_VECTORS)]
            entry = builder.add(factor, builder.mul(loop.index, _int(size)))
            for r in range(TILE_ROWS):
                broadcast = _broadcast(builder, _load(builder, address(entry, factor_stride, r, 0), scalar))
                for column, total in zip(columns, sums[r], strict=True):
                    builder.store(builder.call(fma, [broadcast, column, builder.load(total)]), total)
        for row, totals in zip(places, sums, strict=True):
            for at, total in zip(row, totals, strict=True):
                store = builder.store(builder.load(total), builder.inttoptr(at, vector.as_pointer()))
                store.align = size
        return target.get_dummy_value()

    return types.void(like, *[types.intp] * 7), generate


def _load(builder, address, kind):
    value = builder.load(builder.inttoptr(address, kind.as_pointer()))
    value.align = 4 if ir.FloatType() in (kind, getattr(kind, "element", None)) else 8
    return value


def _broadcast(builder, value):
    """A vector of 64 bytes that holds the value everywhere."""
    vector = ir.VectorType(value.type, 16 if value.type == ir.FloatType() else 8)
    undefined = ir.Constant(vector, ir.Undefined)
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(builder.insert_element(undefined, value, _int(0)), undefined, lanes)


def _int(value):
    return ir.Constant(ir.IntType(64), value)
