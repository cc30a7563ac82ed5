import re
from html.parser import HTMLParser

import pytest

from reports.document import parse
from reports.folder import PROOF, catalogue, write_all
from reports.html import html
from reports.markdown import markdown
from tests.reports.sample import (
    HOSTILE,
    MODELS,
    chat_stream,
    document,
    exchange,
    finding,
    full,
    result,
)


class Page(HTMLParser):
    """Tags with their attributes, and the text of the page without script and style."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self.open.pop()

    def handle_data(self, data):
        if not self.open:
            self.texts.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def text():
    return html(parse(full()))


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_a_typical_run_can_be_mailed(text):
    assert len(text.encode()) < 1_500_000


def test_a_run_where_everything_fails_can_be_mailed_too():
    made = full()
    for n, row in enumerate(made["results"]):
        name = f"z{n}"
        row |= {
            "outcome": "fail",
            "findings": [finding(f"chunk {n % 9}", "a" * 900, "b" * 900, name, n % 9)],
        }
        made["exchanges"][name] = exchange(
            MODELS[0], frames=chat_stream(MODELS[0], text="word " * 90)
        )
    text = html(parse(made))
    assert len(text.encode()) < 4_000_000
    assert "left out to keep this file small" in text


def test_the_page_needs_nothing_from_outside(page):
    fetched = [a for _, a in page.tags if a.get("src") or (a.get("href") or "#")[0] != "#"]
    assert fetched == []
    assert not page.all("link")
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv"))
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[\w+/=]+'", policy)
    assert "unsafe-inline" not in policy.split("script-src")[1]


def test_hostile_text_is_inert(text, page):
    assert len(page.all("script")) == 1
    assert not page.all("img")
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert "\x00" not in text
    assert "\u202e" not in text
    assert "{{ 7*7 }}" in "".join(page.texts)


def test_hostile_text_is_inert_wherever_it_stands():
    bad = result(HOSTILE, "fail", text=HOSTILE, source=HOSTILE, reason=HOSTILE, model=HOSTILE, clients=[HOSTILE],
                 findings=[finding(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 0)]) | {"area": HOSTILE}  # fmt: skip
    rows = [bad] + [
        bad | {"requirement": outcome, "outcome": outcome}
        for outcome in ("advisory", "blocked", "pass")
    ]
    there = exchange(HOSTILE, path=HOSTILE, frames=[[1, f"data: {HOSTILE}\n\n"]], curl=HOSTILE)
    there["response"]["headers"] = there["request"]["headers"] = [[HOSTILE, HOSTILE]]
    there["connection"] = {"ended": HOSTILE, "error": HOSTILE}
    made = document(*rows, exchanges={HOSTILE: there})
    made["target"] = {
        "base_url": HOSTILE,
        "profile": HOSTILE,
        "models": [HOSTILE],
        "keys": {HOSTILE: False},
    }
    made["clients"] = [{"name": HOSTILE, "version": HOSTILE, "ready": False, "because": [HOSTILE]}]
    made["known"] = made["stale"] = [{"requirement": HOSTILE, "reason": HOSTILE}]
    made["baseline"] = {"regressed": [HOSTILE], "new": [{"requirement": HOSTILE}]}
    made["started_at"] = made["could_not_run"] = HOSTILE
    page = Page(html(parse(made)))
    assert len(page.all("script")) == 1
    assert not page.all("img")
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]


def test_ids_are_unique_and_links_lead_somewhere(page):
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {a["href"][1:] for a in page.all("a") if "href" in a}
    assert targets - set(ids) == {"models.created-integer"}  # known, and not in this run


def test_a_failure_is_one_card_with_its_evidence(text, page):
    assert [a["id"] for a in page.all("article")].count("chat.stream.usage-last") == 1
    card = text[text.index('<article class="card fail" id="chat.stream.usage-last"') :]
    card = card[: card.index("</article>")]
    words = "".join(Page(card).texts)
    for part in (
        "gpt-5.5 · gpt-5.4",
        "Breaks Cline",
        "at 151 ms",
        "null or no usage",
        "curl -sN",
        "HTTP 200",
        "x-request-id",
    ):
        assert part in words
    assert 'class="culprit"' in card or "class=culprit" in card
    assert (
        words.index("Where") < words.index("Expected") < words.index("Found") < words.index("curl")
    )


def test_one_exchange_stands_once_and_is_referred_to(page):
    names = [a["id"] for a in page.all("details") if a.get("id", "").startswith("x-")]
    assert names.count("x-u0") == 1
    assert [a["data-exchange"] for a in page.all("a") if "data-exchange" in a].count("u0") == 2


def test_the_list_is_complete_without_script(page):
    rows = [a for a in page.all("li") if "data-r" in a]
    assert len(rows) == len({row["requirement"] for row in full()["results"]})
    assert not [a for a in rows if "hidden" in a]
    assert page.all("form") == [{"id": "filter", "hidden": None}]


@pytest.mark.parametrize(
    "more", [{}, {"could_not_run": "https://x refused the connection", "interrupted": True}]
)
def test_an_empty_run_is_still_a_page(more):
    made = document(**more)
    made["cost"], made["target"] = {}, {}
    assert "<h1>" in html(parse(made))


def test_the_proof_is_linked_from_where_the_page_lies(tmp_path):
    write_all(full(), tmp_path / "deep" / "report")
    text = (tmp_path / "deep" / "report" / "report.html").read_text(encoding="utf-8")
    link = re.search(r'<a href="([^"]+)">docs/traceability.md</a>', text)
    assert (tmp_path / "deep" / "report" / link[1]).resolve() == PROOF.resolve()


@pytest.mark.parametrize(("given", "address"), [
    ("https://docs.example.com/suite/", "https://docs.example.com/suite/catalogue/{}/"),
    ("javascript:alert(1)", ""), ("", ""),
])  # fmt: skip
def test_each_failure_links_to_its_page_in_the_published_catalogue(
    given, address, tmp_path, monkeypatch
):
    monkeypatch.setattr("reports.folder.SITE", tmp_path / "not-built")
    assert catalogue(tmp_path, {"CONFORMANCE_DOCS": given}) == address
    made = parse(full())
    links = re.findall(r'<a href="([^"]+)">About this requirement', html(made, "", address))
    failing = {row.requirement for row in made.results if row.outcome == "fail"}
    assert bool(links) == bool(address)
    if address:
        assert {address.replace("{}", name) for name in failing} <= set(links)


def test_a_site_that_was_built_here_is_linked_from_where_the_page_lies(tmp_path, monkeypatch):
    site = tmp_path / "site" / "catalogue"
    site.mkdir(parents=True)
    (site / "index.html").write_text("")
    monkeypatch.setattr("reports.folder.SITE", site)
    assert catalogue(tmp_path / "out", {}) == "../site/catalogue/{}/index.html"


def test_what_became_of_a_client_that_was_let_try_stands_beside_what_is_foretold():
    made = full()
    trial = {
        "name": "Cline", "works": False, "saw": "exit 1: no end", "version": "3.0.65", "model": "m",
        "requests": 4, "billable_requests": 3, "usd": 0.0123,
        "findings": [{"requirement": "chat.stream.done", "message": "m", "where": "w"}],
    }  # fmt: skip
    made["clients"] = [
        {"name": "Cline", "version": "3", "ready": True, "because": [], "tried": trial},
        {"name": "Roo Code", "version": "3", "ready": True, "because": [], "tried": None},
        {"name": "Continue", "version": "1", "ready": None, "because": [],
         "tried": trial | {"works": None, "saw": "Continue is not installed: npm install it"}},
    ]  # fmt: skip
    said = "did not do its task: exit 1: no end (3 paid requests, $0.0123); its traffic breaks chat.stream.done"
    clients = parse(made).clients
    assert [client.tried for client in clients] == [False, None, None]
    assert [client.said for client in clients] == [
        f"3.0.65 {said}", "", "not tried: Continue is not installed: npm install it",
    ]  # fmt: skip
    for page in (html(parse(made)), markdown(parse(made))):
        assert said in page.replace("\\", "")
