"""Image regression: a picture against the one that was looked at. The same Matplotlib draws the same, to the bit.

`SIMCORE_DRAW=1 .venv/bin/python -m pytest tests/test_plots*.py` writes the pictures of tests/pictures anew: look there.
"""

import os
from pathlib import Path

import numpy as np

PICTURES = Path(__file__).parent / "pictures"
TILE = 16  # pixels; over the whole picture one digit more or less gives 0.002 to 0.007, a lost interval 0.012
TOLERANCE = 0.02  # of pixels from 0 to 1; another digit gives 0.055 and more (tests/test_drawing.py)


def pixels(ax):
    """The picture that the axes are in, as float64[height, width, 4] from 0 to 1."""
    figure = ax.figure
    figure.set_dpi(72)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba(), dtype=np.float64) / 255.0


def difference(one, other):
    """The root mean square of differences of pixels, over the square of `TILE` by `TILE` of them where it is largest.

    Infinite where the sizes differ.
    """
    if one.shape != other.shape:
        return np.inf
    squares = ((one - other) ** 2).mean(axis=2)
    beyond = [(0, -size % TILE) for size in squares.shape]
    tiles = np.pad(squares, beyond)
    tiles = tiles.reshape(tiles.shape[0] // TILE, TILE, -1, TILE)
    return float(np.sqrt(tiles.mean(axis=(1, 3)).max()))


def distance(ax, name):
    """How far the picture is from that of tests/pictures/NAME.png."""
    import matplotlib.image

    file = PICTURES / f"{name}.png"
    drawn = pixels(ax)
    if os.environ.get("SIMCORE_DRAW"):
        PICTURES.mkdir(exist_ok=True)
        matplotlib.image.imsave(file, drawn)
    return difference(matplotlib.image.imread(file).astype(np.float64), drawn)


def assert_as_before(ax, name):
    """The picture is the one that was looked at."""
    assert distance(ax, name) <= TOLERANCE, (
        f"look at it, and if it is right: SIMCORE_DRAW=1 (tests/pictures/{name}.png)"
    )
