"""Valid files with bytes changed, and what must hold of each: a few for `make test`, many for `make verify`.

Never a traceback, never long, never a number that is none; what is accepted comes to finite figures or to blanks that
say why.
"""

import math
import random
import time
from collections import Counter

import numpy as np

import scenarios
from analysis.calibrated import calibrate
from analysis.comparison import rows
from analysis.estimation import with_estimation
from analysis.measuring import Request, check, measure_file
from simcore import InputError, simulate

SECONDS = 2.0
TOML = [b"0", b"9", b"-", b"e", b".", b'"', b"[", b"]", b"{", b"\n", b"=", b"\xff", b"\0"]
CSV = [b",", b";", b"\t", b" ", b"\n", b"\r", b"\r\n", b'"', b"'", b"0", b"9", b"-", b".", b"e5", b"e300", b"%"]
CSV += [b"nan", b"NA", b"inf", b"1e400", b"1e-320", b"\xef\xbb\xbf", b"\xff", b"\xc3\xa9", b"\xe2\x88\x92", b"\0"]

NUMBERS = [
    b"0",
    b"0.010",
    b"0.9",
    b"-0.5",
    b"-0.99",
    b"-1",
    b"-2",
    b"3.5",
    b"100",
    b"1e-9",
    b"1e-300",
    b"5e-324",
    b"1e9",
]
NUMBERS += [b"1e99", b"1e150", b"-1e200", b"1.7e308"]
ODD = [b"", b"x", b"1,5", b"1.234,5", b"31/01/2024", b"2024-02-29", b"Bonds", b"bonds", b"a" * 300, b"1 000", b"TRUE"]


def mutated(draw, content, tokens=TOML):
    """`content` with one to four bytes changed, left away, put in or moved."""
    out = bytearray(content)
    for _ in range(draw.choice([1, 1, 2, 4])):
        at = draw.randrange(len(out))
        kind = draw.randrange(4)
        if kind == 0:
            out[at] = draw.randrange(256)
        elif kind == 1:
            del out[at : at + draw.choice([1, 1, 1, 5, 50])]
        elif kind == 2:
            out[at:at] = draw.choice(tokens)
        else:
            end = at + draw.randint(1, 40)
            out[at:end], where = b"", draw.randrange(len(out) + 1)
            out[where:where] = content[at:end]
        if not out:
            out = bytearray(content)
    return bytes(out)


def mutated_table(draw, content):
    """`content`, a CSV, with bytes, lines, cells or columns changed."""
    change = draw.choice([_bytes_changed, _lines_changed, _cells_changed, _column_changed])
    return change(draw, content) or content


def _bytes_changed(draw, content):
    return mutated(draw, content, CSV)


def _lines_changed(draw, content):
    lines = content.split(b"\n")
    for _ in range(draw.choice([1, 2])):
        at, other = draw.randrange(len(lines)), draw.randrange(len(lines))
        kind = draw.randrange(4)
        if kind == 0:
            lines.insert(other, lines[at])
        elif kind == 1:
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == 2:
            del lines[draw.randrange(1, len(lines) + 1) :]
        else:
            lines[at] = b""
    return b"\n".join(lines)


def _cells_changed(draw, content):
    """Other text in cells of a column: in one line, or in all."""
    mark = b";" if b";" in content else b","
    lines = [line.split(mark) for line in content.split(b"\n")]
    for _ in range(draw.choice([1, 1, 2])):
        column, what = draw.randrange(4), draw.choice(draw.choice([NUMBERS, NUMBERS, CSV, ODD]))
        for cells in lines[1:] if draw.random() < 0.3 else [draw.choice(lines)]:
            cells[column : column + 1] = [what]
    return b"\n".join(mark.join(cells) for cells in lines)


def _column_changed(draw, content):
    """The numbers of a column in another scale, with another sign, those of another column, or one for all lines."""
    comma = b";" in content
    mark = b";" if comma else b","
    lines = [line.split(mark) for line in content.split(b"\n")]
    del lines[draw.choice([3, 4, 6, 21, 22, 41, 41, 41]) : -1]  # so few that little can be estimated
    for _ in range(draw.choice([1, 1, 2])):
        column, other, kind = draw.randrange(1, 4), draw.randrange(1, 4), draw.randrange(4)
        factor = draw.choice([-1.0, 0.0, 1e-300, 1e-160, 1e-141, 1e-12, 1e-4, 30.0, 1e8, 1e99, 1e160])
        value, after = draw.choice([0.0, 0.01, 100.0]), draw.choice([1, 2])
        for cells in lines[after:]:
            try:
                number = float(cells[other if kind == 1 else column].replace(b",", b"."))
            except (ValueError, IndexError):
                continue
            number = value if kind == 2 else number * factor if kind == 0 else number
            number = number + draw.gauss(0.0, 1e-9) if kind == 3 else number
            cells[column] = repr(number).encode().replace(b".", b"," if comma else b".")
    return b"\n".join(mark.join(cells) for cells in lines)


