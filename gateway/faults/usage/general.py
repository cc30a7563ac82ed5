"""Faults of what an answer says it used: sums, subsets, and counts that change between answers."""

import json
from collections.abc import Callable
from typing import Any

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.selection import CHAT, RESPONSES, STREAM, When, asking, both
from gateway.faults.machinery.transform import Change, alter, chain, drop, on_all, on_error, put
from wire.exchange import Request

CHAT_USAGE, RESPONSES_USAGE = ("usage",), ("usage", "response.usage")


def _changed(paths: tuple[str, ...], change: Change) -> Change:
    """`change` applied to every usage object that is one."""
    return chain(
        *(alter(path, lambda old: change(old) if isinstance(old, dict) else old) for path in paths)
    )


def _add(name: str, number: int, *more: str) -> Change:
    """`number` more in each of these counts."""
    return chain(*(alter(path, lambda old: old + number) for path in (name, *more)))


def _fault(
    name: str, says: str, when: When, paths: tuple[str, ...], change: Change, *breaks: str
) -> Fault:
    return Fault(
        f"usage.{name}", breaks, says, Family.VALUE, when, reply=on_all(_changed(paths, change))
    )


def _chat(name: str, says: str, change: Change, *breaks: str, when: When = CHAT) -> Fault:
    return _fault(f"chat.{name}", says, both(CHAT, when), CHAT_USAGE, change, *breaks)


def _responses(name: str, says: str, change: Change, *breaks: str, when: When = RESPONSES) -> Fault:
    return _fault(
        f"responses.{name}", says, both(RESPONSES, when), RESPONSES_USAGE, change, *breaks
    )


def _prompt_length(request: Request) -> int:
    return len(json.dumps(request.params.get("messages") or ""))


def _less_cached(old: Any) -> Any:
    """The cached part taken out of the prompt's tokens."""
    cached = old["prompt_tokens_details"]["cached_tokens"]
    fewer = _add("prompt_tokens", -cached, "total_tokens")
    return chain(fewer, put("prompt_tokens_details.cached_tokens", 0))(old) if cached else old


LONG: Callable[[Request], bool] = lambda request: _prompt_length(request) > 4000  # noqa: E731

