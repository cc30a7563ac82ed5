"""OpenAI SDK for Python: a story of ordinary uses, each with the end that its user expects."""

import importlib
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from conformance.clients.programs.program import Outcome, Program, Target, Task

VERSION: Final = "3.54.0"
SECONDS: Final = 30.0
PARAMETERS: Final = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
FUNCTION: Final = {"name": "weather", "parameters": PARAMETERS, "strict": True}
CHAT_TOOLS: Final[Any] = [{"type": "function", "function": FUNCTION}]
TOOLS: Final[Any] = [{"type": "function", **FUNCTION}]
Pairs = Iterator[tuple[Any, Any]]


@dataclass(frozen=True)
class Words:
    """What the model is asked, and what has to come back."""

    task: Task

    @property
    def echo(self) -> str:
        return f"Repeat the text between the markers.\n<<<\n{self.task.said}\n>>>"

    @property
    def arguments(self) -> dict[str, str]:
        return {"city": self.task.said}

    @property
    def call(self) -> str:
        return f"Call the tool `weather` with arguments {json.dumps(self.arguments, ensure_ascii=False)}"

    @property
    def answer(self) -> str:
        """After the tool's output, which is what was said."""
        return f"The tool said: {self.task.said}" if self.task.is_exact else self.task.said


class Story:
    """One client object, and the steps with it; each yields (got, expected)."""

    def __init__(self, client: Any, target: Target) -> None:
        self.client, self.model, self.task = client, target.model, target.task
        self.words = Words(target.task)
        self.turn: Any = {"role": "user", "content": self.words.echo}
        self.ask: Any = {"role": "user", "content": self.words.call}

    def text(self, got: Any, expected: str) -> tuple[Any, Any]:
        """A text as it has to be: the very one, or around what was asked for."""
        if not self.task.is_exact and isinstance(got, str) and expected in got:
            return expected, expected
        return got, expected

    def models(self) -> Pairs:
        yield self.model in [model.id for model in self.client.models.list()], True
        yield self.client.models.retrieve(self.model).id, self.model

    def chat(self) -> Pairs:
        made = self.client.chat.completions.create(model=self.model, messages=[self.turn])
        yield self.text(made.choices[0].message.content, self.task.said)

    def chat_stream(self) -> Pairs:
        chunks = self.client.chat.completions.create(
            model=self.model, messages=[self.turn], stream=True,
            stream_options={"include_usage": True},
        )  # fmt: skip
        parts = [c.choices[0].delta.content or "" for c in chunks if c.choices]
        yield self.text("".join(parts), self.task.said)

    def chat_helper(self) -> Pairs:
        stream = self.client.chat.completions.stream
        with stream(model=self.model, messages=[self.turn]) as running:
            grown = "".join(event.delta for event in running if event.type == "content.delta")
            yield self.text(grown, self.task.said)
            whole = running.get_final_completion().choices[0].message.content
            yield self.text(whole, self.task.said)

    def chat_tools(self) -> Pairs:
        create = self.client.chat.completions.create
        made = create(model=self.model, messages=[self.ask], tools=CHAT_TOOLS)
        yield from self._chat_round(made.choices[0].message)

    def chat_tools_helper(self) -> Pairs:
        stream = self.client.chat.completions.stream
        with stream(model=self.model, messages=[self.ask], tools=CHAT_TOOLS) as running:
            choice = running.get_final_completion().choices[0]
        yield choice.finish_reason, "tool_calls"
        yield from self._chat_round(choice.message)

    def _chat_round(self, message: Any) -> Pairs:
        (call,) = message.tool_calls
        made = (call.function.name, json.loads(call.function.arguments))
        yield made, ("weather", self.words.arguments)
        output = {"role": "tool", "tool_call_id": call.id, "content": self.task.said}
        turns = [self.ask, message, output]
        last = self.client.chat.completions.create(
            model=self.model, messages=turns, tools=CHAT_TOOLS
        )
        yield self.text(last.choices[0].message.content, self.words.answer)

    def responses(self) -> Pairs:
        made = self.client.responses.create(model=self.model, input=self.words.echo)
        yield self.text(made.output_text, self.task.said)

    def responses_stream(self) -> Pairs:
        create = self.client.responses.create
        events = list(create(model=self.model, input=self.words.echo, stream=True))
        grown = [event.delta for event in events if event.type == "response.output_text.delta"]
        yield self.text("".join(grown), self.task.said)
        yield events[-1].type, "response.completed"

    def responses_helper(self) -> Pairs:
        with self.client.responses.stream(model=self.model, input=self.words.echo) as stream:
            grown = [e.delta for e in stream if e.type == "response.output_text.delta"]
            yield self.text("".join(grown), self.task.said)
            yield self.text(stream.get_final_response().output_text, self.task.said)

    def responses_tools(self) -> Pairs:
        made = self.client.responses.create(model=self.model, input=[self.ask], tools=TOOLS)
        yield from self._responses_round(made)

    def responses_tools_helper(self) -> Pairs:
        stream = self.client.responses.stream
        with stream(model=self.model, input=[self.ask], tools=TOOLS) as running:
            yield from self._responses_round(running.get_final_response())

    def _responses_round(self, made: Any) -> Pairs:
        (call,) = [item for item in made.output if item.type == "function_call"]
        told = (call.name, json.loads(call.arguments))
        yield told, ("weather", self.words.arguments)
        output = {"type": "function_call_output", "call_id": call.call_id, "output": self.task.said}
        turns = [self.ask, *made.output, output]
        last = self.client.responses.create(model=self.model, input=turns, tools=TOOLS)
        yield self.text(last.output_text, self.words.answer)

    def errors(self) -> Pairs:
        """Programs catch these two by their class."""
        openai: Any = importlib.import_module("openai")
        wrong = self.client.with_options(api_key="sk-wrong-0123456789abcdef")
        for client, model, expected in (
            (wrong, self.model, "AuthenticationError"),
            (self.client, "no-such-model", "NotFoundError"),
        ):
            try:
                client.chat.completions.create(model=model, messages=[self.turn])
                yield "no error", expected
            except openai.APIStatusError as error:
                yield type(error).__name__, expected


