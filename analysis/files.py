"""Files, each written whole or not at all, and whether they can be.

Everything is written into temporary files of the same folder first, and renamed when all of it is on the disk: a full
disk or a broken run leaves what was there before, and nothing where nothing was.
"""

import contextlib
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path


def obstacles(folder: Path, names: Sequence[str]) -> list[str]:
    """What can be seen to keep `folder` from taking files of these names, before anything is made or written."""
    try:
        existing = next((path for path in (folder, *folder.absolute().parents) if os.path.lexists(path)), folder)
        if not existing.is_dir():
            return [f"{existing} is no folder"]
        if not os.access(existing, os.W_OK | os.X_OK):
            return [f"{existing} cannot be written to"]
        return [f"{folder / name} is a folder" for name in names if (folder / name).is_dir()]
    except OSError as error:  # a name that no folder can have
        return [f"{str(folder)[:60]} ({error.strerror})"]


def refusals(folder: Path, name: str = "probe") -> list[str]:
    """What keeps `folder` from being made where it is missing and from taking a file of this name; nothing is left."""
    made = _missing(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = _temporary(folder, name)
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        return [f"{folder} ({error.strerror or error})"]
    finally:
        _remove_empty(made)
    return []


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write `texts`, by the name of the file, in UTF-8, into `folder`; folders that are missing are made.

    A name may lie in a folder of its own, as ``pictures/1.svg``. Files take their names in the order given.

    Raises
    ------
    OSError
        When one cannot be written: then all are as they were before. Only where a file could be written and not take
        its name is there a mixture, of whole files.
    """
    targets = [folder / name for name in texts]
    parents = dict.fromkeys([folder, *(target.parent for target in targets)])
    made = sorted({path for parent in parents for path in _missing(parent)}, key=lambda path: -len(path.parts))
    temporary = {target: _temporary(target.parent, target.name) for target in targets}
    try:
        for parent in parents:
            parent.mkdir(parents=True, exist_ok=True)
        for part, text in zip(temporary.values(), texts.values(), strict=True):
            with open(part, "x", encoding="utf-8", errors="backslashreplace", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())  # a disk that is full may say so only now
        for target, part in temporary.items():
            os.replace(part, target)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from None
    finally:
        for part in temporary.values():
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        _remove_empty(made)


def _missing(folder: Path) -> list[Path]:
    """The folders that are to be made, the innermost first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):  # missing, or something was put into it
            folder.rmdir()


def _temporary(folder: Path, name: str) -> Path:
    return folder / f".{name}.{secrets.token_hex(8)}.tmp"
