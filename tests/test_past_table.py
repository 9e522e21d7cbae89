"""Tables of past returns: separators, marks, dates, and Parquet where its reader is not installed."""

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scenarios.dates import check_format, read_date, remedy_for
from scenarios.files import File, Reference
from scenarios.past_table import read_table, table_of_frame
from scenarios.sizes import MOST_ASSETS
from simcore import InputError


def read(path, *, decimal=".", date_format=None):
    file = File(path.name, path)
    return read_table(
        file, Reference(File("s.toml", Path("s.toml")), "k", path.name), decimal=decimal, date_format=date_format
    )


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("Date,A,B\n2024-01-01,0.5,1\n\n2024-01-02,-1e-2,\n", "."),
        ("Date;A;B\n2024-01-01;0,5;1\n2024-01-02;-1e-2;NA\n", ","),
        ("Date\tA\tB\r\n2024-01-01\t.5\t+1\r\n2024-01-02\t-0.01\t#N/A\r\n", "."),
        (' Date , "A" ,B\n2024-01-01 00:00:00, 0.5 , 1.\n2024-01-02T00:00, -0.01, nan\n'.replace('"', ""), "."),
        ('Date,A,B\n"2024-01-01","0,5","1"\n"2024-01-02","-0,01",null\n', ","),
        ("\ufeff,A,B\n2024-01-01,0.5,1\n2024-01-02,-0.01,\n", "."),
    ],
)
def test_forms_of_one_table(tmp_path, text, decimal):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode("utf-8"))
    table = read(path, decimal=decimal)
    assert table.names == ("A", "B")
    assert table.dates == (datetime.date(2024, 1, 1), datetime.date(2024, 1, 2))
    np.testing.assert_array_equal(table.values, [[0.5, 1.0], [-0.01, np.nan]])


@pytest.mark.parametrize(
    "text", ["inf", "1_000", "٣", "0x1p3", "1 2", "--", "1e", "1,5", "1.5%", "TRUE", "++1", "1.5.2"]
)
def test_what_is_no_number_is_refused_where_it_stands(tmp_path, text):
    path = tmp_path / "t.csv"
    rows = "".join(f"2024-01-{day:02},0.1,0.2,0.3,0.4\n" for day in range(1, 20))
    path.write_text("Date,A,B,C,D\n" + rows.replace("2024-01-07,0.1", f'2024-01-07,"{text}"'), encoding="utf-8")
    with pytest.raises(InputError, match=r"t\.csv: column \"A\" = .* in line 8 \(2024-01-07\)") as caught:
        read(path)
    assert len(caught.value.problems) == 1


def test_a_fault_in_many_columns_is_told_for_the_first_and_named_for_the_rest(tmp_path):
    path = tmp_path / "t.csv"
    names = [f"A{i}" for i in range(40)]
    good = [f"2024-01-{day:02}," + ",".join(["0.1"] * 40) for day in range(1, 10)]
    path.write_text("\n".join([",".join(["Date", *names]), *good, "2024-01-10," + ",".join(["x"] * 40)]))
    with pytest.raises(InputError) as caught:
        read(path)
    assert len(caught.value.problems) == 13
    assert caught.value.problems[-1].value.startswith("the same in A12, A13")


def test_too_many_columns_are_refused_before_anything_is_computed(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("Date," + ",".join(f"A{i}" for i in range(MOST_ASSETS + 1)) + "\n")
    with pytest.raises(InputError, match=f"{MOST_ASSETS + 1} assets"):
        read(path)


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [
        ("2024-02-29", None, (2024, 2, 29)),
        ("2024-02-29 00:00:00", None, (2024, 2, 29)),
        ("2024-02-29T00:00:00", None, (2024, 2, 29)),
        ("29/02/2024", "%d/%m/%Y", (2024, 2, 29)),
        ("Feb 2024", "%b %Y", (2024, 2, 1)),
    ],
)
def test_dates(text, form, day):
    assert read_date(text, form) == datetime.date(*day)


@pytest.mark.parametrize(
    "text", ["2023-02-29", "2024-2-3", "20240203", "03/04/2024", "2024-02-29 12:30", "", "24-02-29"]
)
def test_no_dates(text):
    assert read_date(text, None) is None


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%y", "%Y%m%d", "%b %d, %Y", "%Y-%j", "%m/%Y", "%Y-%m-%d %H:%M"])
def test_forms_of_dates(form):
    assert check_format(form, "p") == []


@pytest.mark.parametrize(
    "form", ["", "%d/%m", "%Y", "%Y-%d", "%Q %Y %m", "dd/mm/yyyy", "%Y%Y%m", "%", "%Y-%m-%", "%%Y-%m"]
)
def test_no_forms_of_dates(form):
    (problem,) = check_format(form, "p")
    assert problem.value == f'"{form}"'


def test_the_order_of_day_and_month_is_told_when_a_date_decides_it():
    assert remedy_for(["01/02/2024", "13/02/2024"]) == 'write date_format = "%d/%m/%Y"'
    assert remedy_for(["01/02/2024", "02/13/2024"]) == 'write date_format = "%m/%d/%Y"'
    assert remedy_for(["01/02/2024", "03/04/2024"]).startswith("ambiguous, day or month first")


# -- Parquet


def frame():
    index = pd.to_datetime(["2024-01-01", "2024-01-02"])
    return pd.DataFrame({"A": [0.5, -0.01], "B": [1.0, np.nan]}, index=pd.Index(index, name="Date"))


@pytest.mark.parametrize("given", [frame(), frame().reset_index(), frame().rename_axis(None)])
def test_a_frame_is_a_table(given):
    table = table_of_frame(given, "t.parquet")
    assert table.names == ("A", "B")
    assert table.dates == (datetime.date(2024, 1, 1), datetime.date(2024, 1, 2))
    np.testing.assert_array_equal(table.values, frame().to_numpy())


def test_a_frame_read_as_parquet(tmp_path, monkeypatch):
    monkeypatch.setattr(pd, "read_parquet", lambda _: frame())
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1")
    assert read(path).names == ("A", "B")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (frame().assign(B=["x", "y"]), r'column "B" = values of type'),
        (frame().assign(B=True), r'column "B" = values of type bool'),
        (frame().assign(B=np.inf), r'column "B" = inf in line 1'),
        (frame().iloc[::-1], "rising dates"),
        (frame().reset_index(drop=True), 'column "A" = '),
        (frame().iloc[:0], "no rows"),
        (frame()[[]], "one column"),
    ],
)
def test_no_tables(given, said):
    with pytest.raises(InputError, match=said):
        table_of_frame(given, "t.parquet")


def test_parquet_without_its_reader_is_refused_with_the_remedy(tmp_path, monkeypatch):
    def missing(_):
        raise ImportError("no pyarrow")

    monkeypatch.setattr(pd, "read_parquet", missing)
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"needs pyarrow\)\n.*\n.*pip install 'simcore\[parquet\]'"):
        read(path)


def test_broken_parquet_is_refused(tmp_path, monkeypatch):
    def broken(_):
        raise OSError("magic bytes")

    monkeypatch.setattr(pd, "read_parquet", broken)
    path = tmp_path / "t.parquet"
    path.write_bytes(b"x")
    with pytest.raises(InputError, match="no Parquet: OSError"):
        read(path)
