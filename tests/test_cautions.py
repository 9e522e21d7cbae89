"""What is allowed and seldom meant is said on stderr, changes nothing, and can be silenced."""

import pytest

import scenarios
from analysis.cli import main

QUICK = ["--paths", "2000"]


def document(**asset):
    resolved = scenarios.load("three_assets").resolved
    first = {**resolved["universe"]["assets"][0], **asset}
    universe = {**resolved["universe"], "assets": [first, *resolved["universe"]["assets"][1:]]}
    return {**resolved, "universe": universe}


@pytest.mark.parametrize(
    ("asset", "said"),
    [
        ({"volatility": 5.0}, "universe.assets[0].volatility (Asset 1) = 5 is 500 % a year; 5 % is 0.05"),
        (
            {"expected_return": -3.0},
            "universe.assets[0].expected_return (Asset 1) = -3 is -300 % a year; -3 % is -0.03",
        ),
        ({"volatility": 2.0, "expected_return": 2.0}, None),
    ],
)
def test_per_cent_that_passes_for_a_fraction(asset, said):
    assert scenarios.from_document(document(**asset)).cautions == ((said,) if said else ())


def test_positions_in_no_pool():
    pools = [{"name": "two", "members": ["Asset 1", "Asset 2"]}]
    (said,) = scenarios.from_document({**document(), "pools": pools}).cautions
    assert said == "in no pool, and so in the figures of none: Asset 3"


@pytest.mark.parametrize("name", scenarios.names())
def test_bundled_scenarios_give_no_reason(name):
    assert scenarios.load(name).cautions == ()


def test_they_are_said_on_stderr_and_change_no_figure(tmp_path, capsys):
    file = tmp_path / "bond.toml"
    text = "\n".join(
        [
            'schema = 1\nname = "bond"\ncurrency = "EUR"\n[universe]\ncorrelation = 0.3',
            '[[universe.assets]]\nname = "B"\nexpected_return = 0.02\nvolatility = 5\nvalue = 100',
            "[simulation]\npaths = 1000\nhorizon_years = 0.1\nseed = 1\n[measures]\nconfidence = 0.95",
        ]
    )
    file.write_text(text)
    said = f"simcore: {file}: caution: universe.assets[0].volatility (B) = 5 is 500 % a year; 5 % is 0.05\n"
    assert main(["validate", str(file)]) == 0
    assert capsys.readouterr().err == said
    assert main(["run", str(file), *QUICK]) == 0
    printed = capsys.readouterr()
    assert printed.err == said
    assert main(["run", str(file), *QUICK, "--quiet"]) == 0
    assert capsys.readouterr() == (printed.out, "")
