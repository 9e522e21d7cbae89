"""`extends`: what merges, what replaces, and which file a message names."""

from pathlib import Path

import pytest

import scenarios
from scenarios.extends import extended
from scenarios.files import File
from scenarios.loader import from_document
from scenarios.origins import origin
from simcore import InputError

VALID = Path(__file__).parent / "cases" / "valid"


def merged(tmp_path, *texts):
    """The document of the last text, each of which extends the one before."""
    for i, text in enumerate(texts):
        above = f'extends = "{i - 1}.toml"\n' if i else ""
        (tmp_path / f"{i}.toml").write_text(above + text)
    file = tmp_path / f"{len(texts)}.toml"
    return extended({"extends": f"{len(texts) - 1}.toml"}, File(str(file), file))


def test_tables_merge_by_key(tmp_path):
    document, _ = merged(tmp_path, "[a]\nx = 1\ny = 1\n[a.b]\nz = 1\n", "[a]\ny = 2\n[a.b]\nw = 2\n")
    assert document == {"a": {"x": 1, "y": 2, "b": {"z": 1, "w": 2}}}


def test_arrays_of_named_tables_merge_by_name(tmp_path):
    base = 'a = [{ name = "x", v = 1, w = 1 }, { name = "y", v = 1 }]\n'
    upper = 'a = [{ name = "z", v = 2 }, { name = "x", v = 2 }]\n'
    document, _ = merged(tmp_path, base, upper)
    assert document == {
        "a": [{"name": "x", "v": 2, "w": 1}, {"name": "y", "v": 1}, {"name": "z", "v": 2}],
    }


def test_a_name_written_twice_stays_twice(tmp_path):
    """The control: a merge that is silent about it would hide a mistake."""
    document, _ = merged(tmp_path, 'a = [{ name = "x" }]\n', 'a = [{ name = "x", v = 1 }, { name = "x", v = 2 }]\n')
    assert document == {"a": [{"name": "x", "v": 1}, {"name": "x", "v": 2}]}
    document, _ = merged(tmp_path, 'a = [{ name = "x" }, { name = "x" }]\n', 'a = [{ name = "x", v = 1 }]\n')
    assert document == {"a": [{"name": "x", "v": 1}, {"name": "x"}]}


@pytest.mark.parametrize("value", ["3", "[]", "[1, 2]", "[{ v = 1 }]", '[{ name = "x" }, { v = 1 }]', "[{ name = 1 }]"])
def test_everything_else_replaces(tmp_path, value):
    document, origins = merged(tmp_path, 'a = [{ name = "y" }]\n', f"a = {value}\n")
    assert document == merged(tmp_path, f"a = {value}\n")[0]
    assert origins["a"].label == str(tmp_path / "1.toml")
    assert merged(tmp_path, "a = { b = 1 }\n", f"a = {value}\n")[0] == document


def test_three_files(tmp_path):
    document, origins = merged(tmp_path, "[a]\nx = 1\ny = 1\nz = 1\n", "[a]\ny = 2\nz = 2\n", "[a]\nz = 3\n")
    assert document == {"a": {"x": 1, "y": 2, "z": 3}}
    assert {key: file.path.name for key, file in origins.items()} == {
        "a": "0.toml",
        "a.y": "1.toml",
        "a.z": "2.toml",
    }


SIMULATIONS = {
    "years": "horizon_years = 0.25",
    "days": "horizon_days = 21\ndays_per_year = 252",
    "other days": "horizon_days = 42",
    "year of days": "days_per_year = 250",
    "both": "horizon_years = 0.5\nhorizon_days = 63",
}


@pytest.mark.parametrize(
    ("base", "upper", "horizon"),
    [
        ("years", "days", {"horizon_days": 21, "days_per_year": 252}),
        ("days", "years", {"horizon_years": 0.25}),
        ("days", "other days", {"horizon_days": 42, "days_per_year": 252}),
        ("years", "other days", {"horizon_days": 42}),
        ("years", "both", {"horizon_years": 0.5, "horizon_days": 63}),
        ("days", "both", {"horizon_years": 0.5, "horizon_days": 63}),
    ],
)
def test_the_keys_of_one_form_replace_those_of_another(tmp_path, base, upper, horizon):
    texts = [f"[simulation]\npaths = 10\n{SIMULATIONS[form]}\n" for form in (base, upper)]
    document, origins = merged(tmp_path, texts[0], texts[1].replace("paths", "steps"))
    assert document == {"simulation": {"paths": 10, "steps": 10, **horizon}}

    def file(key):
        return origin(f"simulation.{key}", origins, File("none", Path("none"))).path.name

    assert (file("paths"), file("steps"), file("seed")) == ("0.toml", "1.toml", "0.toml")
    assert all(
        file(key) == "1.toml" for key in horizon if (base, upper, key) != ("days", "other days", "days_per_year")
    )


def test_a_form_begun_above_is_that_file_s_mistake(tmp_path):
    base = (VALID / "smallest.toml").read_text(encoding="utf-8")
    for text, value in (
        ("days_per_year = 252", "days_per_year"),
        (SIMULATIONS["both"], "horizon_years and horizon_days"),
    ):
        (tmp_path / "base.toml").write_text(base)
        (tmp_path / "upper.toml").write_text(f'extends = "base.toml"\n[simulation]\n{text}\n')
        with pytest.raises(InputError) as caught:
            scenarios.load(tmp_path / "upper.toml")
        (problem,) = caught.value.problems
        assert (problem.place, problem.value, Path(problem.file).name) == ("simulation", value, "upper.toml")


