"""The OpenAI SDK through the tap does what it does without it, and the tap finds nothing wrong."""

import openai
import pytest

from conformance.running.reference import reference_gateway
from tests.tap.serving import records, tap
from wire.secret import revealed


@pytest.fixture(scope="module")
def gateway():
    with reference_gateway([]) as running:
        yield running


def story(client):
    """What a user of the SDK sees, from a list to an error."""
    asked = {"model": "gpt-5.5", "messages": [{"role": "user", "content": "Count from 1 to 5"}]}
    yield [m.id for m in client.models.list()]
    answer = client.chat.completions.create(**asked)
    yield answer.choices[0].message.content, answer.usage.total_tokens
    chunks = list(
        client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    )
    yield [c.choices[0].delta.content if c.choices else c.usage.total_tokens for c in chunks]
    with client.chat.completions.stream(**asked) as stream:
        yield stream.get_final_completion().choices[0].message.content
    yield client.responses.create(model="gpt-5.5", input="Say hi").output_text
    yield [e.type for e in client.responses.create(model="gpt-5.5", input="Say hi", stream=True)]
    raw = client.chat.completions.with_raw_response.create(**asked)
    yield raw.status_code, raw.headers["content-type"]
    for wrong in (client.with_options(api_key="sk-wrong-0123456789abcdef"), client):
        try:
            wrong.chat.completions.create(model="no-such-model", messages=asked["messages"])
        except openai.APIStatusError as error:
            yield type(error).__name__, error.status_code, error.code


def test_the_sdk_sees_the_same(gateway, tmp_path):
    key = revealed(gateway.keys["main"])
    with openai.OpenAI(api_key=key, base_url=gateway.base_url, max_retries=0) as client:
        direct = list(story(client))
    with tap(
        gateway.base_url, "--record", str(tmp_path / "r.jsonl"), "--profile", "codex"
    ) as running:
        with openai.OpenAI(api_key=key, base_url=running.base, max_retries=0) as client:
            tapped = list(story(client))
            stream = client.chat.completions.create(
                model="gpt-5.5",
                stream=True,
                messages=[{"role": "user", "content": "Count from 1 to 200"}],
            )
            next(iter(stream))
            stream.close()
        running.wait_for("POST ", times=9)
        assert running.stop() == 0, running.output
    assert tapped == direct
    made = records(tmp_path / "r.jsonl")
    assert len(made) == 10
    assert all(x.reply.timed for x in made)
    assert key not in (tmp_path / "r.jsonl").read_text()
