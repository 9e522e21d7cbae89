"""The negative control of the image regressions: what a reader would see is more than the tolerance."""

import numpy as np
import pytest
from drawing import TILE, TOLERANCE, difference, pixels
from small_runs import TIGHT, nested_run

from analysis import plots

pytestmark = pytest.mark.usefixtures("no_screen")


@pytest.fixture(scope="module")
def run():
    return nested_run(shocks=[TIGHT], steps=4)


def seen(ax, change):
    """How far a picture is from itself before a change."""
    before = pixels(ax)
    change(ax)
    return difference(before, pixels(ax))


def other_digit(ax):
    """One digit of one number, the last that is written."""
    number = next(text for text in ax.texts if text.get_text()[-1:].isdigit() or "%" in text.get_text())
    words = number.get_text()
    place = max(i for i, letter in enumerate(words) if letter.isdigit())
    number.set_text(words[:place] + str((int(words[place]) + 5) % 10) + words[place + 1 :])


def longer_bar(ax):
    bar = ax.patches[0]
    bar.set_width(1.02 * bar.get_width())


def higher_bar(ax):
    bar = ax.patches[0]
    bar.set_height(1.02 * bar.get_height())


def moved_mark(ax):
    low, high = ax.get_xlim()
    mark = ax.lines[0]
    mark.set_xdata([x + 0.01 * (high - low) for x in mark.get_xdata()])


def risen_line(ax):
    low, high = ax.get_ylim()
    line = ax.lines[0]
    line.set_ydata([y + 0.01 * (high - low) for y in line.get_ydata()])


def no_interval(ax):
    ax.collections[0].remove()


def no_line(ax):
    ax.lines[-1].remove()


def other_correlation(ax):
    image = ax.images[0]
    matrix = image.get_array().copy()
    matrix[0, 1] += 0.1
    image.set_data(matrix)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("loss_density", [moved_mark, other_digit, no_line]),
        ("benefit_by_case", [longer_bar, other_digit, no_interval]),
        ("tail_curve", [risen_line, no_interval]),
        ("convergence", [risen_line, other_digit, no_interval]),
        ("waterfall", [higher_bar, other_digit]),
        ("correlations", [other_correlation]),
        ("fan", [risen_line, no_interval]),
        ("pool_tree", [longer_bar, other_digit, no_line]),
    ],
)
def test_what_a_reader_would_see_is_seen(name, changes, run):
    draw = getattr(plots, name)
    for change in changes:
        ax = draw(run)
        assert seen(ax[0] if name == "correlations" else ax, change) > TOLERANCE, change.__name__


def test_what_did_not_change_is_the_same(run):
    assert seen(plots.waterfall(run), lambda ax: None) == 0.0


def test_a_change_counts_as_much_in_a_large_picture():
    """Of one square, wherever it lies, also where the last squares are cut."""
    for size in (TILE, 5 * TILE + 3, 40 * TILE - 1):
        blank = np.ones((size, size, 4))
        spot = blank.copy()
        spot[-3:, -3:, :3] = 0.0
        assert difference(blank, spot) == pytest.approx(np.sqrt(0.75 * 9.0) / TILE)
        assert difference(blank, np.ones((size, size + 1, 4))) == np.inf
