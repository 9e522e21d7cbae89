"""What holds of every picture: its name, its options and what is said of them, and what it refuses."""

import dataclasses
import inspect
import re
import sys
from itertools import product

import numpy as np
import pytest
from matplotlib.figure import Figure
from models import child, deep_tree, plan, three_assets
from pictured import run_of

import analysis
import scenarios
from analysis import plots
from analysis.plots import style
from simcore import InputError, SimcoreError

OTHERWISE = {  # options that mean something else there
    ("benefit_by_case", "ax"),
    ("correlations", "ax"),
    ("correlations", "case"),
    ("pool_tree", "ax"),
    ("pool_tree", "pool"),
}
every_picture = pytest.mark.parametrize("name", plots.__all__)


@pytest.fixture(scope="module")
def run():
    return run_of(deep_tree(), plan=plan(2_000, steps=2))


@pytest.fixture(scope="module")
def others():
    scenario = scenarios.load("three_assets", overrides={"simulation.paths": 1000})
    return {"a table": analysis.compare(scenario), "a scenario": scenario, "nothing": None}


@every_picture
def test_every_picture_is_exported(name):
    assert callable(getattr(plots, name))
    assert name in dir(plots)


def test_other_names_are_refused():
    with pytest.raises(AttributeError, match="has no attribute 'pie'; it has benefit_by_case, "):
        plots.pie  # noqa: B018


def test_matplotlib_is_imported_on_use_only():
    code = "import sys; from analysis.plots import *; assert callable(loss_density) and 'matplotlib' not in sys.modules"
    child("-c", code)


def test_without_matplotlib_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(SimcoreError, match=r"pictures need Matplotlib: .* pip install 'simcore\[report\]'"):
        plots.convergence(run_of(three_assets(), plan=plan(1_000)))


def documented(name):
    """What the documentation of a picture says of each of its options, and of what it returns and raises."""
    text = inspect.getdoc(getattr(plots, name))
    sections = dict(re.findall(r"^(\w+)\n-+\n(.*?)(?=\n\n\w+\n-+\n|\Z)", text, re.DOTALL | re.MULTILINE))
    options = dict(re.findall(r"^(\w+) : (.*?)(?=^\w|\Z)", sections.pop("Parameters") + "\n", re.DOTALL | re.MULTILINE))
    return options, sections


def test_options_of_one_name_are_told_in_the_same_words():
    said = {}
    for name in plots.__all__:
        options, _ = documented(name)
        parameters = inspect.signature(getattr(plots, name)).parameters
        assert list(options) == list(parameters)
        assert [p.kind for p in parameters.values()][1:] == [inspect.Parameter.KEYWORD_ONLY] * (len(parameters) - 1)
        for option, words in options.items():
            said.setdefault(option, {})[name] = words
    for option, each in said.items():
        usual = {words for name, words in each.items() if (name, option) not in OTHERWISE}
        assert len(usual) == 1
        assert not [name for name, words in each.items() if (name, option) in OTHERWISE and {words} == usual]


@every_picture
def test_what_it_gives_and_refuses_is_told(name):
    _, sections = documented(name)
    assert re.match("(pair of )?matplotlib.axes.Axes", sections["Returns"])
    refused = re.search(r"^InputError\n((?: +.*\n)+)", sections["Raises"], re.MULTILINE)[1]
    assert "When `run` is none" in refused
    assert "there is no such theme" in " ".join(refused.split())
    assert "\nSimcoreError\n    When Matplotlib is not installed." in sections["Raises"]


@every_picture
def test_every_picture_is_drawn_of_a_run(name, run, no_screen):
    getattr(plots, name)(run)


@every_picture
@pytest.mark.parametrize("other", ["a table", "a scenario", "nothing"])
def test_what_is_no_run_is_refused(name, other, others):
    with pytest.raises(InputError, match=r"run = .*\n    allowed: a Run.*\n    remedy:  make one: analysis\.run\(scen"):
        getattr(plots, name)(others[other])


@every_picture
def test_a_run_without_summaries_is_refused_where_they_are_needed(name, run, no_screen):
    bare = run._replace(summaries={})
    if name in ("convergence", "tail_curve"):
        with pytest.raises(InputError, match=r"run = Run\('three assets': .*\n    allowed: a Run with its summaries\n"):
            getattr(plots, name)(bare)
    else:
        getattr(plots, name)(bare)


@every_picture
def test_other_themes_are_refused(name, run, no_screen):
    with pytest.raises(InputError, match="theme = 'sepia'\n    allowed: 'light' or 'dark'"):
        getattr(plots, name)(run, theme="sepia")


@pytest.mark.parametrize(("low", "high"), [(106.6, 107.3), (2_000_000.0, 2_000_300.0), (-3.0, 4.0), (0.0, 1.7e9)])
def test_ticks_that_differ_have_names_that_differ(low, high):
    """And name their places: no further off than a hundredth of what lies between two."""
    figure = Figure()
    ax = figure.subplots()
    ax.set_ylim(low, high)
    style.amounts(ax.yaxis)
    figure.canvas.draw()
    places = ax.yaxis.get_majorticklocs()
    names = [label.get_text() for label in ax.yaxis.get_ticklabels()]
    sizes = {"M": 1e6, "n": 1e9}
    read = [float(re.sub("[,Mbn]", "", name)) * sizes.get(name[-1], 1.0) for name in names]
    assert len(set(names)) == len(names)
    np.testing.assert_allclose(read, places, atol=0.0101 * np.diff(places).min())


@pytest.mark.parametrize("draw", [plots.tail_curve, plots.convergence, plots.waterfall])
@pytest.mark.parametrize("relative_to", ["start", "mean"])
def test_what_is_relative_to_the_mean_is_called_so(draw, relative_to):
    scenario = scenarios.load("three_assets", overrides={"simulation.paths": 20_000})
    run = analysis.run(dataclasses.replace(scenario, relative_to=relative_to))
    ax = draw(run, ax=Figure().subplots())
    assert (" above the mean, " in ax.get_ylabel()) == (relative_to == "mean")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [*product(plots.__all__, ["three", "a figure", "words"]), ("correlations", "one")],
)
def test_what_are_no_axes_is_refused(run, name, wrong):
    one = Figure().subplots()
    given = {"one": one, "three": Figure().subplots(ncols=3), "a figure": Figure(), "words": "axes"}[wrong]
    with pytest.raises(InputError, match="ax = ") as caught:
        getattr(plots, name)(run, ax=given)
    assert "subplots(" in str(caught.value)
