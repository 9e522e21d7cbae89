"""A real browser looks at the report of a run: nothing leaves the machine, everything can be reached, read and printed.

Skipped where there is no browser. `SIMCORE_SCREENSHOTS=FOLDER .venv/bin/python -m pytest tests/test_browser.py` leaves
its screenshots and PDFs in the folder, to be looked at.
"""

import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
from browser import (
    console,
    look_at,
    opened,
    overflow,
    printed,
    requests,
    screenshot,
    smallest_text,
    violations,
)

from analysis.cli import main

Keys = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: make test").Keys

SCHEMES = ("light", "dark")
WIDTHS = (400, 1600)
LONG = "a_name_without_a_single_space_in_it_that_is_longer_than_any_table_or_any_telephone_can_be_wide"
HOSTILE = f"""
schema = 1
name = "<script>document.title = 'taken'</script>"
description = "<img src=x onerror=\\"document.title = 'taken'\\"> $x$ {{{{ 7 * 7 }}}}"
currency = "<b>EUR</b>"

[universe]
correlation = 0.3
assets = [
  {{ name = "<i>slanted</i>", expected_return = 0.1, volatility = 0.2, value = 100 }},
  {{ name = "{LONG}", expected_return = 0.1, volatility = 0.3, value = 200 }},
  {{ name = "=HYPERLINK(\\"http://example.invalid\\")", expected_return = 0.1, volatility = 0.3, value = -50 }},
]

[[pools]]
name = "</script><script>document.title = 'taken'</script>"
members = ["<i>slanted</i>", "{LONG}"]
[[pools]]
name = "all & \\"all\\" of 'them'"
members = ["</script><script>document.title = 'taken'</script>", "=HYPERLINK(\\"http://example.invalid\\")"]

[[shocks]]
name = "--><b>worse</b>"
changes = [{{ volatility = {{ multiply = 2.0 }} }}]

[simulation]
paths = 20_000
steps = 12
horizon_years = 1.0
seed = 7

[measures]
confidence = [0.95, 0.99]
"""
POOLS = "".join(f"[[pools]]\nname = 'pool {i}'\nmembers = ['asset {i}']\n" for i in range(20))
MANY_LINES = f"""
schema = 1
name = "20 pools of one, and one of all"
currency = "EUR"
[universe]
correlation = 0.3
assets = [{", ".join(f"{{name = 'asset {i}', expected_return = 0, volatility = 0.2, value = 1}}" for i in range(20))}]
{POOLS}
[[pools]]
name = "all"
members = [{", ".join(f"'pool {i}'" for i in range(20))}]
[simulation]
paths = 20_000
horizon_years = 1.0
seed = 7
[measures]
confidence = [0.95, 0.99]
"""
every_report = pytest.mark.parametrize("name", ["etf18", "hostile"])
also_many_lines = pytest.mark.parametrize("name", ["etf18", "hostile", "many lines"])
every_scheme = pytest.mark.parametrize("scheme", SCHEMES)
every_width = pytest.mark.parametrize("width", WIDTHS)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("profile")) as driver:
        driver.set_script_timeout(60)
        yield driver


