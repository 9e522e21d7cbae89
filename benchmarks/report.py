"""Runs the suite, and writes what it measured into README.md as Markdown: `.venv/bin/python benchmarks/report.py`.

With the name of a file that `pytest --benchmark-json=FILE` wrote, it prints that file's tables instead.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from plot import draw
from promises import PILOTED, PROMISES, SHOWN, TUNED, Promise, least

HERE = Path(__file__).parent
README = HERE / "README.md"
START, END = "<!-- measured -->", "<!-- end -->"
OPTIONS = ("--benchmark-columns=median,min,max,rounds", "--benchmark-warmup=off")
PACKAGES = ("numpy", "scipy", "numba", "mkl_random", "torch", "jax", "QuantLib")

Entry = dict[str, Any]


def tables(document: Entry) -> str:
    """Everything that a run measured."""
    entries = [entry | entry["extra_info"] for entry in document["benchmarks"]]

    def having(key: str) -> list[Entry]:
        return [entry for entry in entries if key in entry]

    races, claims, growth, accuracy, memory = map(having, ("heat", "claim", "growth", "accuracy", "peak"))
    known = {id(entry) for group in (races, claims, growth, accuracy, memory) for entry in group}
    start = [entry for entry in entries if id(entry) not in known]
    parts = [
        _machine(document["machine_info"]),
        "Millions of normals a second; in brackets, how many times as fast simcore is:",
        _grid(races, lambda e: f"{e['rate']:,.0f}" + (f" ({e['ratio']:.1f})" if e["name"] != "simcore" else "")),
        _lost(races),
        "The least ratio to these rivals, what it must be, and what is aimed for:",
        _promised(races),
        "Single precision against simcore's own double, 2 threads:",
        _single(races),
        "The form in which each rival was fastest, and ran:",
        _grid([entry for entry in races if entry["name"] != "simcore"], lambda e: e["form"]),
        "Milliseconds to a standard error of 1 % on VaR 99 % of the pool, one step, 2 threads:",
        _accuracy(accuracy),
        "simcore alone:",
        _markdown(["", ""], [[entry["claim"], f"{entry['ratio']:.2f}"] for entry in claims]),
        "How its seconds grow, one thread:",
        _markdown(["job", "s", "millions of normals a second"], [line for entry in growth for line in _growth(entry)]),
        "Seconds of whole processes, start included:",
        _markdown(["", "s"], [[entry["name"], f"{entry['stats']['median']:.2f}"] for entry in start]),
        f"{memory[0]['group'][0].upper()}{memory[0]['group'][1:]}:" if memory else "",
        _markdown(["peer", "MB"], [[entry["peer"], f"{entry['peak'] / 1e6:,.0f}"] for entry in memory]),
    ]
    return "\n\n".join(filter(None, parts))


def _growth(entry: Entry) -> list[list[str]]:
    return [[job, f"{s:.3f}", f"{normals / s / 1e6:,.0f}"] for job, normals, s in entry["growth"]]


def _accuracy(entries: list[Entry]) -> str:
    peers = list(dict.fromkeys(entry["peer"] for entry in entries))
    rows: dict[tuple[int, ...], dict[str, str]] = {}
    for entry in entries:
        its = f"{1e3 * entry['stats']['median']:.1f}"
        rows.setdefault(tuple(entry["accuracy"]), {})[entry["peer"]] = (
            its if entry["peer"] == "simcore" else f"{its} ({entry['ratio']:.1f})"
        )
    lines = [[*(f"{x:,}" for x in sizes), *(cells.get(peer, "") for peer in peers)] for sizes, cells in rows.items()]
    return _markdown(["n", "paths", *peers], lines)


def _machine(info: Entry) -> str:
    versions = [f"{package} {_version(package)}" for package in PACKAGES]
    cpu = f"{info['cpu'].get('brand_raw', info['machine'])}, {info['cpu']['count']} virtual processors"
    return f"{cpu}; Python {info['python_version']}, {', '.join(versions)}."


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _grid(races: list[Entry], cell: Any) -> str:
    """A row for each heat, a column for each peer."""
    peers = list(dict.fromkeys(entry["name"] for entry in races))
    rows: dict[tuple[int, ...], dict[str, str]] = {}
    for entry in races:
        rows.setdefault(tuple(entry["heat"]), {})[entry["name"]] = cell(entry)
    lines = [[*_sizes(heat), *(cells.get(peer, "") for peer in peers)] for heat, cells in rows.items()]
    return _markdown(["n", "T", "threads", "paths", *peers], lines)


def _promised(races: list[Entry]) -> str:
    """Each promise with the least ratio to its rivals, and then to more of them."""
    lines = []
    for promise in PROMISES:
        usual = promise.rivals != SHOWN
        cells = []
        for rivals in (promise.rivals, () if usual else SHOWN + TUNED, () if usual else SHOWN + TUNED + PILOTED):
            for threads in (1, 2):
                its = [entry for entry in races if entry["heat"][2] == threads and _is_of(promise, entry["heat"])]
                got = least([(entry["name"], entry["ratio"]) for entry in its], rivals)
                cells.append("" if got is None else f"{got:.1f}")
        lines.append([str(promise), "numpy" if usual else "best", f"{promise.must:g}", f"{promise.aim:g}", *cells])
    groups = ("as shown", "and tuned", "and with a pilot")
    head = ["", "rival", "must", "aim", *(f"{group}, {threads}" for group in groups for threads in ("1 thread", "2"))]
    return _markdown(head, lines)


def _is_of(promise: Promise, heat: Sequence[Any]) -> bool:
    n, steps, _, _, precision, horizon_only = heat
    return promise.is_of(n, steps, precision, horizon_only)


def _single(races: list[Entry]) -> str:
    own = {tuple(entry["heat"]): entry["rate"] for entry in races if entry["name"] == "simcore"}
    lines = []
    for (n, steps, threads, paths, precision, horizon_only), rate in own.items():
        double = own.get((n, steps, threads, paths, "double", horizon_only))
        if precision == "single" and double:
            lines.append([f"n = {n}, T = {steps}", f"{rate / double:.2f}"])
    return _markdown(["", "times as fast"], lines)


def _sizes(heat: tuple[Any, ...]) -> list[str]:
    n, steps, threads, paths, precision, horizon_only = heat
    steps = f"{steps}, horizon only" if horizon_only else str(steps)
    return [f"{n:,}" + ", single" * (precision == "single"), steps, str(threads), f"{paths:,}"]


def _lost(races: list[Entry]) -> str:
    lost = [f"{entry['name']} at {entry['group']} ({entry['ratio']:.2f})" for entry in races if entry["ratio"] < 1.0]
    verdict = f"**simcore is slower than** {'; '.join(lost)}." if lost else "simcore is the fastest in every row."
    furthest = max(entry["distance"] for entry in races)
    agreed = (
        f"All figures agree: the largest difference from simcore's is {furthest:.1f} standard errors of the difference."
    )
    return f"{verdict}\n\n{agreed}"


def _markdown(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    """Run and write, or print an old run."""
    if len(sys.argv) > 1:
        print(tables(json.loads(Path(sys.argv[1]).read_text())))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        measured = Path(folder) / "run.json"
        command = [sys.executable, "-m", "pytest", str(HERE), *OPTIONS, f"--benchmark-json={measured}"]
        if status := subprocess.run(command, cwd=HERE.parent).returncode:
            print(f"The suite failed: {README.name} stays as it is.", file=sys.stderr)
            return status
        document = json.loads(measured.read_text())
    text = tables(document)
    draw(document, HERE / "rate.svg")
    before, rest = README.read_text().split(START)
    README.write_text(f"{before}{START}\n\n{text}\n\n{END}{rest.split(END)[1]}")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
