"""The pages for users say what the program does: every key, column and view is in them, and what they show runs."""

import contextlib
import io
import re
import shlex
import tomllib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from reference_tables import COMMAND, MARKED, with_tables

import scenarios
from analysis import COLUMNS, cli, compare
from analysis.document import manifest_of
from analysis.estimation import FEW, IMPOSSIBLE, NOT_ESTIMATED, REACHES_0
from analysis.runs import load_all, simulate_one
from scenarios.estimation import ENOUGH_BLOCKS
from scenarios.loader import from_document
from scenarios.messages import toml_text

DOCS = Path(__file__).resolve().parent.parent / "docs"
REFERENCE = (DOCS / "scenario-file.md").read_text(encoding="utf-8")
RESULTS = (DOCS / "results.md").read_text(encoding="utf-8")

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
WHOLE = re.compile(r"^`(\w+\.toml)`[^\n]*:\n\n```toml\n(.*?)^```$", re.DOTALL | re.MULTILINE)  # a file's name before it

TABLES = dict(re.findall(r"^`(\w+\.csv)`[^\n]*:\n\n```csv\n(.*?)^```$", REFERENCE, re.DOTALL | re.MULTILINE))
FILES = dict(WHOLE.findall(REFERENCE))
REGIMES = set(re.findall(r'file = "(.*?\.toml)"', REFERENCE))
FRAGMENTS = [text for kind, text in BLOCK.findall(REFERENCE) if kind == "toml" and text not in FILES.values()]
(PORTFOLIO,) = (text for kind, text in BLOCK.findall(REFERENCE) if kind == "csv" and text not in TABLES.values())
NUMBER = re.compile(r"(?<![\w/-])-?\d[\d.]*(?:e\d+|\^\d+(?: - 1)?)?(?![\w/])")
BY_ASSET = {"classes", "values", "expected_returns"}
IN_EXAMPLES = {  # numbers of what is allowed that are no limits
    "universe.history.kind": {0.01, 1},
    "universe.history.date_format": {2013},
    "holdings.weights": {0.4, 1},
}
IN_A_REGIME = "shocks.changes.regime.universe"
ROWS = {f"universe.innovation.bootstrap.{key}" for key in ("periods_per_year", "rows")}
SAMPLE = "universe.sample"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with the whole files of the page."""
    for name, text in {**FILES, **TABLES, "portfolio.csv": PORTFOLIO}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def key_tables():
    """Of every key in the page's tables, by its full path: what is allowed, and the default."""
    found = {}
    for part in MARKED.finditer(REFERENCE):
        prefix = f"{part[2]}." if part[2] else ""
        for line in part[0].splitlines():
            if row := re.fullmatch(r"\| `([\w.]+)` \| ([^|]+) \| [^|]+ \| ([^|]+) \|", line):
                assert prefix + row[1] not in found
                found[prefix + row[1]] = row[2], row[3]
    return found


def schema_keys():
    """Of every key of the JSON Schema, by its full path: its own rules, and whether it is required."""
    tables = scenarios.json_schema()["$defs"]
    found = {}

    def walk(node, path):
        if isinstance(node, list):
            for item in node:
                walk(item, path)
        elif isinstance(node, dict):
            if "$ref" in node:
                walk(tables[node["$ref"].rpartition("/")[2]], path)
            for form in ("items", "anyOf", "oneOf"):
                walk(node.get(form), path)
            for key, rules in node.get("properties", {}).items():
                place = f"{path}.{key}" if path else key
                found[place] = rules, key in node.get("required", ())
                if place != IN_A_REGIME:
                    walk(rules, place)

    walk(tables["Document"], "")
    return found


def written_keys(node, path=""):
    """The full paths of the keys in a document."""
    if isinstance(node, list):
        return {key for item in node for key in written_keys(item, path)}
    if not isinstance(node, dict):
        return set()
    below = {f"{path}.{key}" if path else key: value for key, value in node.items()}
    return set(below).union(*(written_keys(value, place) for place, value in below.items()))