@pytest.fixture(scope="module")
def reports(browser, tmp_path_factory):
    """The files, made once there is a browser to look at them."""
    folder = tmp_path_factory.mktemp("reports")
    (folder / "hostile.toml").write_text(HOSTILE)
    (folder / "many.toml").write_text(MANY_LINES)
    sources = {
        "etf18": ["etf18", "--paths", "100000"],
        "hostile": [str(folder / "hostile.toml")],
        "many lines": [str(folder / "many.toml")],
    }
    files = {name: folder / f"{name}.html" for name in sources}
    for name, file in files.items():
        assert main(["run", *sources[name], "--report", str(file), "--quiet"]) == 0
    return files


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where what is to be looked at goes."""
    folder = Path(os.environ.get("SIMCORE_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@every_report
def test_no_error_and_no_request(browser, reports, name):
    requests(browser), console(browser)  # of what was before
    look_at(browser, reports[name])
    asked = requests(browser)
    assert asked[0] == reports[name].as_uri()
    assert [one[:100] for one in asked[1:] if not one.startswith("data:")] == []
    assert console(browser) == []
    assert browser.title.endswith(": how much risk pooling removes")  # no name ran as a script


@every_report
@every_width
@every_scheme
def test_nothing_is_wider_than_the_window(browser, reports, name, width, scheme, kept):
    look_at(browser, reports[name], width=width, scheme=scheme)
    assert overflow(browser) == [0, []]
    screenshot(browser, kept / f"{name}-{width}-{scheme}.png", width=width)


@also_many_lines
@every_width
def test_letters_can_be_read(browser, reports, name, width):
    """Those of the remark in a picture's corner are the smallest; on a telephone pictures are scrolled, not shrunk."""
    look_at(browser, reports[name], width=width)
    assert smallest_text(browser) > 7.5


@every_scheme
def test_the_page_is_light_or_dark_as_asked(browser, reports, scheme, kept):
    from matplotlib.image import imread

    look_at(browser, reports["etf18"], scheme=scheme)
    file = kept / f"etf18-1280-{scheme}.png"
    screenshot(browser, file, width=1280)
    brightness = np.median(imread(io.BytesIO(file.read_bytes()))[..., :3])
    assert brightness > 0.9 if scheme == "light" else brightness < 0.2


@every_report
@pytest.mark.parametrize(("scheme", "width"), [("light", 400), ("dark", 1600)])
def test_axe_finds_nothing_grave(browser, reports, name, scheme, width):
    look_at(browser, reports[name], scheme=scheme, width=width)
    assert violations(browser) == []


def shown(driver, css):
    """What a person sees of the elements."""
    return [element for element in driver.find_elements("css selector", css) if element.is_displayed()]


def column(driver, table, number):
    """The texts of a column, from the top."""
    return driver.execute_script(
        "return [...arguments[0].tBodies[0].rows].map(row => row.cells[arguments[1]].textContent)", table, number
    )


def amount(text):
    return float(text.replace(",", ""))


def figure(text):
    """The figure that a cell begins with, or the lower end of its interval, if any; a note has a mark only."""
    found = re.match(r"\[?(-?\d[\d,]*(\.\d+)?(e[+-]?\d+)?)", text)
    return float(found[1].replace(",", "")) if found and not re.fullmatch(r"(\[\d+\])*", text) else None


def focus_by_tab(driver, element):
    """Tab from the top of the page until it has the focus."""
    for _ in range(20):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        if driver.switch_to.active_element == element:
            return
    raise AssertionError("the keyboard does not reach it")


@pytest.mark.parametrize("how", ["mouse", "Enter", "space"])
@pytest.mark.parametrize(("number", "key"), [(0, str.casefold), (1, amount), (3, float)])
def test_a_table_sorts_up_and_down_and_back(browser, reports, how, number, key):
    look_at(browser, reports["etf18"])
    table = browser.find_element("css selector", "table.sortable")
    head = table.find_element("css selector", f"th[data-column='{number}']")
    button = head.find_element("css selector", "button")
    names, cells = column(browser, table, 0), column(browser, table, number)
    assert names == ["base", "2022", "2008", "2020", "correlation breakdown"]
    if how != "mouse":
        focus_by_tab(browser, button)
    ways = {"ascending": sorted(cells, key=key), "descending": sorted(cells, key=key, reverse=True), "none": cells}
    assert ways["ascending"] != cells
    for direction, expected in ways.items():
        if how == "mouse":
            button.click()
        else:
            button.send_keys({"Enter": Keys.ENTER, "space": Keys.SPACE}[how])
        assert head.get_attribute("aria-sort") == direction
        assert column(browser, table, number) == expected
    assert column(browser, table, 0) == names


