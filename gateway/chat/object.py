"""An answer as a chat completion object: message, choices, usage."""

from typing import Any, Final

from gateway.model.answer import Answer, Call, Kind, Refusal, Text
from gateway.model.logprobs import logprobs
from gateway.model.usage import Usage

Object = dict[str, Any]
FINGERPRINT: Final = "fp_5c0de7c0de"


def usage_object(usage: Usage) -> Object:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_write,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def text_of(answer: Answer) -> str | None:
    """The content: None when the model only called tools or refused."""
    texts = [part.text for part in answer.parts if isinstance(part, Text)]
    others = any(isinstance(part, (Call, Refusal)) for part in answer.parts)
    return None if others and not texts else "".join(texts)


def refusal_of(answer: Answer) -> str | None:
    return next((part.text for part in answer.parts if isinstance(part, Refusal)), None)


def calls_of(answer: Answer) -> list[Call]:
    return [part for part in answer.parts if isinstance(part, Call)]


def call_object(call: Call, call_id: str) -> Object:
    if call.kind is Kind.CUSTOM:
        return {
            "id": call_id,
            "type": "custom",
            "custom": {"name": call.name, "input": call.arguments},
        }
    return {
        "id": call_id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }


def annotations_of(answer: Answer) -> list[Object]:
    """One citation of the first word, when the script asks for citations."""
    words = (text_of(answer) or "").split()
    if answer.script != "annotations" or not words:
        return []
    cited = {
        "start_index": 0,
        "end_index": len(words[0]),
        "title": "An example",
        "url": "https://example.com/",
    }
    return [{"type": "url_citation", "url_citation": cited}]


def choice_object(answer: Answer, index: int, call_ids: list[str], top: int | None) -> Object:
    """One choice. `top` is None when log probabilities were not asked for."""
    content, refusal = text_of(answer), refusal_of(answer)
    message: Object = {"role": "assistant", "content": content, "refusal": refusal}
    calls = [call_object(*pair) for pair in zip(calls_of(answer), call_ids, strict=True)]
    if calls:
        message["tool_calls"] = calls
    message["annotations"] = annotations_of(answer)
    return {
        "index": index,
        "message": message,
        "logprobs": None if top is None else logprobs_object(content, refusal, top),
        "finish_reason": answer.finish,
    }


def logprobs_object(content: str | None, refusal: str | None, top: int) -> Object:
    return {
        "content": None if content is None else logprobs(content, top),
        "refusal": None if refusal is None else logprobs(refusal, top),
    }
