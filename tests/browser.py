"""A headless Chromium that looks at a page as a person does, and axe-core, which looks at it for those who cannot.

Nothing of it leaves the machine, and nothing listens beyond it: the driver's port is one of the loopback, and the
browser finds no other host.
"""

import base64
import contextlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WHERE = "on Debian: apt-get install chromium chromium-driver"
AXE = Path(sys.prefix) / "node_modules" / "axe-core" / "axe.min.js"
QUIET = (  # a browser of its own accord asks hosts of its maker, and starts parts that no test needs
    "--headless=new",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",  # containers have little of it
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-first-run",
)


@contextlib.contextmanager
def opened(profile):
    """A browser with a fresh profile in a folder; the test is skipped where there is none."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if not found or not driver:
        pytest.skip(f"no {'chromedriver' if found else 'chromium'} to look at a report with; {WHERE}")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install '.[test]'")
    from selenium.common import WebDriverException

    options = webdriver.ChromeOptions()
    options.binary_location = found
    for argument in (*QUIET, f"--user-data-dir={profile}", *(["--no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=driver)  # named, so that selenium looks for none in the network
    try:
        chromium = webdriver.Chrome(options=options, service=service)
    except WebDriverException as error:  # of another version than its driver, or where it may not run
        pytest.skip(f"{found} does not start: {str(error.msg)[:200]}")
    try:
        yield chromium
    finally:
        chromium.quit()


def look_at(driver, file, *, width=1280, height=900, scheme="light", scripts=True, media=""):
    """Load a file, as a person sees it who has such a screen and such settings."""
    of_device = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", of_device)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
    driver.get(Path(file).as_uri())


def overflow(driver):
    """How many pixels the page is wider than the window, and what sticks out."""
    return driver.execute_script(
        """
        const wide = document.scrollingElement.scrollWidth - window.innerWidth;
        if (wide <= 0) return [0, []];
        const sticksOut = one => one.getBoundingClientRect().right > window.innerWidth;
        const out = [...document.querySelectorAll("body *")].filter(sticksOut);
        return [wide, out.slice(0, 5).map(one => one.outerHTML.slice(0, 120))];
        """
    )


def smallest_text(driver):
    """The size in pixels of the smallest letters that are shown, pictures included."""
    return driver.execute_script(
        """
        const seen = [...document.querySelectorAll("body *")].filter(one =>
          one.getClientRects().length && [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
        return Math.min(...seen.map(one => {
          const placed = one.getScreenCTM?.();
          return parseFloat(getComputedStyle(one).fontSize) * (placed ? Math.hypot(placed.a, placed.b) : 1);
        }));
        """
    )


def printed(driver):
    """The page as a PDF."""
    answer = driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True, "preferCSSPageSize": True})
    return base64.b64decode(answer["data"])


def screenshot(driver, file, *, width):
    """The whole page as a PNG."""
    height = driver.execute_script("return document.scrollingElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    answer = driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
    Path(file).write_bytes(base64.b64decode(answer["data"]))


def requests(driver):
    """The addresses that were asked for since the last call."""
    messages = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


def console(driver):
    """What the console said since the last call, but for remarks."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] in ("WARNING", "SEVERE")]


def violations(driver):
    """What axe-core finds that is serious or critical: its rule, and where. Skipped where axe-core is not installed."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make test")
    driver.execute_script(AXE.read_text(encoding="utf-8"))
    found = driver.execute_async_script(
        """
        const done = arguments[arguments.length - 1];
        const options = {resultTypes: ["violations"]};
        axe.run(document, options).then(found => done(found.violations), error => done(String(error)));
        """
    )
    assert isinstance(found, list), found
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    return [(one["id"], node["html"][:200], node["failureSummary"]) for one in grave for node in one["nodes"]]
