"""From a file to a scenario, or to everything that is wrong with it."""

import contextlib
import copy
import hashlib
import json
import math
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import tie_of

import scenarios
from analysis.toml import toml_of
from scenarios.loader import from_document
from simcore import InputError, Plan, StudentT, factor

CASES = Path(__file__).parent / "cases"
VALID = sorted((CASES / "valid").glob("*.toml"))
SHOCKS = (CASES / "valid" / "shocks.toml").read_text(encoding="utf-8")


def nested(levels, kind="table"):
    value = 1
    for _ in range(levels):
        value = {"a": value} if kind == "table" else [value]
    return value


DEEP = nested(1500)


def load_text(text, tmp_path, **options):
    file = tmp_path / "scenario.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return scenarios.load(file, **options)


# -- the folder of valid files: tests/test_invalid.py has the other


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_valid(path):
    scenario = scenarios.load(path)
    assert scenario.file == str(path)
    assert scenario.cases[0].name == "base"
    assert re.fullmatch("[0-9a-f]{64}", scenario.digest)


# -- what is loaded


def test_what_the_engine_gets():
    scenario = scenarios.load(CASES / "valid" / "smallest.toml")
    (base,) = scenario.cases
    sigma = np.array([0.05, 0.15, 0.20])
    assert base.market.names == ("AGG", "VTI", "VNQ")
    assert base.market.scale.tolist() == sigma.tolist()
    np.testing.assert_array_equal(base.market.drift, np.array([0.02, 0.07, 0.06]) - 0.5 * sigma * sigma)
    correlation = [[1.0, 0.3, 0.3], [0.3, 1.0, 0.3], [0.3, 0.3, 1.0]]
    assert base.market.dependence.factor.tobytes() == factor(correlation).tobytes()
    assert base.pools.names == ("AGG", "VTI", "VNQ", "pool")
    assert base.pools.members("pool") == ("AGG", "VTI", "VNQ")
    plan = scenario.plan
    assert (plan.paths, plan.steps, plan.horizon, plan.seed, plan.confidences) == (1000, 1, 0.25, 42, (0.95, 0.99))


def test_student_t_simple():
    (base,) = scenarios.load(CASES / "valid" / "student_t_simple.toml").cases
    assert isinstance(base.market.dependence, StudentT)
    assert base.market.dependence.dof == 4.0
    assert base.market.compounding == "simple"
    assert base.market.drift.tolist() == [0.02, 0.07, 0.06]
    assert base.market.dependence.factor.tolist() == np.eye(3).tolist()


def test_correlation_by_class():
    resolved = scenarios.load(CASES / "valid" / "by_class.toml").resolved
    assert resolved["universe"]["correlation"] == [[1.0, 0.2, 0.2], [0.2, 1.0, 0.6], [0.2, 0.6, 1.0]]


def test_one_number_is_the_matrix_of_it():
    text = (CASES / "valid" / "smallest.toml").read_text(encoding="utf-8")
    document = tomllib.loads(text)
    one = from_document(document)
    document["universe"]["correlation"] = [[1, 0.3, 0.3], [0.3, 1, 0.3], [0.3, 0.3, 1]]
    assert from_document(document).digest == one.digest


def test_days():
    plan = scenarios.load(CASES / "valid" / "days.toml").plan
    assert plan.horizon == 21 / 252
    assert plan.steps == 21


def test_positions_follow_values():
    base = scenarios.load(CASES / "valid" / "holdings_apart.toml").cases[0]
    held = [(position.name, position.asset, position.value) for position in base.pools.positions]
    assert held == [
        ("VTI", "VTI", 100_000.0),
        ("VNQ", "VNQ", 100_000.0),
        ("AGG, second holding", "VTI", -50_000.0),
        ("AGG", "AGG", 0.0),
    ]


def test_a_shock_without_correlation_keeps_the_factor(tmp_path):
    shock = '[[shocks]]\nname = "twice"\nchanges = [{ volatility = { multiply = 2 } }]\n'
    text = (CASES / "valid" / "smallest.toml").read_text(encoding="utf-8")
    base, twice = load_text(text + shock, tmp_path).cases
    assert twice.market.dependence.factor.tobytes() == base.market.dependence.factor.tobytes()
    assert twice.market.scale.tolist() == (2 * base.market.scale).tolist()


