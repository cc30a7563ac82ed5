"""Makes arrivals ready before their time: which request, which reader, and whether its bytes are kept."""

from typing import Final

from load.transport.engine import reader_of
from load.transport.request import Arrival, Request
from load.workload.conversation import (
    AGENT_PREFIX,
    AgentConversation,
    ChatConversation,
    Conversation,
)
from load.workload.file_prompts import FromFile
from load.workload.plan import Plan
from load.workload.prompts import Lengths, Synthetic
from load.workload.scenario import CHATS
from load.workload.trace_prompts import FromTrace

SAMPLE_EVERY: Final = 100
FIRST_KEPT: Final = 20
KEPT_AFTER_FINDING: Final = 50


class RequestFactory:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._writer = plan.writer()
        self._scenario_of = plan.scenario_of()
        prompts = self._writer.prompts
        self._talks = isinstance(prompts, FromFile | FromTrace)
        self._period = len(prompts) if isinstance(prompts, FromFile) else 0
        self._requests: dict[tuple[str, int], Request] = {}  # of a file's lines, which come again
        self._conversations: dict[Arrival, Conversation] = {}
        self._to_keep = FIRST_KEPT
        self.sample_every = SAMPLE_EVERY  # 0: there are enough
        self._prefix = ""

    def arrival(self, number: int) -> Arrival:
        """Of arrival `number`."""
        name = self._scenario_of(number)
        # Synthetic prompts, which are made for each request, hold no conversations.
        conversation = self._conversation(name, number) if name == "agent" or self._talks else None
        if conversation is None:
            return self._prepared(self._request(name, number), number)
        return self._turn(conversation)

    def _conversation(self, name: str, number: int) -> Conversation | None:
        if name == "agent":
            return AgentConversation(
                self._writer.for_scenario(name), number, self._plan.turns, self._instructions()
            )
        prompts = self._writer.prompts
        if name not in CHATS or not isinstance(prompts, FromFile | FromTrace):
            return None
        dialogue = prompts.dialogue(number)
        return ChatConversation(self._writer, name, number, dialogue) if dialogue else None

    def _request(self, name: str, number: int) -> Request:
        if not self._period:
            return self._writer.request(name, number)
        key = name, number % self._period
        found = self._requests.get(key)
        if found is None:
            found = self._requests[key] = self._writer.request(name, number)
        return found

    def next_turn(self, arrival: Arrival) -> tuple[Arrival, float] | None:
        """What follows an arrival that has ended, and after how many seconds; None where nothing does."""
        if not self._conversations:
            return None
        conversation = self._conversations.pop(arrival, None)
        if conversation is None or not conversation.answered(arrival):
            return None
        think_s = conversation.think_s
        return self._turn(conversation), self._plan.think_s if think_s is None else think_s

    def forget(self, arrival: Arrival) -> None:
        """One that is not sent after all."""
        self._conversations.pop(arrival, None)

    def keep_more(self) -> None:
        """A finding on a stream whose bytes were not kept: keep those of the next ones."""
        self._to_keep = max(self._to_keep, KEPT_AFTER_FINDING)

    def _turn(self, conversation: Conversation) -> Arrival:
        arrival = self._prepared(conversation.next(), conversation.number)
        self._conversations[arrival] = conversation
        return arrival

    def _prepared(self, request: Request, number: int) -> Arrival:
        arrival = Arrival(request, reader_of(request), number)
        every = self.sample_every
        if self._to_keep > 0 or (every and number % every == 0):
            self._to_keep -= 1
            arrival.kept = []
        return arrival

    def _instructions(self) -> str:
        if not self._prefix:
            words = self._plan.shared_prefix or AGENT_PREFIX
            self._prefix = Synthetic(Lengths(), 0).words(0, words)
        return self._prefix
