"""Usage between answers: the same prompt streamed and not, repeated, longer, on both endpoints."""

import json
from collections.abc import Iterator
from itertools import groupby

from conformance.judging.finding import Finding, Findings, Unsure, apart, show
from conformance.judging.limit import least_tokens
from conformance.judging.rule import run_rule
from conformance.judging.run import Run
from conformance.judging.selector import Selector
from conformance.judging.substance import streamed, succeeded
from conformance.running.budget import MOST_TOKENS, usage_of
from conformance.usage.limits import LIMITS, limit_of
from conformance.usage.reports import generates
from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Exchange
from wire.responses import fold_responses, output_text

# What does not change the prompt that the model reads.
TRANSPORT = frozenset({"stream", "stream_options", "store", "metadata", "user", "service_tier", "n",
    "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "background", "include",
    "logprobs", "top_logprobs", *LIMITS})  # fmt: skip


_WITH_USAGE = Selector(
    "an answer with usage",
    lambda x: generates(x) and x.request.method == "POST" and usage_of(x) is not None,
    ("usage.small", "usage.small-stream"),
)


def prompt_key(x: Exchange) -> str:
    """All of a request that the model reads or obeys, but for where it has to stop."""
    kept = {k: v for k, v in x.request.params.items() if k not in TRANSPORT}
    return f"{x.endpoint} {json.dumps(kept, sort_keys=True)}"


def same_prompts(run: Run) -> Iterator[list[Exchange]]:
    """Groups of two and more answers to one prompt. Conversations with state are left out."""
    answers = [
        x
        for x in run.where(_WITH_USAGE)
        if x.model == run.model
        and not x.request.params.get("previous_response_id")
        and not x.request.params.get("conversation")
    ]
    for _, group in groupby(sorted(answers, key=prompt_key), key=prompt_key):
        members = list(group)
        if len(members) > 1:
            yield members


def text_of(x: Exchange) -> str | None:
    """The answer's text when it is all there is: one choice, no calls, no reasoning, not cut."""
    usage, limit = usage_of(x), limit_of(x)
    if usage is None or usage.reasoning_tokens:
        return None
    if limit is not None and (usage.completion_tokens or 0) >= limit:
        return None
    if x.endpoint is Endpoint.CHAT:
        if x.reply.is_stream:
            choices = list(fold_chat(x.reply).choices.values())
            return choices[0].content if len(choices) == 1 and not choices[0].tool_calls else None
        body = x.reply.json
        listed = body.get("choices") if isinstance(body, dict) else None
        if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], dict):
            return None
        message = listed[0].get("message")
        text = message.get("content") if isinstance(message, dict) else None
        calls = isinstance(message, dict) and message.get("tool_calls")
        return text if isinstance(text, str) and not calls else None
    body = fold_responses(x.reply).final if x.reply.is_stream else x.reply.json
    output = body.get("output") if isinstance(body, dict) else None
    alone = isinstance(output, list) and len(output) == 1
    return output_text(body) or None if alone and isinstance(body, dict) else None


def number(tokens: int | None) -> str:
    return "no whole number" if tokens is None else str(tokens)


@run_rule("usage.same-prompt", probes=("usage.small", "usage.small-stream"), sees=succeeded)
def same_prompt(run: Run) -> Findings:
    counted = False
    for members in same_prompts(run):
        first = members[0]
        expected = _prompt(first)
        counted = counted or any(_prompt(x) for x in members)
        for x in members[1:]:
            if expected is not None and _prompt(x) not in (None, expected):
                said = f"{expected}, as {first.probe} was told for the same prompt"
                yield Finding("prompt tokens", said, str(_prompt(x)), exchange=x.id)
    if not counted:
        yield Unsure("no tokens are counted at all, which is told elsewhere")


@run_rule("usage.same-answer", probes=("usage.small", "usage.small-stream"), sees=succeeded)
def same_answer(run: Run) -> Findings:
    compared = False
    for members in same_prompts(run):
        known: dict[str, Exchange] = {}
        for x in members:
            text = text_of(x)
            if text is None:
                continue
            first = known.setdefault(text, x)
            compared = compared or (first is not x and bool(_output(x)))
            if _output(first) != _output(x):
                said = f"{number(_output(first))}, as {first.probe} was told for the same text"
                yield Finding("output tokens", said, number(_output(x)), exchange=x.id)
    if not compared and not _counted_alike(run):
        yield Unsure("no two answers to one prompt have the same text")


def _counted_alike(run: Run) -> bool:
    """Whether two answers say the same text to whatever prompts, and have the same number of tokens."""
    known: dict[tuple[Endpoint, str], int | None] = {}
    alike = False
    for x in run.where(_WITH_USAGE):
        if x.model == run.model and (text := text_of(x)) and _output(x) is not None:
            key = x.endpoint, text
            alike = alike or (key in known and known[key] == _output(x) != 0)
            known.setdefault(key, _output(x))
    return alike


@run_rule("chat.stream.content", probes=("usage.small", "usage.small-stream"), sees=streamed)
def stream_repeats(run: Run) -> Findings:
    """A model that gives two plain answers alike gives the same as a stream, whatever it was asked."""
    said = [t for x in run.where(_WITH_USAGE) if _plain_chat(x) and (t := text_of(x)) is not None]
    fixed = len(said) > 2 and len(set(said)) == 1
    compared = False
    for members in same_prompts(run):
        plain = [t for x in members if _plain_chat(x) and (t := text_of(x)) is not None]
        # A text that tells of its own request, stream and all, is another in a stream.
        if len(set(plain)) != 1 or not (fixed or len(plain) > 1) or '"stream"' in plain[0]:
            continue
        for x in members:
            text = text_of(x) if x.endpoint is Endpoint.CHAT and x.reply.is_stream else None
            if text is not None:
                compared = True
                if text != plain[0]:
                    one, two = apart(plain[0], text, 28)
                    yield Finding(
                        "choices[0].delta.content, joined",
                        show(one, 160),
                        show(two, 160),
                        exchange=x.id,
                    )
    if not compared:
        yield Unsure("the model does not repeat itself")


