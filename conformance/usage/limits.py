"""Usage against what was asked for: limits, choices, logprobs, errors, repeated reports."""

from conformance.judging.finding import Finding, Findings
from conformance.judging.rule import rule
from conformance.judging.selector import Selector
from conformance.usage.reports import CHAT, REPORTING, Report, final, reports, speaks
from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Exchange

LIMITS = ("max_completion_tokens", "max_output_tokens", "max_tokens")


def limit_of(x: Exchange) -> int | None:
    """The token limit that was asked for, over all choices."""
    params = x.request.params
    given = (params.get(name) for name in LIMITS)
    limit = next((value for value in given if type(value) is int and value > 0), None)
    n = params.get("n")
    return None if limit is None else limit * (n if type(n) is int and n > 0 else 1)


LIMITED = REPORTING.only(
    "with a token limit",
    lambda x: limit_of(x) is not None,
    "responses.cut",
    "responses.stream.cut",
    "properties.*-valid",
)


def _reasons(x: Exchange, report: Report) -> list[object]:
    """How each choice of a chat answer ended."""
    if x.reply.is_stream:
        return [c.finish_reason for c in fold_chat(x.reply).choices.values()]
    choices = report.answer.get("choices")
    entries = choices if isinstance(choices, list) else []
    return [c.get("finish_reason") for c in entries if isinstance(c, dict)]


def _cut(x: Exchange) -> bool:
    """Whether every choice was cut by the limit."""
    report = final(x)
    if report is None:
        return False
    if x.endpoint is Endpoint.CHAT:
        reasons = _reasons(x, report)
        return bool(reasons) and all(reason == "length" for reason in reasons)
    details = report.answer.get("incomplete_details")
    return isinstance(details, dict) and details.get("reason") == "max_output_tokens"


@rule("usage.within-limit", on=LIMITED)
def within_limit(x: Exchange) -> Findings:
    report, limit = final(x), limit_of(x)
    output = report.usage.completion_tokens if report else None
    if report and limit is not None and output is not None and output > limit:
        where = f"{report.where}: output tokens"
        yield Finding(where, f"at most {limit}, as asked", str(output), report.event)


@rule(
    "usage.cut-at-limit",
    on=LIMITED.only("that was cut", _cut, "responses.cut", "responses.stream.cut"),
)
def cut_at_limit(x: Exchange) -> Findings:
    report, limit = final(x), limit_of(x)
    output = report.usage.completion_tokens if report else None
    # More than the limit is the matter of usage.within-limit.
    if not report or limit is None or output is None or not speaks(report, x) or _in_blocks(report):
        return
    asked = x.request.params.get("n")
    if x.endpoint is Endpoint.CHAT and type(asked) is int and asked > 0:
        # A choice that did not come was not cut, and how many there are is another row's matter.
        limit = limit // asked * min(asked, len(_reasons(x, report)))
    if output < limit:
        where = f"{report.where}: output tokens"
        yield Finding(where, f"{limit}, where it was cut", str(output), report.event)


def _in_blocks(report: Report) -> bool:
    """Whether the model counts what it reasons in blocks: then the cut is some tokens below."""
    return bool(report.usage.reasoning_tokens) or "codex" in str(report.answer.get("model"))


def _logprobs(x: Exchange) -> int | None:
    """How many tokens of the single choice have logprobs; None without them."""
    report = final(x)
    if report is None:
        return None
    if x.reply.is_stream:
        choices = fold_chat(x.reply).choices
        listed = choices[0].logprobs.get("content") if set(choices) == {0} else None
        return len(listed) if listed else None
    choices_json = report.answer.get("choices")
    if not isinstance(choices_json, list) or len(choices_json) != 1:
        return None
    inner = choices_json[0].get("logprobs") if isinstance(choices_json[0], dict) else None
    content = inner.get("content") if isinstance(inner, dict) else None
    return len(content) if isinstance(content, list) and content else None


@rule(
    "usage.logprobs-count",
    on=CHAT.only("with logprobs", lambda x: _logprobs(x) is not None, "chat.param.*logprobs*"),
)
def logprobs_count(x: Exchange) -> Findings:
    report, number = final(x), _logprobs(x)
    if report and number is not None and report.usage.completion_tokens is not None:
        visible = report.usage.completion_tokens - (report.usage.reasoning_tokens or 0)
        # Newer models spend a few tokens on the frame of an answer; none can spend fewer.
        if visible < number:
            where = f"{report.where}: completion tokens without reasoning"
            yield Finding(where, f"at least {number}, one a logprob", str(visible), report.event)


REFUSED = Selector(
    "a refusal",
    lambda x: x.reply.status >= 400 and isinstance(x.reply.json, dict),
    ("chat.no-messages-stream", "chat.unknown-model-stream"),
)


@rule("usage.none-on-errors", on=REFUSED)
def none_on_errors(x: Exchange) -> Findings:
    for report in reports(x):
        if (
            report.usage.total_tokens
            or report.usage.prompt_tokens
            or report.usage.completion_tokens
        ):
            yield Finding(report.where, "no usage on an error", str(report.json), report.event)
