"""The pages under axe, the rules of accessibility that browsers' own tools use: none is violated."""

import json
import os
import re
import subprocess
from html import unescape
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import pytest

from reports.document import parse
from reports.html import html
from reports.nights.fleet import fleet_page, vendors
from reports.nights.history import history
from reports.nights.night import night_of
from tests.reports.sample import full
from tests.reports.test_browser import CHROMIUM, FLAGS

ROOT = Path(__file__).parents[2]
NEWER = ROOT / ".clients/node_modules/axe-core/axe.min.js"


def axe():
    """The script: the one that AXE_JS names, one of npm, else the one of the package axe-core-python."""
    if given := os.environ.get("AXE_JS"):
        return Path(given).read_text(encoding="utf-8")
    if NEWER.exists():
        return NEWER.read_text(encoding="utf-8")
    if find_spec("axe_core_python"):
        return (resources.files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    return None


pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: the pages were not rendered"),
    pytest.mark.skipif(axe() is None, reason="no axe-core: pip install axe-core-python"),
]


def night(day, failing=2):
    made = full(failing=failing, advised=3)
    made["results"] = made["results"][:80]  # the rows of a list are all alike
    made["started_at"] = f"2026-11-{day:02}T03:00:00+00:00"
    return parse(made)


def pages():
    several = [(name, night(5, n), None) for n, name in enumerate(("ours", "theirs", "third"))]
    return {
        "report": html(night(5, 3)),
        "history": history([night_of(night(day, day % 3)) for day in range(1, 6)], None, []),
        "fleet": fleet_page(vendors(several, None)),
    }


@pytest.mark.parametrize("name", ["report", "history", "fleet"])
def test_no_rule_is_violated(name, tmp_path):
    found = judged(pages()[name], tmp_path)
    assert found["passes"] > 15
    assert found["told"] == []


def test_what_is_violated_is_found(tmp_path):
    bad = "<!doctype html><html><title>x</title><body><main><h1>x</h1><img src='x.png'></main></body></html>"
    assert {"html-has-lang", "image-alt"} <= {row[0] for row in judged(bad, tmp_path)["told"]}


def judged(text, folder):
    """What axe says of a page with everything unfolded that stands on its first screens."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    script = f"""<script>{axe()}</script><script>
      for (const one of [...document.querySelectorAll("details")].slice(0, 12)) one.open = true;
      axe.run().then((found) => {{
        const told = found.violations.map((v) => [v.id, v.impact, v.nodes.length, v.nodes[0].html.slice(0, 200), v.nodes[0].failureSummary]);
        const out = document.createElement("pre");
        out.id = "axe-found";
        out.textContent = JSON.stringify({{passes: found.passes.length, told}});
        document.body.append(out);
      }});
    </script>"""
    (folder / "page.html").write_text(text.replace("</body>", f"{script}</body>"), encoding="utf-8")
    flags = [flag for flag in FLAGS if "virtual-time" not in flag]
    command = [CHROMIUM, *flags, "--virtual-time-budget=60000", f"--user-data-dir={folder / 'profile'}", "--window-size=1440,900", "--dump-dom"]  # fmt: skip
    dom = subprocess.run([*command, f"file://{folder / 'page.html'}"], capture_output=True, text=True, timeout=180, check=True).stdout  # fmt: skip
    told = re.search(r'<pre id="axe-found">(.*?)</pre>', dom, re.DOTALL)
    assert told, "axe did not come to its end"
    return json.loads(unescape(told[1]))