@every_report
def test_every_table_sorts_by_every_column(browser, reports, name):
    look_at(browser, reports[name])
    for table in shown(browser, "table.sortable"):
        names = column(browser, table, 0)
        orders = set()
        for head in table.find_elements("css selector", "th[data-column]"):
            number = int(head.get_attribute("data-column"))
            before = column(browser, table, number)
            head.find_element("css selector", "button").click()
            orders.add(tuple(column(browser, table, 0)))
            figures = [x for x in map(figure, column(browser, table, number)) if number and x is not None]
            assert figures == sorted(figures), head.text
            assert sorted(column(browser, table, number)) == sorted(before)
        assert all(sorted(order) == sorted(names) for order in orders)
        assert len(orders) > 1 or len(names) == 1


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_cases_switch(browser, reports, how):
    look_at(browser, reports["etf18"])
    choices = browser.find_elements("css selector", "fieldset.switch input[type='radio']")
    names = [choice.find_element("xpath", "./ancestor::label").text for choice in choices]
    assert names == ["base", "2022", "2008", "2020", "correlation breakdown"]
    assert [section.find_element("css selector", "h3").text for section in shown(browser, "section.case")] == ["base"]
    for before, (choice, name) in zip(choices, list(zip(choices, names, strict=True))[1:], strict=False):
        if how == "mouse":
            choice.click()
        else:
            before.send_keys(Keys.ARROW_DOWN)
        (section,) = shown(browser, "section.case")
        assert section.find_element("css selector", "h3").text == name
        assert choice.is_selected()


@every_report
def test_it_is_complete_without_scripts(browser, reports, name):
    look_at(browser, reports[name])
    everything = browser.execute_script("return document.querySelector('main').textContent")
    look_at(browser, reports[name], scripts=False)
    assert browser.execute_script("return document.querySelector('main').textContent") == everything
    cases = browser.find_elements("css selector", "section.case")
    assert shown(browser, "section.case") == cases
    assert len(cases) == len(browser.find_elements("css selector", "fieldset.switch input"))
    assert shown(browser, "fieldset.switch, th button") == []
    assert overflow(browser) == [0, []]


@every_report
def test_it_prints(browser, reports, name, kept):
    look_at(browser, reports[name])
    pdf = printed(browser)
    assert pdf.startswith(b"%PDF")
    (kept / f"{name}.pdf").write_bytes(pdf)
    look_at(browser, reports[name], media="print", scheme="dark")
    assert shown(browser, "section.case") == browser.find_elements("css selector", "section.case")
    assert shown(browser, "fieldset.switch") == []
    ground = browser.find_element("css selector", "body").value_of_css_property("background-color")
    assert ground in ("rgb(255, 255, 255)", "rgba(255, 255, 255, 1)")


BAD = """<!doctype html>
<html><head><title>bad</title></head>
<body style="background: white"><p style="color: #eee; width: 3000px">pale and wide</p>
<img src="http://example.invalid/picture.png"><script>console.error("seen")</script></body></html>
"""


def test_a_bad_page_is_noticed(browser, tmp_path):
    """The checks above see what they look for."""
    (tmp_path / "bad.html").write_text(BAD)
    look_at(browser, tmp_path / "bad.html", width=400)
    assert "http://example.invalid/picture.png" in requests(browser)
    assert any("seen" in message for message in console(browser))
    wide, (element, *_) = overflow(browser)
    assert wide > 2000
    assert "pale and wide" in element
    assert {"color-contrast", "html-has-lang", "image-alt"} <= {rule for rule, *_ in violations(browser)}


def test_the_page_fits_a_telephone_and_says_so(browser, reports):
    """Without it a telephone lays the page out 980 pixels wide, and everything is tiny."""
    look_at(browser, reports["etf18"])
    viewport = browser.find_element("css selector", "meta[name='viewport']").get_attribute("content")
    assert "width=device-width" in viewport
