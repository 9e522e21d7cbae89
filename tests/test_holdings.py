"""What is held: weights against plain arithmetic, portfolio files line by line, and what stands against either."""

import contextlib
import math
import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import scenarios
from analysis.cli import main
from analysis.toml import toml_of
from scenarios.loader import from_document
from simcore import InputError

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "scenario-file.md").read_text(encoding="utf-8")


def document(holdings, volatility=(0.1, 0.2, 0.4), values=(None, None, None), **more):
    assets = [
        {"name": name, "expected_return": 0.0, "volatility": sigma} | ({} if value is None else {"value": value})
        for name, sigma, value in zip(("World shares", "Small shares", "Bonds"), volatility, values, strict=True)
    ]
    return {
        "schema": 1,
        "name": "held",
        "currency": "EUR",
        "universe": {"correlation": 0.2, "assets": assets},
        "holdings": holdings,
        "simulation": {"paths": 1000, "horizon_years": 0.25, "seed": 1},
        "measures": {"confidence": 0.95},
        **more,
    }


def values_of(scenario):
    return {position.name: position.value for position in scenario.cases[0].pools.positions}


@pytest.mark.parametrize(
    ("weights", "values", "shares"),
    [
        ("equal", (None,) * 3, (1 / 3, 1 / 3, 1 / 3)),
        ("risk", (None,) * 3, (1 / 7, 2 / 7, 4 / 7)),
        ("inverse_volatility", (None,) * 3, (4 / 7, 2 / 7, 1 / 7)),
        ("value", (300.0, 0.0, 100.0), (3 / 4, 0.0, 1 / 4)),
        ("value", (300.0, -100.0, 200.0), (3 / 4, -1 / 4, 1 / 2)),
        ({"World shares": 0.5, "Bonds": 0.7, "Small shares": -0.2}, (None,) * 3, (0.5, -0.2, 0.7)),
    ],
)
def test_weights(weights, values, shares):
    scenario = from_document(document({"total": 1e6, "weights": weights}, values=values))
    held = values_of(scenario)
    assert list(held) == ["World shares", "Small shares", "Bonds"]
    assert list(held.values()) == pytest.approx([1e6 * share for share in shares], rel=1e-15)
    assert [position.asset for position in scenario.cases[0].pools.positions] == list(held)
    assert scenario.resolved["positions"] == [{"name": n, "asset": n, "value": v} for n, v in held.items()]
    assert scenario.resolved["pools"] == [{"name": "pool", "members": list(held)}]
    assert "holdings" not in scenario.resolved
    assert from_document(scenario.resolved).digest == scenario.digest


@given(
    total=st.floats(1e-3, 1e12),
    volatility=st.lists(st.floats(1e-6, 10.0), min_size=3, max_size=3),
    weights=st.sampled_from(["equal", "risk", "inverse_volatility"]),
)
def test_every_total_is_held_in_full(total, volatility, weights):
    held = values_of(from_document(document({"total": total, "weights": weights}, volatility=volatility)))
    assert math.fsum(held.values()) == pytest.approx(total, rel=1e-14)
    product = {"equal": (0, 1), "risk": (-1, 1), "inverse_volatility": (1, 1)}[weights][0]
    same = [value * sigma**product for value, sigma in zip(held.values(), volatility, strict=True)]
    assert same == pytest.approx([same[0]] * 3, rel=1e-13)


def test_values_that_are_the_total_stay():
    values = (0.1, 0.2, 0.7)
    total = float(sum(map(Fraction, values)))
    held = values_of(from_document(document({"total": total, "weights": "value"}, values=values)))
    assert tuple(held.values()) == pytest.approx(values, rel=1e-15)


def test_holdings_equal_the_same_positions_written(capsys):
    """In every figure."""
    written = document(None, values=(1e6 / 7, 2e6 / 7, 4e6 / 7))
    del written["holdings"]
    weighed = document({"total": 1e6, "weights": "risk"})
    one, other = (from_document(d) for d in (written, weighed))
    assert values_of(one) == pytest.approx(values_of(other), rel=1e-15)
    assert one.cases[0].market.scale.tolist() == other.cases[0].market.scale.tolist()