def tried(figures, *about, seconds=SECONDS):
    """Whether a file is accepted: `figures` reads it and gives the rows of its table."""
    began = time.perf_counter()
    table, problems = _outcome(figures)
    for problem in problems:
        assert all((problem.place, problem.value, problem.allowed, problem.remedy)), (about, problem)
        assert all(line.isprintable() for line in str(problem).split("\n")), (about, problem)
    check_rows(table, *about)
    assert time.perf_counter() - began < seconds, about
    return not problems


def _outcome(figures):
    """The table, or what is wrong; anything else that is raised ends the test."""
    try:
        return figures(), ()
    except InputError as error:
        return [], error.problems


def check_rows(table, *about):
    """Every cell is a finite number, or says why there is none."""
    for row in table:
        numbers = (row.value, row.std_error, row.low, row.high, row.estimation_low, row.estimation_high)
        assert all(number is None or math.isfinite(number) for number in numbers), (about, row)
        assert row.value is not None or row.note, (about, row)


def figures_of(file, *, most=20):
    """The table of a scenario, of 100 paths; nothing of one that would take long."""
    scenario = scenarios.load(file, overrides={"simulation.paths": 100})
    if len(scenario.cases[0].market.names) > most or scenario.plan.steps > 100:
        return []
    results = simulate(scenario.cases, scenario.plan, threads=1)
    table = rows(scenario.cases, scenario.plan, results, name=scenario.name, currency=scenario.currency)
    return with_estimation(scenario, table, threads=1)


def calibrated_figures(draw, file, name):
    """The table of the scenario that `simcore calibrate` writes, which is a right one but for values too small."""
    options = {"kind": "prices" if name == "prices" else "returns", "periods_per_year": 12}
    options |= {"decimal": "," if name == "commas" else ".", "gaps": draw.choice([None, "drop", "pairwise"])}
    done = calibrate(str(file), options, compounding=draw.choice(["log", "simple"]))
    written = file.with_name("calibrated.toml")
    written.write_text(done.text, encoding="utf-8")
    table, problems = _outcome(lambda: figures_of(written))
    assert all(".value (base, " in problem.place for problem in problems), problems  # of volatilities next to 0
    return table


def tables():
    """A CSV of returns and one of prices, of 30 months and three assets, and the returns with decimal commas."""
    draw = np.random.default_rng(4)
    months = [f"{2020 + k // 12}-{k % 12 + 1:02}-28" for k in range(30)]
    returns = (0.04 * (draw.standard_normal((30, 3)) + 0.7 * draw.standard_normal((30, 1)))).round(4)
    prices = (100.0 * np.cumprod(1.0 + returns, axis=0)).round(3)

    def csv(values, mark=","):
        body = [mark.join([month, *map(str, row)]) for month, row in zip(months, values.tolist(), strict=True)]
        return "\n".join([mark.join(["Date", "AGG", "VTI", "VNQ"]), *body, ""])

    texts = {"returns": csv(returns), "prices": csv(prices), "commas": csv(returns, ";").replace(".", ",")}
    return {name: text.encode() for name, text in texts.items()}


