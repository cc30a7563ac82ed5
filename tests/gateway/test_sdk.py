"""The OpenAI client on the gateway: chat plain, streamed, with tools, parsed, and its errors."""

import json
from collections.abc import Iterator

import openai
import pydantic
import pytest

from tests.gateway.chatting import WEATHER
from tests.gateway.in_process import echo
from tests.gateway.serving import Served, serving

MODEL = "gpt-5.5"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as running:
        yield running


@pytest.fixture
def client(served: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=served.key, base_url=served.base_url, max_retries=0) as made:
        yield made


def user(text: str):
    return [{"role": "user", "content": text}]


class Place(pydantic.BaseModel):
    city: str
    people: int


def test_models(client: openai.OpenAI):
    assert MODEL in [model.id for model in client.models.list()]
    assert client.models.retrieve(MODEL).owned_by == "openai"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nope")


def test_plain(client: openai.OpenAI):
    made = client.chat.completions.create(model=MODEL, messages=user(echo("Grüße 👋")))
    assert made.choices[0].message.content == "Grüße 👋"
    assert made.usage.total_tokens == made.usage.prompt_tokens + made.usage.completion_tokens
    assert made._request_id.startswith("req_")


def test_stream(client: openai.OpenAI):
    chunks = client.chat.completions.create(
        model=MODEL,
        messages=user(echo("a b c")),
        stream=True,
        stream_options={"include_usage": True},
    )
    seen = list(chunks)
    assert "".join(c.choices[0].delta.content or "" for c in seen if c.choices) == "a b c"
    assert seen[-1].usage.completion_tokens == 3 + 3


def test_stream_helper(client: openai.OpenAI):
    with client.chat.completions.stream(
        model=MODEL, messages=user("Call the tool weather"), tools=[WEATHER],
        stream_options={"include_usage": True},
    ) as stream:  # fmt: skip
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    assert "tool_calls.function.arguments.done" in kinds
    call = final.choices[0].message.tool_calls[0]
    assert json.loads(call.function.arguments)["city"]
    assert final.usage.completion_tokens > 0


def test_stream_of_several_choices_and_refusals(client: openai.OpenAI):
    with client.chat.completions.stream(
        model=MODEL, messages=user("Refuse this request."), n=2
    ) as stream:
        final = stream.until_done().get_final_completion()
    assert all(choice.message.refusal for choice in final.choices)
    assert [choice.index for choice in final.choices] == [0, 1]


def test_tool_round_trip(client: openai.OpenAI):
    turns = user('Call the tool weather with arguments {"city": "Oslo", "days": 2}')
    asked = client.chat.completions.create(model=MODEL, messages=turns, tools=[WEATHER])
    call = asked.choices[0].message.tool_calls[0]
    turns += [
        asked.choices[0].message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "rain"},
    ]
    told = client.chat.completions.create(model=MODEL, messages=turns, tools=[WEATHER])
    assert told.choices[0].message.content == "The tool said: rain"


def test_parse(client: openai.OpenAI):
    parsed = client.chat.completions.parse(
        model=MODEL, messages=user("Name a place."), response_format=Place
    )
    assert isinstance(parsed.choices[0].message.parsed, Place)
    with client.chat.completions.stream(
        model=MODEL, messages=user("Name a place."), response_format=Place
    ) as stream:
        assert isinstance(stream.get_final_completion().choices[0].message.parsed, Place)


@pytest.mark.parametrize(
    ("key", "error", "code"),
    [
        ("revoked", openai.AuthenticationError, "invalid_api_key"),
        ("other_tier", openai.PermissionDeniedError, "tier_not_allowed"),
        ("no_credit", openai.APIStatusError, "insufficient_quota"),
    ],
)
def test_refused_keys(served: Served, key: str, error: type[openai.APIStatusError], code: str):
    secret = served.gateway.keys.secrets[key]
    with (
        openai.OpenAI(api_key=secret, base_url=served.base_url, max_retries=0) as client,
        pytest.raises(error) as caught,
    ):
        client.chat.completions.create(model=MODEL, messages=user("hi"))
    assert caught.value.code == code


def test_errors(client: openai.OpenAI):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=MODEL, messages=user("hi"), temperature=3)
    assert (caught.value.param, caught.value.code) == ("temperature", "decimal_above_max_value")
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="nope", messages=user("hi"))
    broken = client.chat.completions.create(
        model=MODEL, messages=user("Count from 1 to 9 [[script midstream_error]]"), stream=True
    )
    with pytest.raises(openai.APIError, match="server had an error"):
        list(broken)


def test_stored(client: openai.OpenAI):
    made = client.chat.completions.create(
        model=MODEL, messages=user("hi"), store=True, metadata={"a": "b"}
    )
    assert client.chat.completions.retrieve(made.id).id == made.id
    assert made.id in [one.id for one in client.chat.completions.list()]
    assert client.chat.completions.delete(made.id).deleted
