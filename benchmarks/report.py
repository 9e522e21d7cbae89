"""Runs the suite, and writes what it measured into README.md as Markdown: `.venv/bin/python benchmarks/report.py`.

With the name of a file that `pytest --benchmark-json=FILE` wrote, it prints that file's tables instead.
"""

import json
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
README = HERE / "README.md"
START, END = "<!-- measured -->", "<!-- end -->"
OPTIONS = ("--benchmark-columns=median,min,max,rounds", "--benchmark-warmup=off")
PACKAGES = ("numpy", "scipy", "numba", "mkl_random")

Entry = dict[str, Any]


def tables(document: Entry) -> str:
    """Everything that a run measured."""
    entries = [entry | entry["extra_info"] for entry in document["benchmarks"]]
    races = [entry for entry in entries if "heat" in entry]
    memory = [[entry["peer"], f"{entry['peak'] / 1e6:,.0f}"] for entry in entries if "peak" in entry]
    start = [entry for entry in entries if "heat" not in entry and "peak" not in entry]
    seconds = [[entry["name"], f"{entry['stats']['median']:.2f}"] for entry in start]
    group = next((entry["group"] for entry in entries if "peak" in entry), "")
    parts = [
        _machine(document["machine_info"]),
        "Millions of normals a second; in brackets, how many times as fast simcore is:",
        _grid(races, lambda e: f"{e['rate']:,.0f}" + (f" ({e['ratio']:.1f})" if e["name"] != "simcore" else "")),
        _lost(races),
        "The form in which each rival was fastest, and ran:",
        _grid([entry for entry in races if entry["name"] != "simcore"], lambda e: e["form"]),
        f"Seconds of whole processes, {start[0]['group'].removesuffix(' of a process')} included:",
        _markdown(["", "s"], seconds),
        f"{group[0].upper()}{group[1:]}:",
        _markdown(["peer", "MB"], memory),
    ]
    return "\n\n".join(parts)


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
    lines = [[*(f"{x:,}" for x in heat), *(cells.get(peer, "") for peer in peers)] for heat, cells in rows.items()]
    return _markdown(["n", "T", "threads", "paths", *peers], lines)


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
        text = tables(json.loads(measured.read_text()))
    before, rest = README.read_text().split(START)
    README.write_text(f"{before}{START}\n\n{text}\n\n{END}{rest.split(END)[1]}")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
