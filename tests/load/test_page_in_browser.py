"""The page in a browser: charts that answer the pointer and the keyboard, and no sideways scrolling at 390 px."""

import html as escaped
import re
import shutil
import subprocess

import pytest

from load.measure.comparison import compared
from reports.load.document import parse_load
from reports.load.html import html
from tests.load.streams import gateway, session

BROWSER = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)  # fmt: skip
TRIED = """<body><pre id="said"></pre><iframe id="page" src="load.html" style="width:390px;height:800px;border:0"></iframe>
<script>window.onload = () => {
  const page = document.getElementById("page").contentDocument, [one, two] = page.querySelectorAll("svg[data-read]");
  one.focus();
  one.dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true }));
  const box = two.getBoundingClientRect();
  two.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + box.width * 0.6, clientY: box.top + 20 }));
  document.getElementById("said").textContent = [
    page.documentElement.scrollWidth - page.documentElement.clientWidth, one.querySelectorAll(".cursor circle").length,
    one.nextElementSibling.textContent, two.nextElementSibling.textContent].join("|");
};</script>"""


@pytest.mark.skipif(BROWSER is None, reason="no Chromium to open the page with")
def test_charts_answer_and_nothing_scrolls_sideways(tmp_path):
    with gateway("chat.stream.usage-missing", ttft_ms=5) as (base_url, key):
        document, _ = session(base_url, key, rate=60.0, duration=1.0, gate=["e2e:p50:1us"])
    document["comparison"] = compared(document, document)
    document["configuration"] = {"rate": 60.0, "prompts": "a/" * 60}
    (tmp_path / "load.html").write_text(html(parse_load(document), parse_load(document)))
    (tmp_path / "tried.html").write_text(TRIED)
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--virtual-time-budget=4000",
         f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"file://{tmp_path / 'tried.html'}"],
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    found = re.search(r'<pre id="said">([^<]+)', done.stdout)
    if found is None:
        pytest.skip(f"Chromium does not run here: {done.stderr.strip().splitlines()[-1:]}")
    sideways, dots, by_key, by_pointer = escaped.unescape(found[1]).split("|")
    assert sideways == "0"
    assert int(dots) == 2  # this run and the earlier one
    assert re.fullmatch(r"p\d+(\.\d+)?: this run [\d.,]+ · before [\d.,]+", by_key)
    assert re.match(r"p?\d+(\.\d+)?: ", by_pointer)
