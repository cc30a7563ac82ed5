"""The page in a real browser: it renders, it filters, it stays inside the window, nothing runs that should not."""

import re
import shutil
import subprocess

import pytest

from reports.document import parse
from reports.html import html
from tests.reports.sample import full

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--virtual-time-budget=3000")  # fmt: skip

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: the page was not rendered")


@pytest.fixture(scope="module")
def dom(tmp_path_factory):
    """The DOM after scripts ran, for a page text, a fragment and a window."""
    folder = tmp_path_factory.mktemp("browser")

    def rendered(text, fragment="", width=1440):
        (folder / "page.html").write_text(text, encoding="utf-8")
        command = [
            CHROMIUM,
            *FLAGS,
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={width},900",
            "--dump-dom",
        ]
        url = f"file://{folder / 'page.html'}{fragment}"
        return subprocess.run(
            [*command, url], capture_output=True, text=True, timeout=120, check=True
        ).stdout

    return rendered


@pytest.fixture(scope="module")
def text():
    return html(parse(full()))


def test_the_address_holds_the_view_and_hostile_text_stays_text(dom, text):
    found = dom(text, "#outcome=fail,blocked&q=rule&model=gpt-5.4")
    shown, total = re.search(r'id="shown"[^>]*>(\d+) of (\d+)<', found).groups()
    assert 0 < int(shown) < int(total)
    assert "<title>9 MUST fail" in found
    assert found.count("<script>") == 1
    assert "<img" not in found


def test_a_link_to_a_transcript_unfolds_it(dom, text):
    assert '<details class="transcript" id="x-u0" open="">' in dom(text, "#x-u0")


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_sticks_out_of_the_window(dom, text, width):
    # In a frame, because a window of the browser cannot be as narrow as a telephone.
    inner = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    frame = f"<iframe style='width:{width}px; height:900px; border:0'></iframe>"
    probe = """<script>
      const frame = document.querySelector("iframe");
      frame.onload = () => {
        const page = frame.contentDocument;
        for (const one of page.querySelectorAll("details")) one.open = true;
        document.title = `wide ${page.documentElement.scrollWidth}`;
      };
      frame.srcdoc = "<!doctype html>" + document.querySelector("template").innerHTML;
    </script>"""
    found = dom(f"<!doctype html><template>{inner}</template>{frame}{probe}", width=1600)
    assert f"<title>wide {width}</title>" in found
