"""Losses of one's own: the figures are those of the measures, and of `simcore run` to the last bit."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from test_cli import child

import analysis
import scenarios
from analysis import expected_shortfall, mean, value_at_risk, volatility
from analysis.cli import main
from analysis.comparison import COLUMNS, RISKLESS
from analysis.measured import FEWEST_BATCH_ROWS, Sampling, measured_rows, sampling_of
from analysis.resampled import ABOVE_REPLICATES, BELOW_REPLICATES, BEYOND, NO_UPPER_END, binomial_ranks
from simcore import Pool, PoolTree, Position, simulate
from simcore.summarize import summarize

BATCHES = Sampling(0)
SIDES = ("lower", "upper")


def tree_of(columns, pools=None):
    pools = pools or {"pool": tuple(columns)}
    return PoolTree([Position(c, c, 1.0) for c in columns], [Pool(name, members) for name, members in pools.items()])


def simulated(name, paths):
    scenario = scenarios.load(name, overrides={"simulation.paths": paths})
    results = simulate(scenario.cases[:1], replace(scenario.plan, outputs=("losses",)))
    tree = scenario.cases[0].pools
    columns = np.column_stack([results.outputs["base"].losses[position.name] for position in tree.positions])
    return scenario, results, columns


def write_csv(file, names, values):
    head = ",".join(f'"{name}"' for name in names)
    file.write_text("\n".join([head, *(",".join(map(repr, row)) for row in values.tolist())]) + "\n")


def write_pools(file, tree):
    tables = (f"[[pools]]\nname = {json.dumps(p.name)}\nmembers = {json.dumps(list(p.members))}\n" for p in tree.pools)
    file.write_text("\n".join(tables))


@pytest.mark.parametrize(("name", "paths"), [("etf18", 20_000), ("three_assets", 1000), ("etf18", 131_073)])
def test_a_summary_of_losses_has_the_bits_of_the_run(name, paths):
    scenario, results, _ = simulated(name, paths)
    for node, summary in results["base"].items():
        own = summarize(results.outputs["base"].losses[node], scenario.plan.confidences)
        assert (own.center, own.batch_paths) == (summary.center, summary.batch_paths)
        for part in ("batch", "count", "deviation", "square"):
            assert getattr(own, part).tobytes() == getattr(summary, part).tobytes()
        reach = min(own.tail.reach, summary.tail.reach)
        assert own.tail.enough
        assert [own.tail.loss_at(r) for r in (1, reach)] == [summary.tail.loss_at(r) for r in (1, reach)]


@pytest.mark.parametrize(("name", "paths"), [("etf18", 20_000), ("three_assets", 1000)])
def test_the_command_gives_the_figures_of_run_to_the_last_bit(name, paths, tmp_path, capsys):
    """Through a CSV: simulated, written, read and measured."""
    scenario, results, columns = simulated(name, paths)
    tree = scenario.cases[0].pools
    write_csv(tmp_path / "losses.csv", [position.name for position in tree.positions], columns)
    write_pools(tmp_path / "pools.toml", tree)
    given = ["measure", str(tmp_path / "losses.csv"), "--pools", str(tmp_path / "pools.toml"), "--json"]
    confidence = [text for c in scenario.plan.confidences for text in ("--confidence", str(c))]
    assert main([*given, *confidence, "--name", scenario.name, "--currency", "USD"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    of_run = [row._asdict() for row in analysis.rows(scenario.cases[:1], scenario.plan, results, name=scenario.name)]
    assert len(rows) == len(of_run)
    for row, expected in zip(rows, of_run, strict=True):
        assert list(row) == list(COLUMNS)
        same = [key for key in COLUMNS if key not in ("std_error", "low", "high", "note", "unit")]
        assert [row[key] for key in same] == [expected[key] for key in same]
        assert row["std_error"] > 0
        assert (row["low"] is None) == ("no lower end" in (row["note"] or ""))
        assert (row["high"] is None) == ("no upper end" in (row["note"] or ""))
        assert (row["low"] or -math.inf) < row["value"] < (row["high"] or math.inf)


def test_with_batches_the_whole_table_is_that_of_run():
    scenario, results, columns = simulated("etf18", 150_000)
    named = {"name": "etf18", "currency": "USD"}
    own = measured_rows(scenario.cases[0].pools, columns, scenario.plan.confidences, BATCHES, **named)
    assert own == analysis.rows(scenario.cases[:1], scenario.plan, results, **named)


def test_the_bootstrap_and_the_batches_agree():
    """Standard errors of one sample by two methods: by as much as 245 batches and 1,000 replicates let them."""
    _, _, columns = simulated("three_assets", 100_000)
    tree = tree_of(["a", "b", "c"])
    drawn = measured_rows(tree, columns, (0.95, 0.99), Sampling(1000))
    batched = measured_rows(tree, columns, (0.95, 0.99), BATCHES)
    for one, other in zip(drawn, batched, strict=True):
        assert one.value == other.value
        assert one.std_error == pytest.approx(other.std_error, rel=5.85 * np.sqrt(1 / 2000 + 1 / 390))
        assert one.low == pytest.approx(other.low, abs=other.std_error)
        assert one.high == pytest.approx(other.high, abs=other.std_error)


def test_every_figure_is_the_measure_of_the_losses():
    rng = np.random.default_rng(11)
    losses = rng.standard_t(3, (777, 4)) * [1.0, 5.0, 2.0, 3.0] + 10.0
    tree = tree_of("abcd", {"ab": ("a", "b"), "all": ("ab", "c", "d")})
    sums = dict(zip("abcd", losses.T, strict=True))
    sums["ab"] = sums["a"] + sums["b"]
    sums["all"] = sums["ab"] + sums["c"] + sums["d"]
    members = {"ab": ["a", "b"], "all": ["ab", "c", "d"]}
    below = {"all": ["a", "b", "c", "d"]}
    measures = {
        "mean": lambda x, _: mean(x),
        "volatility": lambda x, _: volatility(x),
        "value_at_risk": value_at_risk,
        "expected_shortfall": expected_shortfall,
    }
    rows = measured_rows(tree, losses, (0.9, 0.99), Sampling(200))
    assert len(rows) == 17 + 28 + 4 * 6
    for row in rows:

        def own(node, row=row):
            return measures[row.measure](sums[node], row.confidence)

        parts = below if row.view.endswith("_assets") else members
        expected = own(row.node)
        if row.view.startswith("unpooled"):
            expected = sum(own(member) for member in parts[row.node])
        elif row.view.startswith("benefit"):
            expected = 1 - expected / sum(own(member) for member in parts[row.node])
        assert row.value == pytest.approx(expected, rel=1e-12)
        assert row.low is None or row.low <= row.value
        assert row.high is None or row.value <= row.high
        assert (row.low is None, row.high is None) == tuple(f"no {end} end" in (row.note or "") for end in SIDES)
        assert (row.case, row.unit) == ("base", "1" if row.view.startswith("benefit") else "")


def test_var_of_a_node_lies_between_its_order_statistics():
    losses = np.random.default_rng(5).permutation(np.arange(1.0, 1001.0))[:, None]
    rows = measured_rows(tree_of("a", {"p": ("a",)}), losses, (0.95, 0.99), Sampling(100))
    for row in rows:
        if row.measure == "value_at_risk" and row.view in ("pooled", "standalone"):
            assert (row.low, row.high) == binomial_ranks(row.confidence, 1000)
            assert row.value == 1000 * row.confidence
    blocks = measured_rows(tree_of("a"), losses, (0.95,), Sampling(100, mean_block=5.0))
    found = next(row for row in blocks if row.measure == "value_at_risk")
    assert (found.low, found.high) != binomial_ranks(0.95, 1000)  # rows that depend have no binomial distribution


def test_blocks_see_what_single_rows_do_not():
    """A mean of rows that follow one another with correlation 0.8 has three times the error of independent ones."""
    rng = np.random.default_rng(8)
    x = np.zeros(5000)
    for i in range(1, len(x)):
        x[i] = 0.8 * x[i - 1] + rng.standard_normal() * 0.6
    single, blocks = (
        measured_rows(tree_of("a"), x[:, None], (0.95,), Sampling(1000, mean_block=block))[0].std_error
        for block in (1.0, 50.0)
    )
    assert single == pytest.approx(1 / np.sqrt(5000), rel=0.1)
    assert blocks == pytest.approx(3 / np.sqrt(5000), rel=0.2)


def notes(losses, confidences=(0.95,), sampling=None, **pools):
    rows = measured_rows(tree_of("ab"[: losses.shape[1]], pools), losses, confidences, sampling or Sampling(200))
    return {(row.node, row.view, row.measure): row for row in rows}


def test_few_losses_in_the_tail_are_told():
    losses = np.random.default_rng(6).standard_normal((2000, 2))
    found = notes(losses, (0.99,))
    assert found["pool", "benefit", "expected_shortfall"].note == "only 20 losses in the tail (below 100)"
    assert found["pool", "pooled", "value_at_risk"].note == "only 20 losses in the tail (below 100)"
    assert found["pool", "pooled", "volatility"].note is None
    assert notes(losses)["pool", "pooled", "expected_shortfall"].note is None  # the control: 100


@pytest.mark.parametrize("sampling", [Sampling(200), Sampling(200, mean_block=3.0)])
def test_a_confidence_beyond_the_sample_has_no_error(sampling):
    losses = np.random.default_rng(6).standard_normal((99, 2))
    found = notes(losses, (0.99,), sampling)
    for node, measure in (("a", "value_at_risk"), ("a", "expected_shortfall")):
        row = found[node, "standalone", measure]
        assert row.value == losses[:, 0].max()
        assert (row.std_error, row.high) == (None, None)
        assert BEYOND in row.note
    assert found["pool", "benefit", "expected_shortfall"].std_error is None
    assert notes(losses, (0.98,), sampling)["a", "standalone", "expected_shortfall"].std_error > 0


def test_a_sample_that_is_too_short_has_no_upper_end():
    losses = np.random.default_rng(6).standard_normal((300, 1))
    row = notes(losses, (0.99,))["a", "standalone", "value_at_risk"]
    assert NO_UPPER_END in row.note
    assert row.high is None
    assert row.low == np.sort(losses[:, 0])[binomial_ranks(0.99, 300)[0] - 1]


@pytest.mark.parametrize("sampling", [Sampling(200), Sampling(200, mean_block=2.0)])
@pytest.mark.parametrize(("rows", "confidence"), [(100, 0.99), (40, 0.975), (1000, 0.999), (41, 0.975)])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_one_loss_in_the_tail_bounds_no_es(rows, confidence, sign, sampling):
    losses = sign * np.exp(np.random.default_rng(6).standard_normal((rows, 2)))
    found = notes(losses, (confidence,), sampling)
    for view in ("pooled", "unpooled"):
        row = found["pool", view, "expected_shortfall"]
        assert (row.low, row.high) == (None, None)
        assert row.std_error > 0
        assert row.note.endswith(f"{BELOW_REPLICATES}; {ABOVE_REPLICATES}")
    benefit = found["pool", "benefit", "expected_shortfall"]
    assert (benefit.low, benefit.high) == (None, None)
    assert (benefit.value is None) == (sign < 0)


def test_ties_at_var_are_told():
    losses = np.zeros((1000, 1))
    losses[:30, 0] = np.arange(1.0, 31.0)
    row = notes(losses)["a", "standalone", "value_at_risk"]
    assert (row.value, row.low) == (0.0, 0.0)
    assert "970 equal losses at VaR: its interval ends there" in row.note
    assert notes(losses)["a", "standalone", "expected_shortfall"].std_error > 0


@pytest.mark.parametrize(
    ("rows", "sampling", "note"),
    [
        (19, Sampling(200), "no standard error: 19 of at least 20 rows"),
        (100, Sampling(200, mean_block=8.0), "12.5 of at least 20 blocks (100 rows of a mean block of 8)"),
        (1, Sampling(200), "no standard error: 1 of at least 20 rows"),
    ],
)
def test_too_few_rows_have_no_error(rows, sampling, note):
    losses = np.random.default_rng(6).exponential(size=(rows, 2))
    found = notes(losses, (0.6,), sampling)
    row = found["a", "standalone", "mean"]
    assert row.value == pytest.approx(losses[:, 0].mean())
    assert (row.std_error, row.low, row.high) == (None, None, None)
    assert note in row.note
    assert (found["pool", "pooled", "value_at_risk"].low, found["pool", "benefit", "volatility"].low) == (None, None)


@pytest.mark.parametrize("sampling", [Sampling(200), Sampling(200, mean_block=2.0), BATCHES])
def test_a_pool_without_risk_has_no_benefit(sampling):
    x = np.random.default_rng(6).integers(-9, 9, FEWEST_BATCH_ROWS).astype(float)
    found = notes(np.column_stack([x, -x]), sampling=sampling)
    row = found["pool", "pooled", "expected_shortfall"]
    assert (row.value, row.std_error, row.low, row.high, row.note) == (0.0, 0.0, 0.0, 0.0, None)
    assert (found["pool", "benefit", "volatility"].value, found["pool", "benefit", "volatility"].note) == (
        None,
        RISKLESS,
    )
    always = notes(np.column_stack([x, np.full(len(x), 0.1)]), sampling=sampling)
    for measure, value in (("mean", 0.1), ("volatility", 0.0), ("value_at_risk", 0.1), ("expected_shortfall", 0.1)):
        row = always["b", "standalone", measure]
        assert (row.value, row.std_error, row.low, row.high) == (value, 0.0, value, value)
    assert always["pool", "unpooled", "volatility"].std_error > 0


def test_gains_have_no_benefit():
    losses = -1.0 - np.random.default_rng(6).random((200, 2))
    row = notes(losses)["pool", "benefit", "expected_shortfall"]
    assert row.value is None
    assert row.note.startswith("no benefit: the unpooled figure, or its interval, reaches 0")


def test_how_many_replicates():
    options = {"mean_block": 1.0, "seed": 1}
    assert sampling_of(100_000, replicates=None, **options).replicates == 1000
    assert sampling_of(100_001, replicates=None, **options).replicates == 0
    assert sampling_of(100_001, replicates=500, **options).replicates == 500
    assert sampling_of(100_001, replicates=None, mean_block=2.0, seed=1).replicates == 1000


# -- the command


@pytest.fixture
def file(tmp_path):
    losses = np.random.default_rng(9).standard_normal((400, 3)) * [3.0, 2.0, 1.0]
    write_csv(tmp_path / "claims.csv", ["fire", "hail", "motor"], losses.round(2))
    return tmp_path / "claims.csv"


def test_the_command_prints_the_table(file, capsys):
    pools = file.with_name("pools.toml")
    write_pools(pools, tree_of(["fire", "hail", "motor"], {"home": ("fire", "hail"), "all": ("home", "motor")}))
    assert main(["measure", str(file), "--pools", str(pools), "--currency", "EUR", "--confidence", "0.9"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    lines = printed.out.splitlines()
    assert lines[0] == "claims: 400 rows of 3 columns, equally likely"
    assert lines[1].startswith(
        "Losses in EUR. Errors and intervals are sampling error only: rows drawn again 1,000 times"
    )
    assert re.search(r"^  all +\d", printed.out, re.MULTILINE)
    assert "benefit of members" in printed.out
    assert "value" not in lines[5]
    assert max(map(len, lines)) <= 120


def test_the_document_says_what_it_was_made_of(file, capsys, tmp_path):
    assert main(["measure", str(file), "--json", "--seed", "5", "--out", str(tmp_path / "out")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["scenario", "losses", "sampling", "provenance", "rows"]
    assert document["scenario"] == "claims"
    assert document["losses"]["columns"] == ["fire", "hail", "motor"]
    assert (document["losses"]["rows"], document["losses"]["gains"]) == (400, False)
    assert document["sampling"] == {"replicates": 1000, "mean_block": 1.0, "seed": 5}
    assert list(document["provenance"]) == ["digest", "versions", "cpu", "threads", "seconds"]
    assert json.loads((tmp_path / "out" / "comparison.json").read_text()) == document
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["command"][:2] == ["simcore", "measure"]
    assert manifest["pools"] == [{"name": "pool", "members": ["fire", "hail", "motor"]}]
    written = (tmp_path / "out" / "comparison.csv").read_text().splitlines()
    assert written[0] == ",".join(COLUMNS)
    assert len(written) == len(document["rows"]) + 1
    again = ["measure", str(file), "--json", "--threads", "1", "--seed"]
    assert main([*again, "5"]) == 0
    same = json.loads(capsys.readouterr().out)
    assert (same["rows"], same["provenance"]["digest"]) == (document["rows"], document["provenance"]["digest"])
    assert main([*again, "6"]) == 0
    other = json.loads(capsys.readouterr().out)
    assert other["rows"] != same["rows"]
    assert [row["value"] for row in other["rows"]] == [row["value"] for row in same["rows"]]
    assert other["provenance"]["digest"] != same["provenance"]["digest"]


def test_cautions_go_to_stderr_and_quiet_hushes_them(file, capsys):
    pools = file.with_name("pools.toml")
    pools.write_text('[[pools]]\nname = "p"\nmembers = ["fire"]\n')
    assert main(["measure", str(file), "--pools", str(pools)]) == 0
    assert "caution: in no pool, and so in the figures of none: hail, motor" in capsys.readouterr().err
    assert main(["measure", str(file), "--pools", str(pools), "--quiet"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("rows", "shown"), [(100, ""), (1500, r" +\[(none, \d+\.\d|\d+\.\d, none)\]")])
def test_an_end_that_is_missing_is_no_number_in_the_table(tmp_path, capsys, rows, shown):
    """A share of one heavy column in two: its benefit has a tail on one side alone."""
    rng = np.random.default_rng(4)
    losses = np.column_stack([np.exp(1.5 * rng.standard_normal(rows)), 5.0 * rng.standard_normal(rows) + 20.0])
    write_csv(tmp_path / "losses.csv", ["a", "b"], losses)
    given = ["measure", str(tmp_path / "losses.csv"), "--confidence", "0.99", "--replicates", "100"]
    assert main(given) == 0
    printed = capsys.readouterr().out
    assert re.search(rf"^  pool .* -?\d+\.\d{shown} +\[1\]", printed, re.MULTILINE), printed
    assert BELOW_REPLICATES in printed or ABOVE_REPLICATES in printed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--confidence", "99"], "--confidence = 99\n    allowed: a number strictly between 0.5 and 1\n"),
        (["--confidence", "0.9", "--confidence", "0.9"], "--confidence = 0.9\n    allowed: each once"),
        (["--replicates", "99"], "--replicates = 99\n    allowed: a whole number from 100 to 1000000, or 0"),
        (["--replicates", "many"], "--replicates = 'many'"),
        (["--replicates", "0"], "at least 9729 rows for errors from batches"),
        (["--mean-block", "0.5"], "--mean-block = 0.5\n    allowed: a number of rows from 1"),
        (["--mean-block", "5", "--replicates", "0"], "a bootstrap, which --replicates 0 is not"),
        (["--seed", "-1"], "--seed = -1"),
        (["--seed", "1.5"], "--seed = 1.5"),
        (["--decimal", "'"], "--decimal = "),
        (["--separator", "space"], "--separator = 'space'\n    allowed: comma, semicolon, tab, bar"),
        (["--separator", "comma", "--decimal", ","], "another mark than --decimal"),
        (["--name", " "], "--name = ' '"),
        (["--currency", "a\tb"], "--currency = 'a\\tb'"),
        (["--threads", "0"], "--threads = 0"),
        (["--out", ""], '--out = ""'),
    ],
)
def test_wrong_options_are_refused(file, capsys, options, said):
    assert main(["measure", str(file), *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert printed.err.startswith("simcore: 1 problem with the input\n")


def test_all_wrong_options_are_told_at_once(file, capsys):
    assert main(["measure", str(file), "--seed", "x", "--replicates", "5", "--threads", "0"]) == 2
    assert capsys.readouterr().err.startswith("simcore: 3 problems with the input\n")


def test_what_is_wrong_is_told_without_numba(file):
    file.write_text("a,b\n1,\n")
    code = "import sys; from analysis.cli import main; s = main(sys.argv[1:]); print('numba' in sys.modules); exit(s)"
    for arguments in (["--seed", "x"], []):
        done = child("-c", code, "measure", str(file), *arguments)
        assert (done.returncode, done.stdout) == (2, "False\n")


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        (71, ("at most about 241 rows: 0.0 GiB, 80 % of", "measure fewer rows or columns, or --replicates 0")),
        (10, ("one row alone takes 0.0 GiB", "measure fewer columns, or --replicates 0")),
    ],
)
def test_what_cannot_be_measured_in_memory_is_refused(file, capsys, monkeypatch, pages, said):
    monkeypatch.setattr("os.sysconf", lambda name: 4096 if name == "SC_PAGE_SIZE" else pages)
    assert main(["measure", str(file)]) == 2
    printed = capsys.readouterr().err
    assert f"{file}: rows = 400 (about " in printed
    assert all(text in printed for text in said)


def test_more_confidences_take_more_memory(file, capsys, monkeypatch):
    monkeypatch.setattr("os.sysconf", lambda name: 4096 if name == "SC_PAGE_SIZE" else 300)
    assert main(["measure", str(file)]) == 0
    capsys.readouterr()
    many = [text for i in range(60) for text in ("--confidence", f"0.9{i:02}")]
    assert main(["measure", str(file), *many]) == 2
    assert "rows = 400 (about " in capsys.readouterr().err


@pytest.mark.parametrize("count", [99, 100, 101])
def test_one_loss_in_the_tail_has_no_ends_of_an_interval(tmp_path, capsys, count):
    """With 100 rows exactly one loss stands behind the figures at 0.99: t has no degree of freedom left."""
    losses = np.random.default_rng(3).standard_normal((count, 2))
    write_csv(tmp_path / "few.csv", ["a", "b"], losses)
    assert main(["measure", str(tmp_path / "few.csv"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    (row,) = [r for r in rows if (r["node"], r["measure"], r["confidence"]) == ("a", "expected_shortfall", 0.99)]
    assert (row["low"], row["high"]) == (None, None)
    if count < 100:
        assert row["note"] == BEYOND
    else:
        assert all(end in row["note"] for end in (BELOW_REPLICATES, ABOVE_REPLICATES))
