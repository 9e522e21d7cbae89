"""Image regression: a picture against the one that was looked at, with a tolerance for fonts and rasterisers.

`SIMCORE_DRAW=1 .venv/bin/python -m pytest tests/test_plots*.py` writes the pictures of tests/pictures anew: look there.
"""

import os
from pathlib import Path

import numpy as np

PICTURES = Path(__file__).parent / "pictures"
TOLERANCE = 0.02  # root mean square of differences of pixels from 0 to 1; a line that moves gives 0.03 and more


def pixels(ax):
    """The picture that the axes are in, as float64[height, width, 4] from 0 to 1."""
    figure = ax.figure
    figure.set_dpi(72)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba(), dtype=np.float64) / 255.0


def distance(ax, name):
    """How far the picture is from that of tests/pictures/NAME.png: infinite where the sizes differ."""
    import matplotlib.image

    file = PICTURES / f"{name}.png"
    drawn = pixels(ax)
    if os.environ.get("SIMCORE_DRAW"):
        PICTURES.mkdir(exist_ok=True)
        matplotlib.image.imsave(file, drawn)
    kept = matplotlib.image.imread(file).astype(np.float64)
    if kept.shape != drawn.shape:
        return np.inf
    return float(np.sqrt(np.mean((kept - drawn) ** 2)))


def assert_as_before(ax, name):
    """The picture is the one that was looked at."""
    assert distance(ax, name) <= TOLERANCE, (
        f"look at it, and if it is right: SIMCORE_DRAW=1 (tests/pictures/{name}.png)"
    )
