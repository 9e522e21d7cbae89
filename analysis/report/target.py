"""Where a report goes: what can be seen to be wrong with that before anything is run."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from analysis import files
from simcore.errors import Problem, raise_if_any

OPTION = "--report"
_NEEDED = {".html": {"jinja2": "Jinja2", "matplotlib": "Matplotlib"}, ".md": {"matplotlib": "Matplotlib"}}
_ALLOWED = "a file that ends in .html or .md, in a folder that is there and can be written to"


def pictures_folder(file: Path) -> str:
    """The name of the folder beside a Markdown report that has its pictures."""
    return f"{file.stem}_files"


def target_problems(file: Path, place: str = OPTION) -> list[Problem]:
    """What can be seen to keep a report from being written to `file`; nothing is made or written.

    place : where the name of the file was given
    """
    kind = file.suffix.lower()
    if kind not in _NEEDED:
        name = file.stem.strip(".-") or "report"
        remedy = f"name it {name}.html or {name}.md"
        return [Problem(place, f'"{file}"' if file.name else '""', _ALLOWED, remedy)]
    problems = []
    missing = [name for package, name in _NEEDED[kind].items() if find_spec(package) is None]
    if missing:
        value = f"{file} ({' and '.join(missing)} missing)"
        allowed = "with simcore's extra report, which reports and pictures need"
        problems.append(Problem(place, value, allowed, "install it: pip install 'simcore[report]'"))
    return problems + _told(file, place, _obstacles(file, kind))


def try_target(file: Path, place: str = OPTION) -> None:
    """See that `file` can be written, and leave nothing behind.

    Raises
    ------
    InputError
        When it cannot.
    """
    raise_if_any(_told(file, place, files.refusals(file.parent, file.name)))


def _obstacles(file: Path, kind: str) -> list[str]:
    folder = file.parent
    if found := files.obstacles(folder, [file.name]):
        return found
    if not folder.is_dir():
        return [f"{folder} is missing"]
    return files.obstacles(folder / pictures_folder(file), []) if kind == ".md" else []


def _told(file: Path, place: str, found: Sequence[str]) -> list[Problem]:
    remedy = f"make the folder where it is missing, or name another file than {str(file)[:60]}"
    return [Problem(place, value, _ALLOWED, remedy) for value in found]
