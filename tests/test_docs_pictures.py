"""docs/pictures.md: its Python runs, and tells of every picture there is."""

import re
from pathlib import Path

from analysis import plots

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
