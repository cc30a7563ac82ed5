"""Many runs: history, fleet, metrics and the five lines."""

import json
import re
import sqlite3
import sys
from collections import Counter
from contextlib import closing

import pytest

from reports.__main__ import main
from reports.document import parse
from reports.nights import store as stores
from reports.nights.history import stories
from reports.nights.night import night_of
from reports.notification import notification
from reports.open_metrics import open_metrics
from tests.reports.sample import HOSTILE, cause, document, exchange, finding, full, result

TYPE_LINE = re.compile(r"# TYPE (\w+) gauge")


def night(day, *causes, target="https://staging.example.com/v1", **more):
    names = [name for one in causes for name in one["requirements"]]
    rows = [result("chat.good"), *(result(name, "fail", findings=[finding("status", "400", "200", "e0")]) for name in names)]  # fmt: skip
    made = document(*rows, causes=list(causes), exchanges={"e0": exchange("m")}, **more)
    made["started_at"] = f"2026-11-{day:02}T03:00:00+00:00"
    made["target"] = made["target"] | {"base_url": target}
    made["clients"] = [{"name": "Cline", "version": "3", "ready": not names, "because": names}]
    return made


OPEN = cause("The door stands open", "e0", "auth.open")
LATE = cause("Usage comes late", "e0", "chat.late")


@pytest.fixture
def nights(tmp_path):
    speed = {"ttft_ms": 400.0, "tokens_per_s": 50.0, "streams": 9}
    runs = [night(1), night(2, OPEN), night(3, OPEN, LATE), night(4, LATE), night(5, OPEN)]
    for n, made in enumerate(runs, 1):
        folder = tmp_path / f"night{n}"
        folder.mkdir()
        made["speed"] = speed | {"ttft_ms": 400.0 + n}
        (folder / "report.json").write_text(json.dumps(made))
        (folder / "report.html").write_text("the page")
    return tmp_path


def test_history_tells_what_came_and_what_went(nights, capsys):
    assert main(["history", str(nights)]) == 0
    assert capsys.readouterr().out.strip() == str(nights / "history.html")
    text = (nights / "history.html").read_text()
    assert text.index("Causes that came and went") < text.index("Verdict by night")
    assert 'href="night5/report.html"' in text
    assert text.count('class="line s0"') == 4
    assert not (nights / "history.sqlite").exists()
    (story,) = stories([night_of(parse(json.loads(p.read_text()))) for p in nights.rglob("report.json")])  # fmt: skip
    assert [(life.sentence, life.state, life.nights) for life in story.lives] == [
        ("The door stands open", "back", 3),
        ("Usage comes late", "gone", 2),
    ]
    assert story.lives[0].seen == (False, True, True, False, True)
    assert (story.last.came, story.last.went) == (("The door stands open",), ("Usage comes late",))


def test_two_targets_are_two_stories_and_a_reference_gateway_is_one():
    made = [night(1), night(2, target="https://other.example.com"), night(3, target="https://other.example.com/v1/")]  # fmt: skip
    assert [len(s.rows) for s in stories([night_of(parse(one)) for one in made])] == [2, 1]
    own = [night(n, target=f"http://127.0.0.1:{40000 + n}/v1") for n in (1, 2)]
    for one in own:
        one["target"]["profile"] = "reference"
    (story,) = stories([night_of(parse(one)) for one in own])
    assert story.target == "the reference gateway"


def test_a_server_that_became_another_is_told():
    old, new = night(1), night(2)
    old["exchanges"]["e0"]["response"]["body_text"] = '{"system_fingerprint": "fp_1"}'
    new["exchanges"]["e0"]["response"]["body_text"] = '{"system_fingerprint": "fp_2"}'
    (story,) = stories([night_of(parse(one)) for one in (old, new)])
    assert story.rows[0].changed == ("now fp_2", "no longer fp_1")
    assert story.rows[1].changed == ()


def test_hundreds_of_nights_are_read_once(nights, monkeypatch, capsys):
    monkeypatch.setattr("reports.nights.command.MANY", 5)
    assert main(["history", str(nights)]) == 0
    base = nights / "history.sqlite"
    with closing(sqlite3.connect(base)) as asked:
        rows = asked.execute("SELECT verdict, must_fail, ttft_ms FROM nights ORDER BY started_at").fetchall()  # fmt: skip
        held = asked.execute("SELECT count(*) FROM causes WHERE sentence = 'The door stands open'").fetchone()  # fmt: skip
    assert rows == [("conforms", 0, 401.0), ("fails", 1, 402.0), ("fails", 2, 403.0), ("fails", 1, 404.0), ("fails", 1, 405.0)]  # fmt: skip
    assert held == (3,)
    first = (nights / "history.html").read_text()
    monkeypatch.setattr(stores, "read", lambda path: pytest.fail(f"{path} was read again"))
    assert main(["history", str(nights)]) == 0
    assert (nights / "history.html").read_text() == first
    capsys.readouterr()