def test_shocks_start_from_the_base_each():
    base, first, second = scenarios.load(CASES / "valid" / "shocks.toml").cases
    assert (first.name, second.name) == ("every change", "repaired by the second change")
    assert second.market.scale.tolist() == base.market.scale.tolist()
    assert second.market.dependence.factor.tolist() == np.eye(3).tolist()
    np.testing.assert_allclose(first.market.scale, [0.3, 0.4, 0.5], rtol=1e-15)
    matrix = first.market.dependence.factor @ first.market.dependence.factor.T
    # 0.3 -> 0.65 for all; then VTI and VNQ 0.9; then AGG and VTI 0.75 0.65 - 0.25 0.1
    np.testing.assert_allclose(matrix, [[1, 0.4625, 0.65], [0.4625, 1, 0.9], [0.65, 0.9, 1]], atol=1e-12)


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_the_resolved_scenario_is_a_fixed_point(path):
    scenario = scenarios.load(path)
    again = from_document(copy.deepcopy(scenario.resolved))
    assert again.resolved == scenario.resolved
    assert again.digest == scenario.digest
    for case, same in zip(scenario.cases, again.cases, strict=True):
        assert case.market.drift.tobytes() == same.market.drift.tobytes()
        assert tie_of(case).tobytes() == tie_of(same).tobytes()
        assert case.pools.names == same.pools.names
    assert scenario.plan == again.plan


def test_the_digest_sees_figures_and_not_spelling(tmp_path):
    text = (CASES / "valid" / "smallest.toml").read_text(encoding="utf-8")
    digest = load_text(text, tmp_path).digest
    assert load_text(text.replace("100_000", "1e5").replace("\n", "\r\n"), tmp_path).digest == digest
    assert load_text("\ufeff# a mark and a remark\n" + text, tmp_path).digest == digest
    for old, new in [("0.15", "0.15000000000000002"), ("seed = 42", "seed = 43"), ('"VTI"', '"VTJ"')]:
        assert load_text(text.replace(old, new), tmp_path).digest != digest


def test_the_digest_is_that_of_the_canonical_json():
    scenario = scenarios.load("three_assets")
    canonical = json.dumps(scenario.resolved, sort_keys=True, separators=(",", ":"))
    assert scenario.digest == hashlib.sha256(canonical.encode()).hexdigest()


# -- where it is read from


def test_a_file_comes_before_a_bundled_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "etf18").mkdir()
    assert scenarios.load("etf18").name == "etf18"  # a directory is no file
    (tmp_path / "three_assets").write_text((CASES / "valid" / "smallest.toml").read_text(encoding="utf-8"))
    assert scenarios.load("three_assets").name == "case"
    assert scenarios.load("three_assets").file == "three_assets"


@pytest.mark.parametrize("source", ["etf_18", "etf18.toml", Path("etf18"), "scenarios/etf18.toml"])
def test_a_near_miss_of_a_bundled_name(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"a bundled name: crowded, etf18, three_assets\n.*did you mean \"etf18\"\?"):
        scenarios.load(source)


def test_unreadable_sources(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.toml: file = \(missing\)\n(.*\n)*.*check the path"):
        scenarios.load(tmp_path / "nothing.toml")
    with pytest.raises(InputError, match=r"file = a directory\n(.*\n)*.*name a file in it"):
        scenarios.load(tmp_path)
    with pytest.raises(InputError, match="unreadable"):
        scenarios.load("a\0b")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"file = empty"),
        (b"\n# nothing\n", r"file = empty"),
        (b'schema = 1\nname = "\xe9"\n', r"line 2 = byte 0xe9\n.*text in UTF-8\n.*save the file as UTF-8"),
        (b"schema = 1\nname = case\n", r"line 2, column 8 = name = case\n.*TOML\n.*Invalid value: correct this line"),
        (b"when = 2013-13-45\n", r"line 1, column \d+"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, r"scenario\.toml: file = brackets nested too deeply\n"),
        (b"a = " + b"[" * 60 + b"]" * 60, r"scenario\.toml: file = nested too deeply\n"),
        (b"a = " + b"9" * 5000, r"scenario\.toml: file = a number of too many digits\n"),
    ],
)
def test_broken_text(content, message, tmp_path):
    with pytest.raises(InputError, match=message) as caught:
        load_text(content, tmp_path)
    assert caught.value.problems[0].file == str(tmp_path / "scenario.toml")