def history_scenario(draw):
    """The name of a table, and a scenario of it with one of many estimators, laws and windows."""
    name = draw.choice(["returns", "returns", "prices", "commas"])
    keys = ['file = "mutated.csv"', f'kind = "{"prices" if name == "prices" else "returns"}"', "periods_per_year = 12"]
    keys += ["values = 100_000"] + (['decimal = ","'] if name == "commas" else [])
    estimator = draw.choice(["", "", 'estimator = "ledoit_wolf"', "estimator = { ewma = { half_life = 12 } }"])
    gaps = draw.choice(["", 'gaps = "drop"', 'gaps = "pairwise"'] if not estimator else ["", 'gaps = "drop"'])
    window = draw.choice(["", "start = 2020-06-01", "start = 2020-03-01\nend = 2022-03-31"])
    law, steps = draw.choice([('"normal"', 1), ('"normal"', 1), ("{ student_t = 4 }", 2), ("BOOTSTRAP", 3)])
    law = law.replace("BOOTSTRAP", "{ bootstrap = { mean_block = 2 } }")
    regime = "changes = [{ regime = { start = 2021-01-01, end = 2021-12-31 } }, { volatility = { multiply = 2 } }]"
    shocks = draw.choice(["", f'[[shocks]]\nname = "window"\n{regime}'])
    universe = [f'compounding = "{draw.choice(["log", "simple"])}"', f"innovation = {law}"]
    universe += [f'repair = "{draw.choice(["none", "nearest"])}"']
    text = f"""
        schema = 1
        name = "own"
        currency = "USD"
        [universe]
        {"; ".join(universe).replace("; ", chr(10))}
        [universe.history]
        {chr(10).join([*keys, estimator, gaps, window])}
        {shocks}
        [simulation]
        paths = 100
        steps = {steps}
        horizon_years = 0.25
        seed = 1
        [measures]
        confidence = [0.9, 0.99]
        {"estimation_error = 100" if draw.random() < 0.02 else ""}
    """
    return name, text


PORTFOLIO = b"""name,asset,value,pool
"shares, world",World shares,100000,shares
shares small,Small shares,-2500.75,shares
bonds,Bonds,1e5,income
cash,Bonds,0,
more bonds, Bonds ,+3.5,income
"""
HOLDING = """
schema = 1
name = "held"
currency = "EUR"
[universe]
correlation = 0.2
[[universe.assets]]
name = "World shares"
expected_return = 0.05
volatility = 0.15
[[universe.assets]]
name = "Small shares"
expected_return = 0.06
volatility = 0.2
[[universe.assets]]
name = "Bonds"
expected_return = 0.02
volatility = 0.05
[holdings]
file = "mutated.csv"
[simulation]
paths = 100
horizon_years = 0.25
seed = 1
[measures]
confidence = [0.9, 0.99]
"""
POOLS = b"""[[pools]]
name = "home"
members = ["fire", "hail"]

[[pools]]
name = "all"
members = ["home", "motor"]
"""


def losses():
    """A CSV of 40 years of losses, with an index."""
    values = np.random.default_rng(5).standard_normal((40, 3)) * [3.0, 2.0, 1.0]
    body = [",".join([str(1980 + i), *map(str, row)]) for i, row in enumerate(values.round(2).tolist())]
    return "\n".join(["year,fire,hail,motor", *body, ""]).encode()


def measured(draw, file, pools):
    """The table of `simcore measure`, by one of many requests."""
    request = Request(
        losses=str(file),
        pools=draw.choice([str(pools), None]),
        index=draw.choice(["year", "year", None]),
        decimal=".",
        separator=None,
        gains=draw.random() < 0.2,
        confidences=draw.choice([(0.9, 0.975), (0.95, 0.99)]),
        replicates=100,
        mean_block=draw.choice([1, 1, 3]),
        seed=1,
        name=None,
        currency="EUR",
    )
    check(request)
    return measure_file(request, threads=1, say=None).rows


def compile_kernels(folder):
    """So that no file has to wait for them."""
    try_tables(folder, 0, 100, seconds=math.inf)


def try_tables(folder, seed, count, *, seconds=SECONDS):
    """Try so many changed tables; how many of each kind were accepted and refused."""
    draw, seen = random.Random(seed), Counter()
    table, file, pools = folder / "mutated.csv", folder / "scenario.toml", folder / "pools.toml"
    originals, own = tables(), losses()
    for number in range(count):
        kind = draw.choice(["history", "history", "calibrate", "holdings", "measure"])
        pools.write_bytes(mutated(draw, POOLS) if kind == "measure" and draw.random() < 0.2 else POOLS)
        if kind == "measure":
            table.write_bytes(mutated_table(draw, own))
            accepted = tried(lambda: measured(draw, table, pools), kind, seed, number, seconds=seconds)
        elif kind == "holdings":
            table.write_bytes(mutated_table(draw, PORTFOLIO))
            file.write_text(HOLDING, encoding="utf-8")
            accepted = tried(lambda: figures_of(file), kind, seed, number, seconds=seconds)
        else:
            name, text = history_scenario(draw)
            table.write_bytes(mutated_table(draw, originals[name]))
            file.write_text(text, encoding="utf-8")
            calibrated = kind == "calibrate"
            figures = (
                (lambda name=name: calibrated_figures(draw, table, name)) if calibrated else lambda: figures_of(file)
            )
            accepted = tried(figures, kind, seed, number, seconds=seconds)
        seen[kind, "accepted" if accepted else "refused"] += 1
    return seen
