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


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1440, 900)])
def test_the_first_screen_answers(dom, text, width, height):
    inner = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    frame = f"<iframe style='width:{width}px; height:{height}px; border:0'></iframe>"
    probe = """<script>
      const frame = document.querySelector("iframe");
      frame.onload = () => {
        const page = frame.contentDocument;
        const ends = [...page.querySelectorAll(".answers > div, h1")].map((one) => one.getBoundingClientRect().bottom);
        document.title = `${ends.length} parts end at ${Math.round(Math.max(...ends))}`;
      };
      frame.srcdoc = "<!doctype html>" + document.querySelector("template").innerHTML;
    </script>"""
    found = dom(f"<!doctype html><template>{inner}</template>{frame}{probe}", width=1600)
    parts, end = re.search(r"<title>(\d+) parts end at (\d+)", found).groups()
    assert int(parts) == 7
    assert int(end) <= height


def test_paper_is_short_unless_all_is_asked_for(text, tmp_path):
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={tmp_path / 'page.pdf'}"]  # fmt: skip
    subprocess.run([*command, f"file://{tmp_path / 'page.html'}"], capture_output=True, timeout=120, check=True)  # fmt: skip
    pages = re.findall(rb"/Type\s*/Page\b", (tmp_path / "page.pdf").read_bytes())
    assert 1 <= len(pages) <= 12
