"""Conversations: one request after the other, each with the history of what the server has answered so far."""

from dataclasses import replace
from typing import Any, Final, Protocol

import msgspec

from load.measure.outcome import WHOLE
from load.transport.request import Arrival, Request
from load.transport.responses_reader import ResponsesReader
from load.workload.dialogue import Dialogue
from load.workload.scenario import RequestWriter

SHELL: Final = {
    "type": "function",
    "name": "shell",
    "description": "Runs a command in the workspace and returns its output.",
    "parameters": {
        "type": "object",
        "properties": {"command": {"type": "array", "items": {"type": "string"}}},
        "required": ["command"],
        "additionalProperties": False,
    },
    "strict": False,
}
AGENT_PREFIX: Final = 1500  # words of its instructions
INSTRUCTIONS: Final = "You are a coding agent. Work in small steps, and say what you do. "


class Conversation(Protocol):
    """What is asked turn by turn."""

    number: int

    @property
    def think_s(self) -> float | None:
        """The pause before the next turn; None: as long as `--think` says."""

    def next(self) -> Request:
        """The next turn's request."""

    def answered(self, arrival: Arrival) -> bool:
        """Take an answer into the history; False when the conversation is over."""


class ChatConversation:
    """A conversation of a file or a trace, at an endpoint for chats."""

    def __init__(
        self, writer: RequestWriter, scenario: str, number: int, dialogue: Dialogue
    ) -> None:
        self.number = number
        self._writer = writer
        self._scenario = scenario
        self._dialogue = dialogue
        self._turn = 0
        self._items: list[dict[str, Any]] = []

    @property
    def think_s(self) -> float | None:
        return self._dialogue.turns[self._turn].think_s

    def next(self) -> Request:
        prompt = self._dialogue.turns[self._turn].prompt
        self._turn += 1
        self._items += prompt.messages
        # Behind a history the length that a turn was meant to have says nothing of the whole prompt.
        whole = replace(
            prompt,
            messages=tuple(self._items),
            input_tokens=prompt.input_tokens if self._turn == 1 else None,
        )
        request = self._writer.of(self._scenario, whole)
        session = self._dialogue.session or f"{self.number}"
        return msgspec.structs.replace(request, session=session, turn=self._turn)

    def answered(self, arrival: Arrival) -> bool:
        if arrival.outcome not in WHOLE or self._turn >= len(self._dialogue.turns):
            return False
        reader = arrival.reader
        if isinstance(reader, ResponsesReader):
            self._items += reader.output
        else:
            self._items.append({"role": "assistant", "content": reader.text()})
        return True


class AgentConversation:
    """A coding agent's conversation: a long shared prefix, tool turns, a history that grows.

    Each turn asks for the tool or for a text, and takes what came back into the next request, as Codex
    does: `store` is false, so the whole history goes along, encrypted reasoning and all.
    """

    def __init__(self, writer: RequestWriter, number: int, turns: int, prefix_words: str) -> None:
        self.writer = writer
        self.number = number
        self.turns = turns
        self.turn = 0
        self._key = f"load-{number:x}"
        self._instructions = INSTRUCTIONS + prefix_words
        self._items: list[dict[str, Any]] = []

    def next(self) -> Request:
        """The next turn's request."""
        assert self.writer.prompts is not None
        prompt = self.writer.prompts(self.number * 64 + self.turn)
        if self.turn % 2 == 0:
            ask = 'Call the tool shell with arguments {"command": ["ls"]}'
            asked = replace(prompt, messages=({"role": "user", "content": f"{self._key}: {ask}"},), expected=None)  # fmt: skip
        else:
            asked = prompt
        self._items += asked.messages
        shown = replace(asked, messages=tuple(self._items))
        self.turn += 1
        return self.writer.responses(
            "agent",
            shown,
            {
                "instructions": self._instructions,
                "tools": [SHELL],
                "parallel_tool_calls": False,
                "include": ["reasoning.encrypted_content"],
                "prompt_cache_key": self._key,
            },
        )

    @property
    def think_s(self) -> float | None:
        return None  # as `--think` says

    def answered(self, arrival: Arrival) -> bool:
        reader = arrival.reader
        for item in reader.output if isinstance(reader, ResponsesReader) else ():
            self._items.append(item)
            if item.get("type") == "function_call":
                text = "src\ntests\nREADME.md\n" * 8
                call = item.get("call_id")
                self._items.append(
                    {"type": "function_call_output", "call_id": call, "output": text}
                )
        return self.turn < self.turns and arrival.outcome == "ok"