def limits(rules):
    """The limits of the numbers in a key's JSON Schema; those of tables are other keys'."""
    kinds = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    forms = [*(rules.get(form) for form in ("additionalProperties", "items")), *rules.get("anyOf", ())]
    inner = [form for form in (*forms, *rules.get("oneOf", ())) if form]
    return {rules[kind] for kind in kinds if kind in rules}.union(*map(limits, inner))


def test_the_page_has_whole_files_and_fragments():
    """The control of all that goes through them."""
    assert list(FILES) == ["fund.toml", "crisis.toml", "heavy.toml"]
    assert REGIMES.issubset(FILES)
    assert len(FRAGMENTS) >= 8


@pytest.mark.parametrize("name", sorted(FILES.keys() - REGIMES))
def test_a_whole_file_is_a_scenario(name):
    scenario = scenarios.load(name, overrides={"simulation.paths": 1000})
    assert {shock.name for shock in scenario.cases} == {"base", "breakdown", "crisis"}


@pytest.mark.parametrize("text", FRAGMENTS)
def test_a_fragment_fits_into_the_whole_file(text):
    """As a file that extends it."""
    assert from_document({"extends": "fund.toml"} | tomllib.loads(text), "fragment.toml").cases


def test_the_tables_of_keys_are_those_of_the_models():
    assert with_tables(REFERENCE) == REFERENCE, f"the tables of docs/scenario-file.md are old: run {COMMAND}"


def test_every_key_is_told_of_beside_its_table():
    prose = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`\n]+`", BLOCK.sub("", MARKED.sub("", REFERENCE))))))
    assert [key for key in schema_keys() if key.rpartition(".")[2] not in prose] == []


def test_every_key_has_a_line_and_an_example():
    keys = schema_keys()
    assert set(key_tables()) == set(keys)
    shown = set().union(*(written_keys(tomllib.loads(text)) for text in (*FILES.values(), *FRAGMENTS)))
    free = {key for key in keys if key.startswith("universe.history.") and key.rpartition(".")[2] in BY_ASSET}
    shown = {key for key in shown if key.rpartition(".")[0] not in free}  # names of assets are no keys
    sample = {key for key in keys if f"{key}.".startswith(f"{SAMPLE}.")}
    assert shown == set(keys) - {IN_A_REGIME, *ROWS, *sample}  # which `simcore show` writes, and nobody else


@pytest.mark.parametrize("key", list(schema_keys()))
def test_a_key_is_required_or_has_the_default_and_the_limits_that_the_page_says(key):
    allowed, default = key_tables()[key]
    rules, required = schema_keys()[key]
    assert default.startswith("required") == required
    if "default" in rules:
        assert default.startswith(f"`{toml_text(rules['default'])}`")
    told = {eval(number.replace("^", "**")) for number in NUMBER.findall(allowed)}
    assert limits(rules) == told - IN_EXAMPLES.get(key, set())


def test_a_file_keeps_what_the_page_says_it_keeps():
    """`extends` and the regime of the whole files, in the figures that come of them."""
    fund, heavy = scenarios.load("fund.toml"), scenarios.load("heavy.toml")
    assert {p.name: p.value for p in heavy.cases[0].pools.positions} == {
        p.name: -50_000 if p.name == "Hedge" else p.value for p in fund.cases[0].pools.positions
    }
    assert [pool.name for pool in heavy.cases[0].pools.pools] == [pool.name for pool in fund.cases[0].pools.pools]
    for scenario in (fund, heavy):
        base, crisis = scenario.cases[0].market, scenario.cases[2].market
        assert crisis.scale.tolist() == [0.40, 0.50, 0.10]
        of = [m.drift + 0.5 * m.scale * m.scale for m in (base, crisis)]
        np.testing.assert_allclose(of[1], of[0], rtol=1e-12)
        assert type(crisis.dependence) is type(base.dependence)


def test_every_column_and_view_is_named():
    assert tuple(re.findall(r"^\| `(\w+)` \|", RESULTS.split("| column |")[1], re.MULTILINE)[: len(COLUMNS)]) == COLUMNS
    table = compare(scenarios.load("fund.toml", overrides={"simulation.paths": 1000}))
    views = re.findall(r"^\| `(\w+)` \|", RESULTS.split("| view |")[1].split("\n\n")[0], re.MULTILINE)
    assert views == list(table["view"].unique())  # in the order of the rows


