"""What a run may cost at most, before it begins: its dearest request, or conversation, as often as it is sent."""

from typing import Final

from load.measure.cost import UNKNOWN_OUTPUT, Price, estimate_usd
from load.workload.conversation import AGENT_PREFIX, AgentConversation, ChatConversation
from load.workload.file_prompts import FromFile
from load.workload.plan import Plan
from load.workload.prompts import Lengths, Synthetic
from load.workload.scenario import CHATS, RequestWriter
from load.workload.trace_prompts import FromTrace

LOOKED_AT: Final = 200  # of prompts that are made by number
LETTERS: Final = 4  # of an answer, a token


def most_usd(plan: Plan, price: Price) -> float:
    """Dollars, over all that is planned, which must be known; each answer as long as its limit, and back again in every later turn."""
    weights = plan.mix if plan.scenario == "mix" else {plan.scenario: 1.0}
    writer = plan.writer()
    share = sum(
        weight * max(_one(plan, writer, name, number, price) for number in _numbers(plan, writer))
        for name, weight in weights.items()
    )
    return (plan.planned or 0) * share / sum(weights.values())


def _numbers(plan: Plan, writer: RequestWriter) -> list[int]:
    """Those that may be the dearest."""
    prompts = writer.prompts
    if isinstance(prompts, FromFile):
        return [max(range(len(prompts)), key=prompts.size)]
    if isinstance(prompts, FromTrace):
        return [max(range(len(plan.schedule.trace)), key=prompts.size)]
    return list(range(LOOKED_AT if plan.lengths.spread else 1))


def _one(plan: Plan, writer: RequestWriter, name: str, number: int, price: Price) -> float:
    if name == "agent":
        prefix = Synthetic(Lengths(), 0).words(0, plan.shared_prefix or AGENT_PREFIX)
        return _talk(
            AgentConversation(writer.for_scenario(name), number, plan.turns, prefix),
            plan.turns,
            price,
        )
    prompts = writer.prompts
    dialogue = prompts.dialogue(number) if name in CHATS and isinstance(prompts, FromFile | FromTrace) else None  # fmt: skip
    if dialogue is not None:
        return _talk(ChatConversation(writer, name, number, dialogue), len(dialogue.turns), price)
    request = writer.request(name, number)
    return estimate_usd(price, request.body, request.most_tokens)


def _talk(conversation: AgentConversation | ChatConversation, turns: int, price: Price) -> float:
    """All turns: the history grows by each answer."""
    usd, grown = 0.0, 0
    for _ in range(turns):
        request = conversation.next()
        usd += estimate_usd(price, request.body + b" " * grown, request.most_tokens)
        grown += LETTERS * (request.most_tokens or UNKNOWN_OUTPUT)
    return usd