# -- overrides


def test_overrides_replace():
    overrides = {
        "simulation.paths": 512,
        "simulation.seed": np.int64(7),
        "simulation.steps": 3,
        "measures.confidence": (0.9, np.float64(0.975)),
        "universe.correlation": np.eye(3),
    }
    scenario = scenarios.load("three_assets", overrides=overrides)
    assert scenario.plan == Plan(512, 0.0833333333333333, 7, (0.9, 0.975), 3)
    assert scenario.resolved["universe"]["correlation"] == np.eye(3).tolist()
    assert scenario.digest != scenarios.load("three_assets").digest


def test_an_override_may_supply_what_is_missing(tmp_path):
    text = (CASES / "invalid" / "missing_table.toml").read_text(encoding="utf-8")
    assert load_text(text, tmp_path, overrides={"measures.confidence": 0.99}).plan.confidences == (0.99,)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"simulation.paths": 0}, r"^override: simulation\.paths = 0\n"),
        ({"simulation.paths": 1e6}, r"^override: simulation\.paths = 1000000\.0\n"),
        ({"simulation.path": 10}, r"^override: simulation\.path = 10\n(.*\n)*.*did you mean paths\?"),
        ({"measures.confidence": [0.95, 99]}, r"^override: measures\.confidence\[1\] = 99\.0\n(.*\n)*.*write 0\.99"),
        ({"name.first": "x"}, r'^override: name\.first = "x"\n.*\n.*name is no table here'),
        ({"universe.assets.AGG": 1}, r"^override: universe\.assets\.AGG = 1\n.*\n.*assets is no table here"),
        ({"simulation": 3}, r"^override: simulation = 3\n"),
        ({"": 3}, r'^override: "" = 3\n'),
        ({"simulation.": 3}, r'^override: simulation\."" = 3\n'),
        ({".".join("a" * 2000): 3}, r"^override: a\.a\.a\..* \.\.\. .*\.a = nested too deeply\n"),
        ({"simulation.paths": DEEP}, r"^override: simulation\.paths = nested too deeply\n"),
        ({"universe.correlation": 16**4000}, r"^override: universe\.correlation = a whole number of 16001 bits\n"),
        ({"universe.correlation": -1.0}, r"^override: universe\.correlation = -1\.0\n"),
    ],
)
def test_overrides_are_named(overrides, message):
    with pytest.raises(InputError, match=message) as caught:
        scenarios.load("three_assets", overrides=overrides)
    assert len(caught.value.problems) == 1