def test_every_note_is_named():
    """Those that these runs have are all there are."""
    still = {"universe.assets": [{"name": "A", "expected_return": 0.0, "volatility": 0.0, "value": 1}]}
    gaining = {"universe.assets": [{"name": "A", "expected_return": 9.0, "volatility": 0.1, "value": 1}]}
    alone = {"positions": [], "pools": [], "shocks": [], "universe.correlation": 0}
    seen = {
        *notes("fund.toml", {"simulation.horizon_years": 110}),
        *notes("heavy.toml", {}),
        *notes("heavy.toml", {"measures.relative_to": "mean"}),
        *notes("heavy.toml", {"universe.compounding": "simple"}),
        *notes("fund.toml", alone | still),
        *notes("fund.toml", alone | gaining),
        *notes("fund.toml", {"simulation.paths": 9_728, "measures.confidence": 0.99}),
    }
    told = RESULTS.split("## Notes and empty cells\n")[1].split("\n## ")[0]
    ending = " " + re.findall(r"notes\s+end in\s+`(.+?)`", told)[0]
    estimation = {NOT_ESTIMATED, REACHES_0, IMPOSSIBLE.format(7, 200), FEW.format("30", ENOUGH_BLOCKS)}
    listed = set(re.findall(r"^- `(.+?)`:", told, re.MULTILINE))
    assert {note.removesuffix(ending) for note in seen} | estimation == listed
    assert len(seen) > len(notes("fund.toml", {})) == 0


def test_where_too_few_paths_begin():
    few = {paths: notes("fund.toml", {"simulation.paths": paths}) for paths in (9_728, 9_729, 9_999, 10_000)}
    assert [any("no standard error" in note for note in found) for found in few.values()] == [True, False, False, False]
    assert [any("losses in the tail" in note for note in found) for found in few.values()] == [True, True, True, False]
    assert "fewer than 9,729 paths" in RESULTS
    assert "at 99 % fewer than 10,000 paths" in RESULTS


def notes(name, overrides):
    scenario = scenarios.load(name, overrides={"simulation.paths": 10_000} | overrides)
    table = compare(scenario)
    return {part for note in table["note"].dropna() for part in note.split("; ")}


def test_every_key_of_json_and_of_the_manifest_is_named():
    (scenario,) = load_all(["fund.toml"], {"simulation.paths": 1000})
    manifest = manifest_of([simulate_one(scenario, threads=1, memory=0, say=None)], ["simcore"])
    keys = written_keys({key: value for key, value in manifest["scenarios"][0].items() if key != "resolved"})
    told = RESULTS.split("\n## JSON\n")[1]
    missing = [key for key in keys | {"resolved", "command", "scenarios", "rows"} if not named(key, told)]
    assert missing == []


def named(key, text):
    """Whether the path, or the key alone in the row of its table, stands between backticks."""
    above, _, last = key.rpartition(".")
    rows = [line for line in text.splitlines() if f"`{above}`" in line] if above else []
    return f"`{key}`" in text or f"`{key}." in text or any(f"`{last}`" in row for row in rows)


def outputs():
    """What the page shows: code and what it prints, a command and what it prints."""
    found = BLOCK.findall(RESULTS)
    for (kind, text), (after, printed) in pairwise([*found, ("", "")]):
        if kind == "python":
            assert after == "text"
            yield kind, text, printed
        elif kind == "console":
            command, _, printed = text.partition("\n")
            yield kind, command, printed


@pytest.mark.parametrize(("kind", "text", "printed"), list(outputs()))
def test_what_the_page_shows_is_what_is_printed(kind, text, printed, capsys):
    if kind == "python":
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(text, {})
        assert out.getvalue() == printed
    else:
        command = shlex.split(text)
        assert command[:2] == ["$", "simcore"]
        assert cli.main(command[2:]) == 0
        assert capsys.readouterr().out == printed
