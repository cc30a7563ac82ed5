"""docs/token-truth.md is what the recordings say, and every exception has its reason."""

import pytest

from tests.recorded import RECORDINGS
from tests.tokens.measured import Row, rows
from tests.tokens.table import PAGE, page, text_prompts

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_file(), reason=f"no recordings at {RECORDINGS}: nothing to count"
)


def test_the_page_is_what_the_recordings_say():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.tokens.table"
    assert "| unknown |" not in page()


def test_text_is_counted_to_the_token():
    hits, all_ = text_prompts([row for row in rows() if isinstance(row, Row)])
    assert all_ > 1100
    assert hits / all_ >= 0.99