def test_an_override_chooses_another_form_of_the_horizon(tmp_path):
    text = (CASES / "valid" / "days.toml").read_text(encoding="utf-8")
    days = {"simulation.horizon_days": 10, "simulation.days_per_year": 250}
    assert scenarios.load("three_assets", overrides=days).plan.horizon == 10 / 250
    assert load_text(text, tmp_path, overrides={"simulation.horizon_years": 0.5}).plan.horizon == 0.5
    assert load_text(text, tmp_path, overrides={"simulation.horizon_days": 42}).plan.horizon == 42 / 252
    for overrides in (days | {"simulation.horizon_years": 1}, {"simulation.horizon_years": 1} | days):
        with pytest.raises(InputError, match="override: simulation = horizon_years and horizon_days and days_per_year"):
            scenarios.load("three_assets", overrides=overrides)
    missing = (CASES / "invalid" / "missing_seed.toml").read_text(encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_text(missing, tmp_path, overrides=days)
    (problem,) = caught.value.problems
    assert (problem.place, problem.file) == ("simulation.seed", str(tmp_path / "scenario.toml"))


def test_an_override_is_not_blamed_for_the_file(tmp_path):
    text = (CASES / "invalid" / "missing_seed.toml").read_text(encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_text(text, tmp_path, overrides={"simulation.paths": 0.5, "simulation.odd": 1})
    assert [(problem.place, problem.file) for problem in caught.value.problems] == [
        ("simulation.paths", "override"),
        ("simulation.seed", str(tmp_path / "scenario.toml")),
        ("simulation.odd", "override"),
    ]


def test_an_override_is_no_beginning_of_another_key():
    with pytest.raises(InputError) as caught:
        scenarios.load(CASES / "invalid" / "horizon_0.toml", overrides={"simulation.horizon": 1})
    where = {problem.place: problem.file for problem in caught.value.problems}
    assert where.pop("simulation.horizon") == "override"
    assert where == {"simulation.horizon_years": str(CASES / "invalid" / "horizon_0.toml")}


def test_extends_is_no_override():
    with pytest.raises(InputError, match=r'^override: extends = "etf18"\n.*a key of a file, not of overrides'):
        scenarios.load("three_assets", overrides={"extends": "etf18"})


def test_relative_to():
    assert scenarios.load("three_assets").relative_to == "start"
    assert scenarios.load("three_assets").resolved["measures"]["relative_to"] == "start"
    mean = scenarios.load("three_assets", overrides={"measures.relative_to": "mean"})
    assert (mean.relative_to, mean.resolved["measures"]["relative_to"]) == ("mean", "mean")
    assert mean.digest != scenarios.load("three_assets").digest


def test_one_factor_for_each_distinct_matrix(tmp_path, monkeypatch):
    """Shocks that leave the correlations alone cost no factor, and no second check."""
    import scenarios.cases
    import scenarios.check_shocks

    counts = {"factor": 0, "check": 0}

    def counted(key, function):
        def call(*given, **named):
            counts[key] += 1
            return function(*given, **named)

        return call

    monkeypatch.setattr("scenarios.cases.factor", counted("factor", scenarios.cases.factor))
    check = scenarios.check_shocks.check_possible
    monkeypatch.setattr("scenarios.check_shocks.check_possible", counted("check", check))
    text = (CASES / "valid" / "smallest.toml").read_text(encoding="utf-8")
    changes = ["volatility = { multiply = 2 }", "expected_return = { set = 0 }"]
    changes += 2 * ["correlation = { toward = 1, weight = 0.5 }"]
    for i, change in enumerate(changes):
        text += f'[[shocks]]\nname = "{i}"\nchanges = [{{ {change} }}]\n'
    assert len(load_text(text, tmp_path).cases) == 5
    assert counts == {"factor": 2, "check": 1}


def test_what_cannot_be_computed_is_said_once_of_the_base_and_of_each_shock_that_is_to_blame(tmp_path):
    text = (CASES / "valid" / "smallest.toml").read_text(encoding="utf-8").replace("0.25", "400")
    beyond = "".join(
        f'[[shocks]]\nname = "{name}"\nchanges = [{{ volatility = {{ set = 9 }}, assets = ["AGG"] }}]\n'
        for name in "st"
    )
    with pytest.raises(InputError) as caught:
        load_text(text + beyond, tmp_path)
    places = ["universe.assets[0].volatility (s, AGG)", "universe.assets[0].volatility (t, AGG)"]
    assert [problem.place for problem in caught.value.problems] == places
    with pytest.raises(InputError) as caught:
        load_text(text.replace("volatility = 0.05", "volatility = 8") + beyond, tmp_path)
    assert [problem.place for problem in caught.value.problems] == ["universe.assets[0].volatility (base, AGG)"]


def test_a_factor_that_misses_is_said_at_the_file_s_place(monkeypatch):
    monkeypatch.setattr("simcore.correlation.LARGEST_RESIDUAL", -1.0)
    monkeypatch.setattr("simcore.correlation._is_well_inside", lambda lower: False)
    with pytest.raises(InputError, match=r"smallest\.toml: universe\.correlation = a matrix missed by"):
        scenarios.load(CASES / "valid" / "smallest.toml")


@pytest.mark.parametrize("n", [2, 3, 7, 50, 200])
def test_validate_and_load_draw_the_same_limit_of_a_common_correlation(n, tmp_path):
    """-1 / (n - 1) as a double, to the last bit; and what the remedy says to write is accepted."""
    text = (CASES / "valid" / "smallest.toml").read_text(encoding="utf-8")
    text += "".join(f'[[universe.assets]]\nname = "{i}"\nexpected_return = 0\nvolatility = 0.1\n' for i in range(3, n))
    document = tomllib.loads(text)
    del document["universe"]["assets"][n:]
    limit = -1 / (n - 1)
    document["universe"]["correlation"] = limit
    assert from_document(document).plan.paths == 1000
    for below in (math.nextafter(limit, -2), limit - 1e-13, limit - 5e-13, limit - 1e-3):
        for function in (from_document, lambda changed: scenarios.validate(written(changed, tmp_path))):
            document["universe"]["correlation"] = max(below, -1.0)
            if n == 2:
                function(document)
                continue
            with pytest.raises(InputError, match=rf"a number from -1/{n - 1} to 1 for {n} assets") as caught:
                function(document)
    if n > 2:
        remedy = caught.value.problems[0].remedy
        document["universe"]["correlation"] = float(re.search(r"write (\S+) or more", remedy)[1])
        from_document(document)


def written(document, tmp_path):
    file = tmp_path / "written.toml"
    file.write_text(toml_of(document), encoding="utf-8")
    return file


def test_no_message_is_longer_than_a_screen():
    document = tomllib.loads(SHOCKS)
    long = "x" * 5_000_000
    document["universe"]["assets"][0] |= {"name": long, "volatility": -1}
    document["simulation"][long] = long
    document["extends"] = long
    with pytest.raises(InputError, match="File name too long") as caught:
        from_document(document)
    assert len(str(caught.value)) < 3000
    del document["extends"]
    with pytest.raises(InputError) as caught:
        from_document(document)
    assert len(caught.value.problems) == 2
    assert all(len(str(problem)) < 3000 for problem in caught.value.problems)


def test_a_document_may_be_no_deeper_than_what_reads_it():
    document = tomllib.loads(SHOCKS)
    for deep in (DEEP, nested(1500, "list")):
        with pytest.raises(InputError, match=r"file: file = nested too deeply\n.*at most 50 tables"):
            from_document(document | {"odd": deep}, "file")
    with pytest.raises(InputError, match=r"odd = \{ a = \{ a = "):  # the control: as deep as may be
        from_document(document | {"odd": nested(49)}, "file")
    with pytest.raises(InputError, match="nested too deeply"):
        from_document(document | {"odd": nested(50)}, "file")


def test_overrides_leave_their_mapping_alone():
    document = tomllib.loads(SHOCKS)
    before = copy.deepcopy(document)
    from_document(document, overrides={"simulation.paths": 7, "measures.confidence": 0.9})
    assert document == before


# -- never anything but a scenario or an InputError

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 2**63, 0, -1]),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.sampled_from(["AGG", "VTI", "equity", "base", "pool", "every change"]),
    st.lists(st.one_of(st.floats(), st.integers(-2, 2), st.text(max_size=3)), max_size=4),
    st.dictionaries(st.sampled_from(["name", "value", "multiply", "toward", "class"]), st.floats(), max_size=2),
)


