"""Where a report goes: what can be seen to be wrong with that before anything is run."""

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from analysis import output
from simcore.errors import InputError, Problem

OPTION = "--report"
_NEEDED = {".html": {"jinja2": "Jinja2", "matplotlib": "Matplotlib"}, ".md": {"matplotlib": "Matplotlib"}}
_ALLOWED = "a file that ends in .html or .md, in a folder that is there and can be written to"


def pictures_folder(file: Path) -> str:
    """The name of the folder beside a Markdown report that has its pictures."""
    return f"{file.stem}_files"


def target_problems(file: Path) -> list[Problem]:
    """What can be seen to keep a report from being written to `file`; nothing is made or written."""
    kind = file.suffix.lower()
    if kind not in _NEEDED:
        remedy = f"name it {file.stem or 'report'}.html or {file.stem or 'report'}.md"
        return [Problem(OPTION, f'"{file}"' if file.name else '""', _ALLOWED, remedy)]
    problems = []
    missing = [name for package, name in _NEEDED[kind].items() if find_spec(package) is None]
    if missing:
        value = f"{file} ({' and '.join(missing)} missing)"
        allowed = "with simcore's extra report, which reports and pictures need"
        problems.append(Problem(OPTION, value, allowed, "install it: pip install 'simcore[report]'"))
    return problems + _told(file, _place_problems(file, kind))


def _place_problems(file: Path, kind: str) -> list[Problem]:
    folder = file.parent
    if problems := output.folder_problems(folder, [file.name]):
        return problems
    if not folder.is_dir():
        return [Problem(OPTION, f"{folder} is missing", _ALLOWED, "")]
    pictures = folder / pictures_folder(file)
    return output.folder_problems(pictures, []) if kind == ".md" else []


def try_target(file: Path) -> None:
    """See that `file` can be written, and leave nothing behind.

    Raises
    ------
    InputError
        When it cannot.
    """
    try:
        output.try_folder(file.parent, file.name)
    except InputError as error:
        raise InputError(_told(file, error.problems)) from None


def _told(file: Path, problems: Sequence[Problem]) -> list[Problem]:
    """What is said of a folder, as of the report in it."""
    remedy = f"make the folder where it is missing, or name another file than {str(file)[:60]}"
    return [replace(problem, place=OPTION, allowed=_ALLOWED, remedy=remedy) for problem in problems]
