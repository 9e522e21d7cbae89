"""The notebooks of docs/notebooks run; what comes out is what they hold; and their words tell what came out.

`SIMCORE_NOTEBOOKS=1 .venv/bin/python -m pytest tests/test_docs_notebooks.py` writes their outputs anew: read them, and
look at their pictures.
"""

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
LARGEST = 300_000  # bytes
NUMBER = r"\d+(?:,\d{3})+|\d+\.\d+|\d+(?= %)"  # of the words: 110,755 and 36.3, and 40 of 40 %
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def executed(path, folder):
    """The notebook with what comes out of it, in a kernel that sees this repository and nobody's settings."""
    book = nbformat.read(path, as_version=4)
    own = {name: str(folder / name.lower()) for name in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR")}
    own |= {"PYTHONPATH": str(ROOT), "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    own |= {"JUPYTER_PLATFORM_DIRS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}  # else each says something on stderr
    with TemporaryDirectory() as sockets, pytest.MonkeyPatch.context() as patch:
        for name, value in {**own, "JUPYTER_RUNTIME_DIR": sockets}.items():
            patch.setenv(name, value)
        client = NotebookClient(book, timeout=300, kernel_name="python3", record_timing=False)
        manager = client.create_kernel_manager()
        manager.transport, manager.ip = "ipc", f"{sockets}/kernel"  # files in place of ports: nothing listens
        client.execute(cwd=str(folder))
    return book


def code_of(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def texts(cell):
    """The outputs of a cell as text, and that there is a picture where there is one."""
    found = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            found.append(output.text)
        else:
            found.append("a picture" if "image/png" in output.data else output.data)
    return found


def untold(book):
    """The numbers of the words that are in no output and in no code."""
    code = [re.sub(r"(?<=\d)_(?=\d)", ",", cell.source) for cell in code_of(book)]
    seen = "\n".join([*code, *(str(texts(cell)) for cell in code_of(book))])
    numbers = [n for cell in book.cells if cell.cell_type == "markdown" for n in re.findall(NUMBER, cell.source)]
    return [n for n in numbers if not re.search(rf"(?<![\d.,]){re.escape(n)}(?!\d|[.,]\d)", seen)]


@every_notebook
def test_a_notebook_gives_what_it_holds(path, tmp_path):
    kept, book = nbformat.read(path, as_version=4), executed(path, tmp_path)
    if os.environ.get("SIMCORE_NOTEBOOKS"):
        book.metadata["language_info"] = {"name": "python"}  # not the version of this machine
        nbformat.write(book, path)
        kept = book
    for before, now in zip(code_of(kept), code_of(book), strict=True):
        assert texts(before) == texts(now), now.source
    assert any("a picture" in texts(cell) for cell in code_of(kept))


@every_notebook
def test_the_words_of_a_notebook_tell_its_figures(path):
    assert untold(nbformat.read(path, as_version=4)) == []


@every_notebook
def test_a_notebook_is_small(path):
    assert path.stat().st_size < LARGEST


@every_notebook
def test_another_figure_in_the_words_is_noticed(path):
    book = nbformat.read(path, as_version=4)
    last = [cell for cell in book.cells if cell.cell_type == "markdown"][-1]
    for wrong in ("12.34567 %", "98,765,432 EUR", "97 %"):
        last.source += f" {wrong}"
    assert untold(book) == ["12.34567", "98,765,432", "97"]


def test_a_cell_that_raises_fails(tmp_path):
    path = tmp_path / "raises.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("raise ValueError('seen')")]), path)
    with pytest.raises(CellExecutionError, match="seen"):
        executed(path, tmp_path)


def test_there_are_notebooks():
    assert [path.stem for path in NOTEBOOKS] == ["a-stress-committee", "pooling-in-ten-minutes"]
