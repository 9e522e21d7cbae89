"""The rates of all peers against the number of assets, as a picture."""

from importlib import import_module
from pathlib import Path
from typing import Any

STYLES = ("o-", "s--", "^--", "v--", "D--", "P:", "X:", "*:", "h-.", "p-.", "<-.", ">-.")  # they differ in grey, too
COLOURS = (
    "#000000",
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
    "#999999",
    "#882255",
    "#44AA99",
    "#DDCC77",
)


def draw(document: dict[str, Any], file: Path) -> None:
    """Millions of normals a second; one step, double precision, 2 threads.

    document : what pytest-benchmark writes
    """
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "simcore"  # the same picture has the same bytes
    pyplot: Any = import_module("matplotlib.pyplot")
    rates: dict[str, list[tuple[int, float]]] = {}
    for entry in document["benchmarks"]:
        n, steps, threads, _, precision, horizon_only = entry["extra_info"].get("heat", [0] * 6)
        if (steps, threads, precision, horizon_only) == (1, 2, "double", False):
            rates.setdefault(entry["name"], []).append((n, entry["extra_info"]["rate"]))
    figure, axes = pyplot.subplots(figsize=(7.0, 4.5), layout="constrained")
    for (peer, points), style, colour in zip(rates.items(), STYLES, COLOURS, strict=False):
        axes.loglog(*zip(*sorted(points), strict=True), style, color=colour, label=peer, markersize=5)
    axes.set(xlabel="assets", ylabel="millions of normals a second", title="One step, double precision, 2 threads")
    sizes = sorted({n for points in rates.values() for n, _ in points})
    axes.set_xticks(sizes, [f"{n:,}" for n in sizes])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", ncols=2)
    figure.savefig(file, metadata={"Date": None})
