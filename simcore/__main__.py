"""The command's door: `simcore`, and `python -m simcore`.

It goes through only when `analysis` and `scenarios` are the ones that lie beside `simcore`. Theirs are common names:
a file `analysis.py` in the folder that `python -m simcore` is started from would run in their place.
"""

import gc
import sys
from importlib.util import find_spec
from pathlib import Path


def main() -> int:
    """Run the command line; the exit status."""
    gc.disable()  # the imports leave no garbage; to look for it takes 0.35 s of 1.06; then `look_for_garbage`
    home = Path(__file__).resolve().parent.parent
    strangers = {name: found for name in ("analysis", "scenarios") if (found := _found(name)) != home / name}
    for name, found in strangers.items():
        print(f"simcore: its package {name!r} cannot be imported", file=sys.stderr)
        print(f"    found:  {found or 'nothing of that name'}", file=sys.stderr)
        print(f"    wanted: {home / name}", file=sys.stderr)
        if found:
            remedy = f"rename {found.name}, start from another folder, or take its folder off PYTHONPATH"
        else:
            remedy = "install simcore again"
        print(f"    remedy: {remedy}", file=sys.stderr)
    if strangers:
        return 2
    from analysis.cli import main as command

    return command()


def _found(name: str) -> Path | None:
    """The folder of the package `name`, or the file or folder that stands in its place."""
    spec = find_spec(name)
    if spec is None:
        return None
    if spec.origin is None:
        return Path(next(iter(spec.submodule_search_locations or []), "")).resolve()
    origin = Path(spec.origin).resolve()
    return origin.parent if origin.name == "__init__.py" else origin


if __name__ == "__main__":
    sys.exit(main())