def _plain_chat(x: Exchange) -> bool:
    return x.endpoint is Endpoint.CHAT and not x.reply.is_stream


@run_rule("usage.longer-prompt", probes=("usage.small", "usage.long"), sees=succeeded)
def longer_prompt(run: Run) -> Findings:
    small, long = run.one("usage.small"), run.one("usage.long")
    if not (small.ok and long.ok) or _prompt(small) is None or _prompt(long) is None:
        yield Unsure("one of the two prompts was not answered with usage")
    elif (_prompt(long) or 0) <= (_prompt(small) or 0):
        said = f"more than {_prompt(small)}, which a shorter prompt costs"
        yield Finding("prompt tokens", said, str(_prompt(long)), exchange=long.id)


@run_rule("usage.across-endpoints", probes=("usage.small", "usage.responses"), sees=succeeded)
def across_endpoints(run: Run) -> Findings:
    chat, responses = run.one("usage.small"), run.one("usage.responses")
    one, two = _prompt(chat), _prompt(responses)
    if one is None or two is None:
        yield Unsure("one of the two endpoints did not answer with usage")
    elif abs(one - two) > max(8, one // 10):
        said = f"about {one}, as chat says for the same text"
        yield Finding("input tokens", said, str(two), exchange=responses.id)


@run_rule("usage.tools-count", probes=("usage.small", "usage.with-tool"), sees=succeeded)
def tools_count(run: Run) -> Findings:
    bare, tooled = run.one("usage.small"), run.one("usage.with-tool")
    if _prompt(bare) is None or _prompt(tooled) is None:
        refused = not (bare.ok and tooled.ok)
        yield Unsure("one of the two requests was not answered with usage", refused=refused)
    elif (_prompt(tooled) or 0) <= (_prompt(bare) or 0):
        said = f"more than {_prompt(bare)}, which the same text costs without a tool"
        yield Finding("prompt tokens", said, str(_prompt(tooled)), exchange=tooled.id)


@run_rule("usage.choices-count", probes=("usage.small", "usage.choices"), sees=succeeded)
def choices_count(run: Run) -> Findings:
    one, two = run.one("usage.small"), run.one("usage.choices")
    body = two.reply.json
    listed = body.get("choices") if isinstance(body, dict) else None
    single, texts, cut = text_of(one), [], 0
    for choice in listed if isinstance(listed, list) else []:
        cut += isinstance(choice, dict) and choice.get("finish_reason") == "length"
        message = choice.get("message") if isinstance(choice, dict) else None
        texts.append(message.get("content") if isinstance(message, dict) else None)
    most = limit_of(two)
    spoken = [text for text in texts if isinstance(text, str)]
    apart = cut == len(texts) or any(text != single for text in texts)
    if most and cut and len(spoken) == len(texts) > 1 and apart and _output(two) is not None:
        # Texts that the limit cut have its length each, whatever they say; others have a token at least.
        each = most // len(texts)
        if (_output(two) or 0) < each - 1:
            yield Unsure("less was used than the limit, which finish_reason says was reached")
        elif (_output(two) or 0) < least_tokens(spoken, cut, each):
            said = f"more than {each}, the limit of each of {cut} choices that it cut"
            yield Finding("completion tokens", said, str(_output(two)), exchange=two.id)
        elif (_output(two) or 0) <= each:
            yield Unsure("what was used could be that of one choice alone")
    elif len(texts) < 2 or any(text != single for text in texts):
        yield Unsure("the two choices are not each the text of the single answer")
    elif not _output(one) and not _output(two):
        yield Unsure("no tokens are counted at all, which is told elsewhere")
    elif (_output(two) or 0) < 2 * (_output(one) or 0):
        said = f"{2 * (_output(one) or 0)}, twice what one choice costs"
        yield Finding("completion tokens", said, str(_output(two)), exchange=two.id)


def _prompt(x: Exchange) -> int | None:
    usage = usage_of(x)
    return usage.prompt_tokens if usage else None


def _output(x: Exchange) -> int | None:
    usage = usage_of(x)
    return usage.completion_tokens if usage else None


CACHED_FROM = 1_024
MOSTLY = 0.5


@run_rule("usage.cache-found", probes=("usage.long", "usage.long-again"))
def cache_found(run: Run) -> Findings:
    """A long prompt that is sent again at once is mostly read from the cache."""
    first, again = run.one("usage.long"), run.one("usage.long-again")
    usage = usage_of(again)
    prompt = _prompt(again)
    if not first.ok or usage is None or prompt is None or not CACHED_FROM <= prompt <= MOST_TOKENS:
        yield Unsure("the repeated prompt was not answered with usage, or is too short for a cache")
        return
    cached = usage.cached_tokens or 0
    if cached < prompt * MOSTLY:
        price = run.profile.price(run.model)
        lost = (price.input - price.cached) * (prompt - cached) / 1_000_000 if price else None
        costs = f": ${lost:.6f} more for this one call" if lost is not None else ""
        said = f"most of {prompt} tokens of a prompt repeated at once"
        yield Finding("cached tokens", said, f"{cached}{costs}", exchange=again.id)
