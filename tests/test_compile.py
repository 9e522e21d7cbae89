"""The compiled code: the same bits for every vector width, and a cache that no edit leaves stale."""

import json
import shutil
import subprocess

import models
import numba
import numpy as np
import pytest
import vector_width_child
from models import REPOSITORY, child, hash_of_kernels
from numba import njit

import simcore.compile

# of tests/vector_width_child.py, which says how to print a new one when a change of the numbers is meant
STORED_HASH = "e09d1fa360f94b591db0625eb951aed9a88a34c18a0ad6a95ae89a7c2f40b3f0"
STORED_HASH_OF_FACTORS = "c50623acaf7c1144611aa127cc94985ad6bbba803132f16599607f047a4eeb9a"
STORED_HASH_OF_SINGLE = "03f6a31cc0bfd36b0e50b9efb7f5300d0ba6a5cb0e44beb012316bf7ca0756f3"
STORED_HASH_OF_BOUNDED_TAILS = "56d1478d98674ae7d496da18476e8d5dca0f1f5af6860cbdb72c916d1a91ee8a"

NO_AVX512 = "this processor has no AVX-512: only the stored hash is checked, not two vector widths against each other"


@pytest.fixture(scope="module")
def here():
    """The hashes in this process, compiled for this processor."""
    return [vector_width_child.hash_of(runs()) for runs in vector_width_child.RUNS]


def host_features():
    import llvmlite.binding as llvm

    return dict(llvm.get_host_cpu_features())


def narrow_environment():
    """Code generation, BLAS and NumPy as on a processor with AVX2 and fused multiply-add, and no more."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    later = ("avx512", "avx10", "amx", "evex")
    narrow = {name: has and not name.startswith(later) for name, has in host_features().items()}
    dispatched = [name for name in vector_width_child.wide(__cpu_dispatch__) if __cpu_features__[name]]
    return {
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": ",".join(("+" if has else "-") + name for name, has in sorted(narrow.items())),
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": " ".join(dispatched) or None,
    }


def wide_environment():
    """Code generation that uses vectors of 512 bits wherever it can: by default it prefers 256 on many processors."""
    features = [("+" if has else "-") + name for name, has in sorted(host_features().items())]
    return {"NUMBA_CPU_FEATURES": ",".join([*features, "-prefer-256-bit"])}


def test_the_hash_is_the_stored_one(here):
    assert here == [STORED_HASH, STORED_HASH_OF_FACTORS, STORED_HASH_OF_SINGLE, STORED_HASH_OF_BOUNDED_TAILS]


@pytest.mark.skipif(not host_features().get("avx512f"), reason=NO_AVX512)
@pytest.mark.parametrize(
    ("environment", "register"), [(narrow_environment, "ymm"), (wide_environment, "zmm")], ids=["256", "512"]
)
def test_every_vector_width_gives_the_same_bits(here, environment, register):
    """In a process of its own, that says which registers its kernels use."""
    said = json.loads(child(models.TESTS / "vector_width_child.py", **environment()).stdout)
    assert said["register"] == register
    if register == "ymm":
        assert (said["kernels"], said["numpy"]) == ([], [])
    assert said["hashes"] == here


RUN = """
import logging
logging.basicConfig()
{before}
from models import hash_of_kernels
print(hash_of_kernels())
{after}
"""


def test_numba_may_be_loaded_before():
    """And has its own settings back afterwards."""
    before = "import numba; folder = numba.config.CACHE_DIR; double = numba.njit(lambda x: 2 * x); double(1.0)"
    done = child("-c", RUN.format(before=before, after="assert numba.config.CACHE_DIR == folder"))
    assert done.stdout.strip() == hash_of_kernels()
    assert done.stderr == ""


def test_a_cache_that_cannot_be_written_changes_no_result(tmp_path):
    """It is said once, and the kernels are compiled anew."""
    file = tmp_path / "file"
    file.touch()
    done = child("-c", RUN.format(before="", after=""), XDG_CACHE_HOME=str(file), NUMBA_CACHE_DIR=None)
    assert done.stdout.strip() == hash_of_kernels()
    assert done.stderr.count("WARNING:simcore:cannot write") == 1
    assert "results are the same" in done.stderr


def test_kernels_of_others_are_left_alone():
    assert "simcore" not in (numba.config.CACHE_DIR or "")


def copy_of_the_package(folder):
    ignore = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(REPOSITORY / "simcore", folder / "simcore", ignore=ignore)


def test_an_edit_anywhere_is_another_hash(tmp_path, monkeypatch):
    package = copy_of_the_package(tmp_path)
    monkeypatch.setattr(simcore.compile, "__file__", str(package / "compile.py"))
    original = simcore.compile.source_hash()
    assert original == simcore.compile.source_hash()
    seen = {original}
    for name in ("kernels/coefficients.py", "kernels/philox.py", "market.py", "compile.py"):
        leaf = package / name
        text = leaf.read_text(encoding="utf-8")
        leaf.write_text(text + "# edited\n", encoding="utf-8")
        seen.add(simcore.compile.source_hash())
        leaf.write_text(text, encoding="utf-8")
    assert len(seen) == 5
    (package / "pools.py").rename(package / "pool.py")
    assert simcore.compile.source_hash() not in seen


BITS = """
import numpy as np
from simcore.kernels.normals import fill_bits
rows = np.zeros((2, 528))
fill_bits(np.arange(512), *map(np.uint64, (0, 0, 0, 42)), rows[0], rows[1])
print(rows[0, :2].view(np.uint64).tolist())
"""


def test_an_edit_in_another_file_is_compiled(tmp_path):
    """numba looks at the file of a kernel only: with one cache for both, the caller would keep the old code."""
    import naive

    package = copy_of_the_package(tmp_path)
    leaf = package / "kernels" / "philox.py"
    for rounds in (10, 7, 10):
        text = (REPOSITORY / "simcore" / "kernels" / "philox.py").read_text(encoding="utf-8")
        assert "range(10)" in text
        leaf.write_text(text.replace("range(10)", f"range({rounds})"), encoding="utf-8")
        done = child("-c", BITS, root=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"), NUMBA_CACHE_DIR=None)
        expected = []
        for path in (0, 1):
            a, b, _, _ = naive.philox(naive.counter(path, 0, 0, 0), (42, 0), rounds=rounds)
            expected.append((a << 32) | b)
        assert json.loads(done.stdout) == expected
    assert len(list((tmp_path / "cache" / "simcore").iterdir())) == 2


def test_intrinsics():
    """The fused product rounds once; bits and numbers turn into each other."""
    fma, as_bits, as_float = simcore.compile.fma, simcore.compile.as_bits, simcore.compile.as_float

    @njit
    def fused(a, b, c):
        return fma(a, b, c), a * b + c

    @njit
    def there_and_back(x):
        return as_float(as_bits(x))

    tiny = 2.0**-30
    assert fused(1.0 + tiny, 1.0 - tiny, -1.0) == (-(2.0**-60), 0.0)
    assert there_and_back(-0.1) == -0.1
    assert there_and_back(np.float32(-0.1)) == np.float32(-0.1)
    assert np.signbit(there_and_back(-0.0))


def test_a_command_that_only_shows_help_compiles_nothing():
    done = child("-c", "import sys, simcore; simcore.Plan; simcore.Market; print('numba' in sys.modules)")
    assert done.stdout.strip() == "False"


def test_a_failing_child_is_noticed():
    """The negative control of the checks above: a process that fails cannot pass for one that agrees."""
    with pytest.raises((AssertionError, subprocess.CalledProcessError), match="broken"):
        child("-c", "raise SystemExit('broken')")