def test_a_torn_file_is_said_and_passed_over(nights, capsys):
    (nights / "night2" / "report.json").write_text("{")
    assert main(["history", str(nights)]) == 0
    assert "torn or not JSON" in capsys.readouterr().err
    assert "torn or not JSON" in (nights / "history.html").read_text()
    (nights / "empty").mkdir()
    assert main(["history", str(nights / "empty")]) == 2


def test_fleet_stands_side_by_side_and_each_cell_opens_the_evidence(nights, capsys):
    chosen = [str(nights / f"night{n}") for n in (1, 2, 3)]
    assert main(["fleet", *chosen, "-o", str(nights / "fleet.html")]) == 1
    text = (nights / "fleet.html").read_text()
    assert "<h1>1 of 3 targets conform.</h1>" in text
    for name in ("night1", "night2", "night3"):
        assert f'href="{name}/report.html"' in text
    assert 'href="night3/report.html#chat.late"' in text
    assert text.count("has it") == 3
    assert text.index("Causes") < text.index("Clients</h2>") < text.index("Areas") < text.index("Requirements <")  # fmt: skip
    assert main(["fleet", chosen[0], "-o", str(nights / "one.html")]) == 0
    (nights / "night1" / "report.json").write_text(json.dumps(night(1, could_not_run="refused")))
    assert main(["fleet", *chosen, "-o", str(nights / "fleet.html")]) == 2
    capsys.readouterr()


def test_fleet_of_a_config_file_runs_each_target_first(nights, monkeypatch, tmp_path, capsys):
    asked = []

    class Done:
        returncode = 1

    monkeypatch.setattr("reports.nights.command.subprocess.run", lambda words, check: asked.append(words) or Done)  # fmt: skip
    config = tmp_path / "fleet.toml"
    config.write_text('[targets.a]\nbase-url = "http://a"\n')
    assert main(["fleet", str(config), "--report-dir", str(nights)]) == 1
    assert asked == [[sys.executable, "-m", "oaiconf", "run", f"--config={config}", f"--report-dir={nights}"]]  # fmt: skip
    assert (nights / "fleet.html").exists()
    Done.returncode = 4
    assert main(["fleet", str(config), "--report-dir", str(nights)]) == 4
    capsys.readouterr()


def test_open_metrics_is_well_formed(nights, capsys):
    assert main(["metrics", str(nights)]) == 0
    text = capsys.readouterr().out
    families = TYPE_LINE.findall(text)
    assert len(families) == len(set(families)) >= 9
    assert text.endswith("# EOF\n")
    current = ""
    for line in text.splitlines():
        if found := TYPE_LINE.match(line):
            current = found[1]
        elif not line.startswith("#"):
            assert re.fullmatch(rf'{current}\{{(\w+="(?:[^"\\]|\\.)*",?)+\}} -?\d[\d.e+-]*', line), line  # fmt: skip
    own = '{target="https://staging.example.com/v1",profile="codex"}'
    assert f"conformance_conforms{own} 0\n" in text
    assert f"conformance_ttft_seconds{own} 0.405\n" in text
    assert 'level="MUST",outcome="fail"} 1\n' in text


def test_open_metrics_has_each_sample_once():
    samples = [line.rpartition(" ")[0] for line in open_metrics([parse(full())]).splitlines() if line[0] != "#"]  # fmt: skip
    assert [one for one, n in Counter(samples).items() if n > 1] == []


def test_hostile_names_stay_in_their_labels():
    made = full()
    made["target"]["base_url"] = HOSTILE
    made["clients"][0]["name"] = HOSTILE
    text = open_metrics([parse(made)])
    for line in text.splitlines():
        assert line.startswith(("#", "conformance_"))


def test_pages_of_many_keep_hostile_text_inert(tmp_path, capsys):
    for n in (1, 2):
        made = night(n, cause(HOSTILE, HOSTILE, HOSTILE), target=HOSTILE)
        made["clients"][0]["name"] = made["suite"]["version"] = HOSTILE
        made["exchanges"]["e0"]["response"]["headers"] = [["server", HOSTILE + str(n)]]
        (tmp_path / f"<img src=x>{n}").mkdir()
        (tmp_path / f"<img src=x>{n}" / "report.json").write_text(json.dumps(made))
    assert main(["history", str(tmp_path)]) == 0
    assert main(["fleet", str(tmp_path)]) == 1
    for name in ("history.html", "fleet.html"):
        text = (tmp_path / name).read_text()
        assert "<img" not in text
        assert "<script>document" not in text
    capsys.readouterr()


def test_five_lines_whatever_happened():
    for made in (full(), document(), document(could_not_run="x\ny"), full() | {"baseline": {"regressed": ["a"]}}):  # fmt: skip
        assert notification(parse(made)).count("\n") == 5
    lines = notification(parse(full())).splitlines()
    assert lines[0].startswith("Does not conform: 9 MUST requirements fail")
    assert lines[3].startswith("Cost: $0.12 of $1.00; speed: TTFT 412 ms, 62 tokens/s")