def places(node, path=()):
    yield path
    for key, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(inner, (*path, key))


def perturb(document, path, action, value):
    *above, last = path
    for key in above:
        document = document[key]
    if action == "remove":
        del document[last]
    elif action == "add" and isinstance(document[last], dict):
        document[last]["odd"] = value
    elif action == "add" and isinstance(document[last], list):
        document[last].append(value)
    else:
        document[last] = value


@given(data=st.data())
def test_any_small_change_of_a_document(data):
    document = tomllib.loads(SHOCKS)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([path for path in places(document) if path]))
        perturb(document, path, data.draw(st.sampled_from(["remove", "add", "set"])), data.draw(ODD))
    try:
        scenario = from_document(document, "file")
    except InputError as error:
        for problem in error.problems:
            assert all((problem.place, problem.value, problem.allowed, problem.remedy, problem.file))
    else:
        assert from_document(scenario.resolved).digest == scenario.digest


@given(st.integers(0, len(SHOCKS)), st.integers(0, 4), st.text(max_size=3))
def test_any_small_change_of_the_text(tmp_path_factory, start, length, inserted):
    file = tmp_path_factory.getbasetemp() / "perturbed.toml"
    text = SHOCKS[:start] + inserted + SHOCKS[start + length :]
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(InputError):
        assert scenarios.load(file).digest