# Step, and the endpoint that it asks. Where any model answers nothing is asked that has to be refused.
STEPS: Final = (
    ("models", "models"), ("chat", "chat"), ("chat_stream", "chat"), ("chat_helper", "chat"),
    ("chat_tools", "chat"), ("chat_tools_helper", "chat"), ("responses", "responses"),
    ("responses_stream", "responses"), ("responses_helper", "responses"),
    ("responses_tools", "responses"), ("responses_tools_helper", "responses"), ("errors", "errors"),
)  # fmt: skip


def run(target: Target) -> Outcome:
    openai: Any = importlib.import_module("openai")
    asked = target.endpoints | ({"errors"} if target.task.is_exact else set())
    with openai.OpenAI(
        api_key=target.key, base_url=target.base_url, max_retries=0, timeout=SECONDS
    ) as client:
        story = Story(client, target)
        steps = [name for name, endpoint in STEPS if endpoint in asked]
        complaints = [
            f"{name}: {bad}"
            for name in steps
            if not target.must_stop() and (bad := complaint(getattr(story, name)))
        ]
    return Outcome(not complaints, "; ".join(complaints))


def complaint(step: Callable[[], Pairs]) -> str:
    """What the user of the SDK meets instead of what was expected, or nothing."""
    try:
        wrong = [got for got, expected in itertools.islice(step(), 64) if got != expected]
    except Exception as error:  # noqa: BLE001 - whatever the SDK raises is what the user sees
        return f"{type(error).__name__}: {error}"[:160]
    # None is wrong as well where something else was needed.
    return f"got {wrong[0]!r}"[:160] if wrong else ""


PROGRAM: Final = Program(
    "OpenAI SDK (Python)", "openai-python", VERSION, "openai", "", f"pip install openai=={VERSION}",
    run,
    "models, chat and Responses, plain, streamed and with the stream helpers, tool rounds, errors",
    frozenset({"chat", "responses"}), (2_000, 2_000),
)  # fmt: skip