def test_what_is_replaced_has_no_older_origin(tmp_path):
    _, origins = merged(tmp_path, "a = { x = 1, y = 1 }\n", "a = { y = 2 }\n", "a = 3\n", "a = { y = 4 }\n")
    assert {key: file.path.name for key, file in origins.items()} == {"a": "3.toml"}


def test_nothing_extended_is_the_document_itself():
    document = {"schema": 1, "extends": 3}
    assert extended(document, File("x", Path("x"))) == (document, {})


def test_an_extended_scenario():
    base, scenario = scenarios.load(VALID / "regimes.toml"), scenarios.load(VALID / "extends.toml")
    assert (scenario.name, scenario.plan.paths, scenario.plan.seed) == ("extended", 2000, base.plan.seed)
    assert scenario.relative_to == base.relative_to == "mean"
    assert "extends" not in scenario.resolved
    market = scenario.cases[0].market
    assert market.names == ("AGG", "VTI", "VNQ", "TLT")
    assert market.scale.tolist() == [0.05, 0.25, 0.20, 0.12]
    assert [case.name for case in scenario.cases] == ["base", "crash", "crash, then more"]
    assert scenario.cases[1].market.scale.tolist() == (3 * market.scale).tolist()  # its changes were replaced
    assert scenario.cases[2].market.scale.tolist() == [0.10, 0.80, 1.20, 0.20]  # the regime lies beside the base


def test_a_file_beside_comes_before_a_bundled_name(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('extends = "etf18"\nname = "mine"\n[simulation]\nseed = 7\n')
    mine, etf18 = scenarios.load(file), scenarios.load("etf18")
    assert (mine.name, mine.plan.seed) == ("mine", 7)
    assert [case.name for case in mine.cases] == [case.name for case in etf18.cases]  # with its regimes
    assert mine.resolved["shocks"] == etf18.resolved["shocks"]
    (tmp_path / "etf18").write_text((VALID / "smallest.toml").read_text(encoding="utf-8"))
    assert len(scenarios.load(file).cases) == 1


def test_messages_name_the_file_that_a_value_stands_in(tmp_path):
    base = (VALID / "smallest.toml").read_text(encoding="utf-8")
    (tmp_path / "base.toml").write_text(base.replace("correlation = 0.3", "correlation = -0.9"))
    text = 'extends = "base.toml"\n[simulation]\npaths = 0\n[[universe.assets]]\nname = "VTI"\nvalue = nan\n'
    (tmp_path / "upper.toml").write_text(text)
    with pytest.raises(InputError) as caught:
        scenarios.load(tmp_path / "upper.toml", overrides={"simulation.seed": -1})
    assert {problem.place: Path(problem.file).name for problem in caught.value.problems} == {
        "universe.correlation": "base.toml",
        "universe.assets[1].value (VTI)": "upper.toml",
        "simulation.paths": "upper.toml",
        "simulation.seed": "override",
    }


def test_a_factor_that_misses_is_said_of_the_file_that_has_the_matrix(tmp_path, monkeypatch):
    (tmp_path / "base.toml").write_text((VALID / "smallest.toml").read_text(encoding="utf-8"))
    (tmp_path / "upper.toml").write_text('extends = "base.toml"\n[simulation]\npaths = 20\n')
    monkeypatch.setattr("simcore.correlation.LARGEST_RESIDUAL", -1.0)
    monkeypatch.setattr("simcore.correlation._is_well_inside", lambda lower: False)
    with pytest.raises(InputError, match=r"base\.toml: universe\.correlation = a matrix missed by"):
        scenarios.load(tmp_path / "upper.toml")
    with pytest.raises(InputError, match=r"^override: universe\.correlation = a matrix missed by"):
        scenarios.load(tmp_path / "upper.toml", overrides={"universe.correlation": 0.5})


def test_a_key_that_is_shown_otherwise_keeps_its_file(tmp_path):
    (tmp_path / "base.toml").write_text((VALID / "smallest.toml").read_text(encoding="utf-8"))
    (tmp_path / "upper.toml").write_text('extends = "base.toml"\n[simulation]\n"" = 1\n"a\\nb" = 2\n')
    with pytest.raises(InputError) as caught:
        scenarios.load(tmp_path / "upper.toml")
    found = {problem.place: Path(problem.file).name for problem in caught.value.problems}
    assert found == {'simulation.""': "upper.toml", 'simulation."a\\nb"': "upper.toml"}


def test_a_circle_is_named(tmp_path):
    for name, other in ("ab", "bc", "cb"):
        (tmp_path / f"{name}.toml").write_text(f'extends = "{other}.toml"\n')
    with pytest.raises(InputError, match=r"c\.toml: extends = \"b\.toml\" \(leads back\)") as caught:
        scenarios.load(tmp_path / "a.toml")
    (problem,) = caught.value.problems
    b, c = tmp_path / "b.toml", tmp_path / "c.toml"
    assert problem.remedy == f"break this chain: {b} -> {c} -> {b}"


@pytest.mark.parametrize("name", ["", ".", "a\0b", "x" * 300, "none.toml", "\ud800"])
def test_no_file_has_such_a_name(name):
    with pytest.raises(InputError, match=r"^file: extends = "):
        from_document({"extends": name}, "file")