FAULTS = (
    _chat("total-off-by-one", "total_tokens is one too many.", _add("total_tokens", 1)),
    _chat("total-adds-reasoning", "total_tokens counts reasoning twice.",
        lambda old: put("total_tokens", old["total_tokens"] + old["completion_tokens_details"]["reasoning_tokens"])(old)),
    _chat("negative", "A count is negative.", put("completion_tokens_details.audio_tokens", -1)),
    _chat("fraction", "A count is a fraction.", put("completion_tokens_details.audio_tokens", 0.5)),
    _chat("prompt-zero", "The prompt costs no tokens.",
        lambda old: chain(put("prompt_tokens", 0), put("total_tokens", old["completion_tokens"]))(old)),
    _chat("completion-zero", "The answer costs no tokens.",
        lambda old: chain(put("completion_tokens", 0), put("total_tokens", old["prompt_tokens"]))(old)),
    _chat("cached-above-prompt", "More tokens are cached than the prompt has.",
        lambda old: put("prompt_tokens_details.cached_tokens", old["prompt_tokens"] + 1)(old)),
    _chat("written-above-prompt", "More tokens are written to the cache than the prompt has.",
        lambda old: put("prompt_tokens_details.cache_write_tokens", old["prompt_tokens"] + 1)(old)),
    _chat("reasoning-above-completion", "Reasoning is not part of the completion.",
        lambda old: put("completion_tokens_details.reasoning_tokens", old["completion_tokens"] + 1)(old)),
    _chat("prediction-above-completion", "Rejected predictions are not part of the completion.",
        lambda old: put("completion_tokens_details.rejected_prediction_tokens", old["completion_tokens"] + 1)(old)),
    _chat("parts-differ", "The parts of the prompt do not add up.",
        lambda old: chain(put("prompt_tokens_details.text_tokens", old["prompt_tokens"]), put("prompt_tokens_details.image_tokens", 1), put("prompt_tokens_details.audio_tokens", 0))(old)),
    _chat("write-parts-differ", "The parts of the cache write do not add up.",
        put("prompt_tokens_details.cache_write_tokens_details", {"ttl_30m_tokens": 3, "ttl_12h_tokens": 0})),
    _chat("no-details", "The details of the tokens are missing.",
        chain(drop("prompt_tokens_details"), drop("completion_tokens_details"))),
    _chat("stream-counts-chunks", "Streams count chunks instead of tokens.",
        _add("completion_tokens", 2, "total_tokens"), when=STREAM),
    _chat("stream-prompt", "Streams estimate the prompt.", _add("prompt_tokens", 3, "total_tokens"), when=STREAM),
    _chat("one-more", "Every answer says one completion token more.", _add("completion_tokens", 1, "total_tokens")),
    _chat("one-less", "Every answer says one completion token less.", _add("completion_tokens", -1, "total_tokens")),
    _chat("prompt-one-more", "Every answer says one prompt token more.", _add("prompt_tokens", 1, "total_tokens")),
    _chat("prompt-constant", "Every prompt costs the same.",
        lambda old: chain(put("prompt_tokens", 50), put("total_tokens", 50 + old["completion_tokens"]))(old)),
    _chat("cached-when-short", "Short prompts are said to be cached.",
        put("prompt_tokens_details.cached_tokens", 5)),
    _chat("cached-subtracted", "The cached part is missing from the prompt's tokens.", _less_cached, when=LONG),
    _chat("one-choice", "Only one of several choices is counted.",
        lambda old: chain(alter("completion_tokens", lambda n: n // 2), alter("total_tokens", lambda n: n - (old["completion_tokens"] - old["completion_tokens"] // 2)))(old),
        when=asking("n", 2)),
    _chat("doubled", "Every count is twice what it is.",
        chain(*(alter(name, lambda n: 2 * n) for name in ("prompt_tokens", "completion_tokens", "total_tokens")))),
    _responses("total-off-by-one", "total_tokens is one too many.", _add("total_tokens", 1)),
    _responses("negative", "A count is negative.", put("output_tokens_details.audio_tokens", -1)),
    _responses("input-zero", "The input costs no tokens.",
        lambda old: chain(put("input_tokens", 0), put("total_tokens", old["output_tokens"]))(old)),
    _responses("output-zero", "The output costs no tokens.",
        lambda old: chain(put("output_tokens", 0), put("total_tokens", old["input_tokens"]))(old)),
    _responses("cached-above-input", "More tokens are cached than the input has.",
        lambda old: put("input_tokens_details.cached_tokens", old["input_tokens"] + 1)(old)),
    _responses("reasoning-above-output", "Reasoning is not part of the output.",
        lambda old: put("output_tokens_details.reasoning_tokens", old["output_tokens"] + 1)(old)),
    _responses("no-input-details", "The details of the input are missing.", drop("input_tokens_details")),
    _responses("no-cache-write", "The tokens written to the cache are missing.",
        drop("input_tokens_details.cache_write_tokens")),
    _responses("system-text-counted", "Text that nobody sent is counted.", _add("input_tokens", 200, "total_tokens")),
    _responses("stream-differs", "Streams say two output tokens more.",
        _add("output_tokens", 2, "total_tokens"), when=STREAM),
    _responses("one-more", "Every answer says one output token more.", _add("output_tokens", 1, "total_tokens")),
    _responses("one-less", "Every answer says one output token less.", _add("output_tokens", -1, "total_tokens")),
    Fault("usage.errors.reported", (), "Errors report usage.", Family.VALUE,
        reply=on_error(put("usage", {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3}))),
)  # fmt: skip