def test_pools_may_stand_beside_weights():
    pools = [{"name": "shares", "members": ["World shares", "Small shares"]}]
    scenario = from_document(document({"total": 1e6, "weights": "equal"}, pools=pools))
    assert scenario.resolved["pools"] == pools
    with pytest.raises(InputError, match=r"universe.assets\[2\].name has it"):
        from_document(document({"total": 1.0, "weights": "equal"}, pools=[{"name": "Bonds", "members": ["Bonds"]}]))


# -- portfolio files


@pytest.fixture
def load_csv(tmp_path):
    def load(content, **more):
        name = "portfolio.csv"
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(data)
        return from_document(document({"file": name}, **more), str(tmp_path / "fund.toml"))

    return load


GOOD = "name,asset,value,pool\nA,World shares,100,p\nB,Bonds,-20.5,q\nC,World shares,1e3,p\nD,Bonds,0,\n"
HELD = {"A": 100.0, "B": -20.5, "C": 1000.0, "D": 0.0}


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        "\n\n" + GOOD.replace("\n", "\n\n , ,,\n") + ",,,\n",
        GOOD.replace(",", " , "),
        re.sub(r"([^,\n]+)", r'"\1"', GOOD),
        "\n".join(",".join(reversed(line.split(","))) for line in GOOD.splitlines()),
    ],
)
def test_a_portfolio_file(text, load_csv):
    scenario = load_csv(text)
    assert values_of(scenario) == HELD
    assert [p.asset for p in scenario.cases[0].pools.positions] == ["World shares", "Bonds", "World shares", "Bonds"]
    assert scenario.resolved["pools"] == [{"name": "p", "members": ["A", "C"]}, {"name": "q", "members": ["B"]}]
    assert scenario.cautions == ("in no pool, and so in the figures of none: D",)
    assert from_document(scenario.resolved).digest == scenario.digest


def test_without_pools_there_is_one_of_all(load_csv):
    for text in ("name,asset,value\nA,Bonds,1\n", "name,asset,value,pool\nA,Bonds,1,\n"):
        assert load_csv(text).resolved["pools"] == [{"name": "pool", "members": ["A"]}]


def test_pools_of_the_scenario_hold_pools_of_the_file(load_csv):
    scenario = load_csv(GOOD, pools=[{"name": "all", "members": ["p", "q", "D"]}])
    assert [pool["name"] for pool in scenario.resolved["pools"]] == ["p", "q", "all"]
    assert scenario.cautions == ()
    with pytest.raises(InputError, match=r"pools\[0\].members \(all\) = 'z'"):
        load_csv(GOOD, pools=[{"name": "all", "members": ["z"]}])


