"""Output items of a response, made from the parts of the model's answer."""

from collections.abc import Callable, Collection
from typing import Final

from gateway.model.answer import Answer, Call, Hosted, Kind, Reasoning, Refusal, Text
from gateway.responses.items import PREFIXES, Item, hosted_items
from gateway.responses.object import INCOMPLETE

NewId = Callable[[str], str]
_CITED: Final = "https://example.com/gateway"


def output_items(
    answer: Answer,
    *,
    new_id: NewId,
    logprobs: Callable[[str], list[Item]] | None = None,
) -> list[Item]:
    """The finished output items of an answer, with every detail that `include` may ask for."""
    calls = any(isinstance(part, Call) for part in answer.parts)
    made: list[Item] = []
    raw = ["The answer is plain."] if answer.script == "reasoning_text" else []
    if raw and not any(isinstance(part, Reasoning) for part in answer.parts):
        made.append(_thought(new_id, raw, ()))
    for part in answer.parts:
        match part:
            case Reasoning(text=_, summary=summary):
                made.append(_thought(new_id, raw, summary))
            case Hosted(script=script):
                made += hosted_items(script, new_id)
            case Text(text=text):
                phase = part.phase or ("commentary" if calls else "final_answer")
                notes = [dict(note) for note in part.annotations]
                if answer.script == "annotations":
                    notes = _citations(text)
                if answer.script == "phase":
                    made.append(_message(new_id, _output_text("One moment.", [], []), "commentary"))
                shown = _output_text(text, notes, logprobs(text) if logprobs else [])
                made.append(_message(new_id, shown, phase))
            case Refusal(text=text):
                made.append(_message(new_id, {"type": "refusal", "refusal": text}, "final_answer"))
            case Call():
                made.append(_call(new_id, part))
    if answer.finish in INCOMPLETE and made:
        # What the limit cut is the last item, and says so.
        made[-1]["status"] = "incomplete"
    return made


def _thought(new_id: NewId, texts: list[str], summary: Collection[str]) -> Item:
    return {
        "id": new_id(PREFIXES["reasoning"]),
        "type": "reasoning",
        "content": [{"type": "reasoning_text", "text": text} for text in texts],
        "encrypted_content": "gAAAAAB" + new_id(""),
        "summary": [{"type": "summary_text", "text": text} for text in summary],
    }


def _output_text(text: str, annotations: list[Item], logprobs: list[Item]) -> Item:
    return {"type": "output_text", "annotations": annotations, "logprobs": logprobs, "text": text}


def _message(new_id: NewId, part: Item, phase: str) -> Item:
    return {
        "id": new_id(PREFIXES["message"]),
        "type": "message",
        "status": "completed",
        "content": [part],
        "phase": phase,
        "role": "assistant",
    }


def _citations(text: str) -> list[Item]:
    half = len(text) // 2
    return [
        {
            "type": "url_citation",
            "end_index": end,
            "start_index": start,
            "title": title,
            "url": f"{_CITED}/{number}",
        }
        for number, (start, end, title) in enumerate(
            ((0, half, "First source"), (half, len(text), "Second source")), start=1
        )
    ]


def _call(new_id: NewId, call: Call) -> Item:
    custom = call.kind is Kind.CUSTOM
    kind = "custom_tool_call" if custom else "function_call"
    item: Item = {
        "id": new_id(PREFIXES[kind]),
        "type": kind,
        "status": "completed",
        ("input" if custom else "arguments"): call.arguments,
        "call_id": new_id("call_")[:29],
        "name": call.name,
    }
    if call.namespace is not None:
        item["namespace"] = call.namespace
    return item
