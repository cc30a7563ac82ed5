"""OpenAI SDK for Python: a story of ordinary uses, each with the end that its user expects."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.clients.driver import MODEL, SAID, Driver, Outcome, Target

try:
    import openai
except ImportError:  # the suite's own tests run without it
    openai = None

SECONDS = 30.0
ECHO = f"Repeat the text between the markers.\n<<<\n{SAID}\n>>>"
ARGUMENTS = {"city": SAID}
CALL = f"Call the tool `weather` with arguments {json.dumps(ARGUMENTS, ensure_ascii=False)}"
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
FUNCTION = {"name": "weather", "parameters": PARAMETERS, "strict": True}
CHAT_TOOLS: Any = [{"type": "function", "function": FUNCTION}]
TOOLS: Any = [{"type": "function", **FUNCTION}]
ANSWER = f"The tool said: {SAID}"
TURN: Any = {"role": "user", "content": ECHO}
ASK: Any = {"role": "user", "content": CALL}


def models(client: Any) -> Iterator[tuple[Any, Any]]:
    yield MODEL in [model.id for model in client.models.list()], True
    yield client.models.retrieve(MODEL).id, MODEL


def chat(client: Any) -> Iterator[tuple[Any, Any]]:
    made = client.chat.completions.create(model=MODEL, messages=[TURN])
    yield made.choices[0].message.content, SAID


def chat_stream(client: Any) -> Iterator[tuple[Any, Any]]:
    chunks = client.chat.completions.create(
        model=MODEL, messages=[TURN], stream=True, stream_options={"include_usage": True}
    )
    yield "".join(c.choices[0].delta.content or "" for c in chunks if c.choices), SAID


def chat_helper(client: Any) -> Iterator[tuple[Any, Any]]:
    with client.chat.completions.stream(model=MODEL, messages=[TURN]) as stream:
        grown = "".join(event.delta for event in stream if event.type == "content.delta")
        yield grown, SAID
        yield stream.get_final_completion().choices[0].message.content, SAID


def chat_tools(client: Any) -> Iterator[tuple[Any, Any]]:
    create = client.chat.completions.create
    message = create(model=MODEL, messages=[ASK], tools=CHAT_TOOLS).choices[0].message
    yield from _chat_round(client, message)


def chat_tools_helper(client: Any) -> Iterator[tuple[Any, Any]]:
    stream = client.chat.completions.stream
    with stream(model=MODEL, messages=[ASK], tools=CHAT_TOOLS) as running:
        choice = running.get_final_completion().choices[0]
    yield choice.finish_reason, "tool_calls"
    yield from _chat_round(client, choice.message)


def _chat_round(client: Any, message: Any) -> Iterator[tuple[Any, Any]]:
    (call,) = message.tool_calls
    yield (call.function.name, json.loads(call.function.arguments)), ("weather", ARGUMENTS)
    turns = [ASK, message, {"role": "tool", "tool_call_id": call.id, "content": SAID}]
    made = client.chat.completions.create(model=MODEL, messages=turns, tools=CHAT_TOOLS)
    yield made.choices[0].message.content, ANSWER


def responses(client: Any) -> Iterator[tuple[Any, Any]]:
    yield client.responses.create(model=MODEL, input=ECHO).output_text, SAID


def responses_stream(client: Any) -> Iterator[tuple[Any, Any]]:
    events = list(client.responses.create(model=MODEL, input=ECHO, stream=True))
    grown = [event.delta for event in events if event.type == "response.output_text.delta"]
    yield "".join(grown), SAID
    yield events[-1].type, "response.completed"


def responses_helper(client: Any) -> Iterator[tuple[Any, Any]]:
    with client.responses.stream(model=MODEL, input=ECHO) as stream:
        grown = [event.delta for event in stream if event.type == "response.output_text.delta"]
        yield "".join(grown), SAID
        yield stream.get_final_response().output_text, SAID


def responses_tools(client: Any) -> Iterator[tuple[Any, Any]]:
    made = client.responses.create(model=MODEL, input=[ASK], tools=TOOLS)
    yield from _responses_round(client, made)


def responses_tools_helper(client: Any) -> Iterator[tuple[Any, Any]]:
    with client.responses.stream(model=MODEL, input=[ASK], tools=TOOLS) as stream:
        yield from _responses_round(client, stream.get_final_response())


def _responses_round(client: Any, made: Any) -> Iterator[tuple[Any, Any]]:
    (call,) = [item for item in made.output if item.type == "function_call"]
    yield (call.name, json.loads(call.arguments)), ("weather", ARGUMENTS)
    turns = [ASK, *made.output,
             {"type": "function_call_output", "call_id": call.call_id, "output": SAID}]  # fmt: skip
    yield client.responses.create(model=MODEL, input=turns, tools=TOOLS).output_text, ANSWER


def errors(client: Any) -> Iterator[tuple[Any, Any]]:
    """Programs catch these two by their class."""
    for wrong, model, expected in (
        (client.with_options(api_key="sk-wrong-0123456789abcdef"), MODEL, "AuthenticationError"),
        (client, "no-such-model", "NotFoundError"),
    ):
        try:
            wrong.chat.completions.create(model=model, messages=[TURN])
            yield "no error", expected
        except openai.APIStatusError as error:
            yield type(error).__name__, expected


STORY: tuple[Callable[[Any], Iterator[tuple[Any, Any]]], ...] = (
    models, chat, chat_stream, chat_helper, chat_tools, chat_tools_helper, responses,
    responses_stream, responses_helper, responses_tools, responses_tools_helper, errors,
)  # fmt: skip


def run(target: Target) -> Outcome:
    with openai.OpenAI(
        api_key=target.key, base_url=target.base_url, max_retries=0, timeout=SECONDS
    ) as client:
        complaints = [
            f"{step.__name__}: {bad}" for step in STORY if (bad := complaint(client, step))
        ]
    return Outcome(not complaints, "; ".join(complaints))


def complaint(client: Any, step: Callable[[Any], Iterator[tuple[Any, Any]]]) -> str:
    """What the user of the SDK meets instead of what was expected, or nothing."""
    try:
        wrong = [got for got, expected in itertools.islice(step(client), 64) if got != expected]
    except Exception as error:  # whatever the SDK raises is what the user sees
        return f"{type(error).__name__}: {error}"[:160]
    # None is wrong as well where something else was needed.
    return f"got {wrong[0]!r}"[:160] if wrong else ""


DRIVER = Driver(
    "OpenAI SDK (Python)", "3.54.0", Path(openai.__file__) if openai else Path("openai"),
    "pip install --group clients", run,
    "models, chat and Responses, plain, streamed and with the stream helpers, tool rounds, errors",
)  # fmt: skip