HEAD = "name,asset,value\n"
MISTAKES = [  # what stands in the file, and the message: its place and value, and the beginning of its remedy
    ("", "file = empty"),
    ("\n , \n", "file = empty"),
    (HEAD, "file = no positions"),
    ((HEAD + "Caf\u00e9,Bonds,1\n").encode("latin-1"), "line 2 = byte 0xe9", "save the file as CSV in UTF-8"),
    (HEAD.replace(",", ";"), 'line 1 = "name;asset;value"', "save the file with commas between the cells"),
    (HEAD.replace(",", "\t"), 'line 1 = "name\\tasset\\tvalue"', "save the file with commas between the cells"),
    ("name,asset,Value\n", 'line 1, column 3 = "Value"', 'did you mean "value"?'),
    ("Savings,asset,value\n", 'line 1, column 1 = "Savings"', "name the columns in the first line, no others"),
    ("name,asset,value,\n", 'line 1, column 4 = ""', "name the columns in the first line, no others"),
    ("name,asset,value,value\n", 'line 1, column 4 = "value"', "remove one"),
    ("name,asset\n", "line 1 = no column value", "name the columns in the first line of the file"),
    (
        HEAD + "A,Bonds,1,000\n",
        "line 2 = 4 cells",
        "text with a comma stands between double quotes, and thousands have no comma: 1000",
    ),
    (HEAD + "A,Bonds\n", "line 2 = 2 cells"),
    (HEAD + 'A,"Bonds,1\n', "line 2 = no CSV (unexpected end of data)", "close every double quote"),
    (HEAD + 'A,"B"onds,1\n', "line 2 = no CSV", "close every double quote"),
    (HEAD + "A\0,Bonds,1\n", "line 2"),
    (HEAD + ",Bonds,1\n", "line 2, name = (empty)", "name the position"),
    (HEAD + '"a\nb",Bonds,1\n', 'line 3, name = "a\\nb"', "name the position"),
    (HEAD + "A,,1\n", "line 2, asset = (empty)", "name the asset"),
    (HEAD + "A,Bond,1\n", 'line 2, asset = "Bond"', 'did you mean "Bonds"?'),
    (HEAD + "A,Bonds,\n", "line 2, value = (empty)", "write the number alone"),
    (HEAD + 'A,Bonds,"1,000"\n', 'line 2, value = "1,000"', "thousands have no sign between them: 1000"),
    (HEAD + "A,Bonds,1_000\n", 'line 2, value = "1_000"', "thousands have no sign between them: 1000"),
    (HEAD + "A,Bonds,1'000.5\n", 'line 2, value = "1\'000.5"', "thousands have no sign between them: 1000.5"),
    (HEAD + 'A,Bonds,"12,5"\n', 'line 2, value = "12,5"', "decimals have a point: 12.5"),
    (HEAD + "A,Bonds,(100)\n", 'line 2, value = "(100)"', "a short position has a minus: -100"),
    (HEAD + "A,Bonds,100 EUR\n", 'line 2, value = "100 EUR"', "write the number alone"),
    (HEAD + "A,Bonds,nan\n", 'line 2, value = "nan"', "write the number alone"),
    (HEAD + "A,Bonds,-inf\n", 'line 2, value = "-inf"', "write the number alone"),
    (HEAD + "A,Bonds,\u0661\n", "line 2, value = ", "write the number alone"),
    (HEAD + "A,Bonds,1e101\n", 'line 2, value = "1e101"', "give the exposure in the currency"),
    (HEAD + f"A,Bonds,{'9' * 5000}\n", "line 2, value = ", "give the exposure in the currency"),
    (
        "name,asset,value,pool\n" + 'A,Bonds,1,"a\nb"\n',
        'line 3, pool = "a\\nb"',
        "correct it, or leave it empty for no pool",
    ),
    (HEAD + 21 * "A,Bonds,x\n", "further problems = more than 20 of a kind", "mend those above first"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake[1])
def test_a_mistake_is_told_with_its_line(mistake, load_csv, tmp_path):
    text, said, *remedy = mistake
    with pytest.raises(InputError) as caught:
        load_csv(text)
    problem = next(p for p in reversed(caught.value.problems) if p.file == str(tmp_path / "portfolio.csv"))
    assert str(problem).removeprefix(f"{tmp_path / 'portfolio.csv'}: ").startswith(said)
    assert problem.remedy.startswith("".join(remedy))
    assert {p.file for p in caught.value.problems} == {problem.file}


def test_the_page_has_these_messages():
    rows = re.findall(r"^\| .* \| `((?:line|file|further) ?.*?)`(?:: (.*?))? \|$", PAGE, re.MULTILINE)
    assert len(rows) >= 20
    known = [(said.replace("\\\\", "\\"), "".join(remedy)) for _, said, *remedy in MISTAKES]
    assert [row for row in rows if not any(row[0].startswith(s) and r.startswith(row[1]) for s, r in known)] == []


def test_all_mistakes_are_told_at_once_and_with_those_of_the_scenario(load_csv):
    with pytest.raises(InputError) as caught:
        load_csv(HEAD + "A,Bond,x\n,Bonds,1\n", shocks=[{"name": "base", "changes": [{"volatility": {"set": 0.1}}]}])
    assert [p.place for p in caught.value.problems] == [
        *("line 2, asset", "line 2, value", "line 3, name"),
        "shocks[0].name",
    ]


@given(st.binary(max_size=60), st.integers(0, 200))
def test_any_bytes_are_read_or_refused(tmp_path_factory, noise, at):
    folder = tmp_path_factory.getbasetemp()
    data = GOOD.encode()
    (folder / "noise.csv").write_bytes(data[:at] + noise + data[at:])
    with contextlib.suppress(InputError):
        scenario = from_document(document({"file": "noise.csv"}), str(folder / "fund.toml"))
        assert all(math.isfinite(value) for value in values_of(scenario).values())


# -- extends, overrides, the command line


def extending(tmp_path, text, base):
    (tmp_path / "base.toml").write_text(toml_of(base))
    (tmp_path / "upper.toml").write_text('extends = "base.toml"\n' + text)
    return scenarios.load(tmp_path / "upper.toml")


def test_one_form_of_what_is_held_replaces_the_other(tmp_path):
    base = document({"total": 9.0, "weights": "equal"})
    valued = document(None, values=(1.0, 2.0, 5.0), positions=[{"name": "P", "asset": "Bonds", "value": 3.0}])
    del valued["holdings"]
    held = '[holdings]\ntotal = 16\nweights = "{}"\n'
    assert list(values_of(extending(tmp_path, held.format("value"), valued)).values()) == [2.0, 4.0, 10.0]
    assert list(values_of(extending(tmp_path, held.format("equal"), valued)).values()) == [16 / 3] * 3
    assert values_of(extending(tmp_path, '[[positions]]\nname = "P"\nasset = "Bonds"\nvalue = 3\n', base)) == {"P": 3.0}
    assert list(values_of(extending(tmp_path, "[holdings]\ntotal = 30\n", base)).values()) == [10.0] * 3
    (tmp_path / "p.csv").write_text(GOOD)
    assert values_of(extending(tmp_path, '[holdings]\nfile = "p.csv"\n', base)) == HELD
    for beside in ('[[positions]]\nname = "Q"\nasset = "Bonds"\nvalue = 3\n',):
        with pytest.raises(InputError, match=r"positions = Q, beside \[holdings\]"):
            extending(tmp_path, held.format("equal") + beside, valued)


def test_a_portfolio_begins_in_the_folder_of_the_file_that_names_it(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "p.csv").write_text(GOOD)
    (tmp_path / "below" / "base.toml").write_text(toml_of(document({"file": "p.csv"})))
    (tmp_path / "upper.toml").write_text('extends = "below/base.toml"\nname = "upper"\n')
    assert values_of(scenarios.load(tmp_path / "upper.toml")) == HELD


def test_a_total_may_be_overridden(tmp_path):
    (tmp_path / "base.toml").write_text(toml_of(document({"total": 9.0, "weights": "equal"})))
    scenario = scenarios.load(tmp_path / "base.toml", overrides={"holdings.total": 30})
    assert list(values_of(scenario).values()) == [10.0] * 3


def test_the_command_line_counts_and_shows_them(tmp_path, capsys):
    (tmp_path / "p.csv").write_text(GOOD)
    file = tmp_path / "fund.toml"
    file.write_text(toml_of(document({"file": "p.csv"})))
    assert main(["validate", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: valid: 4 positions, 2 pools, 1 case\n"
    assert main(["show", str(file)]) == 0
    shown = capsys.readouterr().out
    assert 'name = "B"\nasset = "Bonds"\nvalue = -20.5' in shown
    assert "holdings" not in shown
