"""docs/pictures.md: its Python runs, and tells of every picture there is."""

import re
import sys
from pathlib import Path

import pytest
from models import child, plan, three_assets
from pictured import run_of

from analysis import plots
from simcore import SimcoreError

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "pictures.md").read_text(encoding="utf-8")


def test_the_python_runs(tmp_path, monkeypatch, no_screen):
    monkeypatch.chdir(tmp_path)
    code = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    exec("".join(code), {})
    saved = re.findall(r'savefig\("(\w+\.svg)"\)', "".join(code))
    assert len(saved) == len(code) - 1
    for name in saved:
        assert Path(name).read_text(encoding="utf-8").startswith("<?xml")


def test_every_picture_has_a_section():
    assert sorted(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)) == plots.__all__


@pytest.mark.parametrize("name", plots.__all__)
def test_every_picture_is_exported(name):
    assert callable(getattr(plots, name))
    assert name in dir(plots)


def test_other_names_are_refused():
    with pytest.raises(AttributeError, match="has no attribute 'pie'; it has benefit_by_case, "):
        plots.pie  # noqa: B018


def test_matplotlib_is_imported_on_use_only():
    code = "import sys; from analysis.plots import *; assert callable(loss_density) and 'matplotlib' not in sys.modules"
    child("-c", code)


def test_without_matplotlib_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(SimcoreError, match=r"pictures need Matplotlib: .* pip install 'simcore\[report\]'"):
        plots.convergence(run_of(three_assets(), plan=plan(1_000)))
