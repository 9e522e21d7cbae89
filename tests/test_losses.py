"""Files of losses and of pools: what is right is read to the last bit, what is wrong is said, all of it."""

import hashlib
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipe_files import piped

from analysis.cli import main
from scenarios.losses import read_losses
from simcore import InputError

FOLDER = Path(__file__).parent / "cases" / "losses"
CASES = sorted(FOLDER.glob("*.expect"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_bad_file_is_refused(case, capsys):
    """`@` at the beginning stands for the CSV, `@@` for the file of pools."""
    lines = case.read_text(encoding="utf-8").splitlines()
    expected = [line.removeprefix("# expect: ") for line in lines if line.startswith("# expect: ")]
    count = next(int(line.split()[-1]) for line in lines if line.startswith("# problems: "))
    losses, pools = str(case.with_suffix(".csv")), str(case.with_suffix(".toml"))
    options = next((line for line in lines if line.startswith("# options: ")), "# options: ").split()[2:]
    arguments = [pools if option == "{pools}" else option for option in options]
    assert main(["measure", losses, *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    assert printed.err.startswith(f"simcore: {count} problem{'' if count == 1 else 's'} with the input\n")
    assert printed.err.count("allowed:") == printed.err.count("remedy:") == count
    for text in expected:
        start = f"{pools}: {text[2:]}" if text.startswith("@@") else text.replace("@", f"{losses}: ", 1)
        assert start in printed.err


def test_enough_cases():
    assert len(CASES) >= 40
    assert {case.stem for case in CASES} >= {path.stem for path in FOLDER.glob("*.csv")}


def test_both_files_are_checked_before_either_is_refused(tmp_path, capsys):
    losses, pools = tmp_path / "losses.csv", tmp_path / "pools.toml"
    losses.write_text("a,b\n1,\n")
    pools.write_text("[[pools]]\n")
    assert main(["measure", str(losses), "--pools", str(pools)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("simcore: 3 problems with the input\n")
    assert f"{losses}: line 2, column" in said
    assert f"{pools}: pools[0].name = (missing)" in said


def written(folder, text, **options):
    file = folder / "losses.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_losses(str(file), **options)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a,b\n1.5,2\n-3,4e2\n", {}),
        ("a,b\r\n1.5,2\r\n-3,4e2", {}),
        ("\ufeffa,b\n1.5,2\n-3,4e2\n\n\n", {}),
        ('"a","b"\n"1.5", 2\n-3 ,+400\n', {}),
        ("a;b\n1,5;2\n-3;4e2\n", {"decimal": ",", "separator": ";"}),
        ("a\tb\n1.5\t2\n-3\t400\n", {"separator": "\t"}),
        ("a,day,b\n1.5,2020-01-01,2\n-3,,400\n", {"index": "day"}),
        ('a,"",b\n1.5,0,2\n-3,1,400\n', {"index": ""}),
        ("a,b\n-1.5,-2\n3,-400\n", {"gains": True}),
    ],
)
def test_what_is_right_is_read(tmp_path, text, options):
    losses = written(tmp_path, text, **options)
    assert losses.names == ("a", "b")
    assert losses.values.tolist() == [[1.5, 2.0], [-3.0, 400.0]]
    assert len(losses.digest) == 64
    assert losses.cautions == ()


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "a,b\n" + 50_000 * "1.25,-2\r\n", "a,b\r1,2\r3,4\r"])
def test_a_pipe_is_read_once(tmp_path, text):
    content = text.encode()
    with piped(content) as file:
        losses = read_losses(file)
    assert losses.digest == hashlib.sha256(content).hexdigest()
    assert losses.values.tobytes() == written(tmp_path, text).values.tobytes()


def test_what_is_no_utf8_in_a_pipe_is_told_with_its_line():
    with piped(b"a,b\n1,2\n3,\xff\n") as file, pytest.raises(InputError, match="line 3 = byte 0xff"):
        read_losses(file)


def test_a_pipe_without_an_end_is_refused(monkeypatch):
    monkeypatch.setattr("scenarios.losses.MOST_BYTES", 10**6)
    with piped(10**6 * b"a\n") as file, pytest.raises(InputError, match="a pipe of 0 MiB or more"):
        read_losses(file)


def test_a_gain_of_0_is_a_loss_of_0(tmp_path):
    values = written(tmp_path, "a,b\n0,-1\n-0.0,1\n", gains=True).values
    assert not np.signbit(values[:, 0]).any()


@settings(max_examples=200)
@given(st.lists(st.floats(-1e100, 1e100), min_size=1, max_size=20), st.sampled_from([".", ","]))
def test_numbers_come_back_to_the_last_bit(tmp_path_factory, numbers, decimal):
    folder = tmp_path_factory.getbasetemp()
    text = "a\n" + "".join(f"{number!r}\n".replace(".", decimal) for number in numbers)
    values = written(folder, text, decimal=decimal, separator=";").values[:, 0]
    assert values.tobytes() == np.array(numbers).tobytes()


@pytest.mark.parametrize(
    ("text", "caution"),
    [
        ("path,a\n1,5\n2,6\n3,8\n", 'column "path" counts the rows and is measured: if it is an index, --index path'),
        ("a,Weight\n1,0.5\n2,0.5\n", 'column "Weight" is measured as losses: every row is equally likely'),
        ("a,b\n-1,-5\n-2,0\n", "no loss is above 0: positive is a loss; if it is a gain in this file, --gains"),
    ],
)
def test_what_is_seldom_meant_is_told(tmp_path, text, caution):
    (said,) = written(tmp_path, text).cautions
    assert said.startswith(caution)


def test_a_file_that_cannot_fit_is_refused_after_its_first_lines(tmp_path, monkeypatch):
    monkeypatch.setattr("scenarios.losses._BIG", 1)
    monkeypatch.setattr("os.sysconf", lambda name: 4096 if name == "SC_PAGE_SIZE" else 10)
    with pytest.raises(InputError, match=r"about \d,\d{3} rows of 2 columns .*\n.*\n.*fewer rows or columns"):
        written(tmp_path, "a,b\n" + "1,2.5\n" * 5000)


BASE = b"day,fire,hail\n2020-01-01,1.5,2\n2020-01-02,-3,4e2\n2020-01-03,7,0.125\n"


@settings(max_examples=300)
@given(st.integers(0, 2**64 - 1))
def test_bytes_that_are_changed_are_read_or_refused(tmp_path_factory, seed):
    """Never another exception, and never a number that is none."""
    draw = random.Random(seed)
    content = bytearray(BASE)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(content))
        byte = draw.choice([draw.randrange(256), *b'",;.\n\r\0e-9 '])
        draw.choice([content.__setitem__, content.insert])(at, byte)
    try:
        losses = written(tmp_path_factory.getbasetemp(), bytes(content), index="day")
    except InputError as error:
        for problem in error.problems:
            assert all((problem.place, problem.value, problem.allowed, problem.remedy))
        return
    assert losses.values.shape[1] == len(losses.names)
    assert np.isfinite(losses.values).all()
