"""Rules about money: the fall of the balance across one call, against its usage and the rates."""

from decimal import Decimal

from conformance.billing.books import coarse, pairs, restless, rounded, step
from conformance.billing.probes import case_of
from conformance.billing.rates import charges, dollars, spoken
from conformance.judging.answer import status_line
from conformance.judging.declined import unreliable
from conformance.judging.fees import FEES, SEARCH, hosted_calls
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.rule import RunRule, rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import Selector
from conformance.running.balance import LAG, balance_of, lag_s
from conformance.running.budget import usage_of
from conformance.usage.reports import GENERATING
from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Ended, Exchange
from wire.responses import fold_responses
from wire.usage import Usage

RATIO = Decimal("0.001")
PROMPT_S = 1.0
_NO_USAGE = Usage()


def reading(run: Run, probe: str) -> Decimal | None:
    """The balance that a reading gave, in dollars; None when it gave none."""
    return balance_of(run.profile, run.one(probe).reply.json)


def taken(run: Run, case: str) -> Decimal | None:
    """What the balance fell by across a case; None where it was not read, or moves by itself."""
    names = [f"billing.{when}-{case}" for when in ("before", "after")]
    if not all(run.all(name) for name in names):
        return None
    before, after = (reading(run, name) for name in names)
    if restless(run):
        return None
    return None if before is None or after is None else before - after


def tier_of(x: Exchange) -> str | None:
    """The service tier that the answer says it used."""
    if x.reply.is_stream:
        fold = fold_chat(x.reply) if x.endpoint is Endpoint.CHAT else fold_responses(x.reply)
        found = fold.head if x.endpoint is Endpoint.CHAT else fold.response  # type: ignore[union-attr]
        tier = found.get("service_tier") if isinstance(found, dict) else None
    else:
        body = x.reply.json
        tier = body.get("service_tier") if isinstance(body, dict) else None
    return tier if isinstance(tier, str) else None


def due(x: Exchange, model: str = "") -> tuple[Decimal, ...]:
    """What an answer should cost, by its own usage, tier and fees; several where the rate is rounded.

    `model`: the one that was asked for, where this request does not name it.
    """
    usage = usage_of(x)
    model = model or x.model or model_of(x)
    # Only web searches have a fee at the reference gateway, whose other hosted tools are played.
    fees = FEES[SEARCH] * sum(kind == SEARCH for kind in hosted_calls(x))
    return tuple(amount + fees for amount in charges(model, tier_of(x), usage)) if usage else ()


def costs_its_usage(requirement: str, *cases: str) -> RunRule:
    """A rule: across each of these cases (globs) the balance falls by what the usage costs."""
    names = tuple(case if "." in case else f"billing.{case}" for case in cases)
    readings = tuple(
        f"billing.{when}-{case_of(name)}" for name in names for when in ("before", "after")
    )

    @run_rule(requirement, probes=(*names, *readings))
    def check(run: Run) -> Findings:
        size = step(run)
        for x in [x for name in names for x in run.named(name)]:
            fell = taken(run, case_of(str(x.probe)))
            right = due(x)
            if fell is None or not x.ok or not right:
                yield Unsure(
                    f"{x.probe} gave no usage with a known price, or no balance was read that keeps still"
                )
            elif all(abs(fell - amount) > size for amount in right):
                said = f"{dollars(right[0])} for {spoken(usage_of(x))}{_tiers(x)}"
                yield Finding("balance", said, f"{dollars(fell)} taken", exchange=x.id)
            elif fell not in right and size > run.profile.balance_step and coarse(right[0], size):
                yield Unsure(_too_coarse(size))

    return check


def _too_coarse(size: Decimal) -> str:
    return f"the balance is told in steps of {dollars(size)}, too coarse for a single call"


@run_rule("billing.exact", probes=("billing.before-*", "billing.after-*"))
def not_rounded(run: Run) -> Findings:
    """Charges that are rounded one by one, told apart from a balance that is only shown rounded."""
    size = step(run)
    if size <= run.profile.balance_step:
        return
    calls = [x for x in run.exchanges if x.ok and x.probe and x.request.method == "POST"]
    told = [(taken(run, case_of(str(x.probe))), due(x)) for x in calls]
    if how := rounded(pairs(iter(told)), size):
        said = "charges as exact as the rates, each call's usage at its price"
        yield Finding("balance", said, f"each charge rounded {how} to {dollars(size)}")


def _tiers(x: Exchange) -> str:
    """The tier asked for and the one answered, where one was asked for: the answered one is paid."""
    asked = x.request.params.get("service_tier")
    return f" (asked for {asked}, answered {tier_of(x) or 'none'})" if asked else ""


def each(requirement: str, *cases: str) -> tuple[RunRule, ...]:
    """A rule a case: what a server does not offer, or a run does not ask, leaves the others judged."""
    return tuple(costs_its_usage(requirement, case) for case in cases)


RULES = (
    costs_its_usage("billing.exact", "usage.small"),
    # The longest prompt at the ordinary rate: whoever takes more for long prompts takes it from here on.
    costs_its_usage("billing.exact", "long-context-edge"),
    costs_its_usage("billing.exact-stream", "usage.small-stream"),
    costs_its_usage("billing.exact-responses", "usage.responses", "usage.responses-stream"),
    costs_its_usage("billing.cached", "usage.long", "usage.long-again"),
    *each(
        "billing.reasoning-once",
        "reasoning",
        "chat_params.accept.effort-low",
        "chat_params.accept.effort-high",
        "responses.reasoning",
        "responses.stream.reasoning",
    ),
    *each(
        "billing.tools",
        "usage.with-tool",
        "chat.tool-stream",
        "responses.tools",
        "responses.stream.tools",
    ),
    *each(
        "billing.kinds",
        "authenticity.needle",  # a prompt of some thousand tokens
        "chat_params.accept.json-schema",
        "chat_params.accept.high",
        "responses_params.accept.json-schema",
        "responses_params.accept.low",
        "responses_params.accept.codex",
        "responses_params.turn.input",
        "responses_params.turn.output",
        "chat.uncut",
        "responses_params.uncut",
        "chat.refusal-stream",
        "chat.filtered",
        "chat_params.accept.json-object",
        "chat_params.accept.stop",
        "responses_params.conversation.joined",
        "responses.stream.filtered",
        "responses.stream.refusal",
    ),
    *each("billing.choices", "usage.choices", "chat.choices-stream"),
    *each(
        "billing.images",
        "chat_params.either.images",
        "responses_params.accept.images",
        "image-stream",
        "image-responses-stream",
    ),
    *each("billing.files", "responses_params.either.file", "file-stream"),
    *each("billing.compaction", "responses_params.agent.compact", "compaction"),
    *each("billing.hosted-fees", "responses_params.scripted.included", "responses.stream.hosted"),
    costs_its_usage("billing.long-context", "long-context", "long-context-edge"),
    costs_its_usage("billing.service-tier", "flex*", "priority*"),
    costs_its_usage("billing.cut", "cut*"),
    costs_its_usage("billing.cached", "long-again-stream"),
    costs_its_usage("billing.cached-responses", "long-responses", "long-responses-again"),
    costs_its_usage("billing.cached-responses", "long-responses-stream"),
    costs_its_usage("billing.cache-write", "cache-write"),
    costs_its_usage("billing.snapshot", "snapshot"),
)


@run_rule("billing.prompt", probes=LAG)
def prompt(run: Run) -> Findings:
    """Books that are late are told once; whatever is read in them has waited."""
    late = lag_s({name: run.all(name) for name in LAG})
    if late > PROMPT_S:
        found = f"{late:.1f} s later"
        said = f"the charge in the balance within {PROMPT_S:.0f} s of the answer"
        yield Finding("balance", said, found, exchange=run.one(LAG[1]).id)


def takes_nothing(requirement: str, *cases: str) -> RunRule:
    """A rule: across each of these cases the balance stays."""
    readings = tuple(f"billing.{when}-{case}" for case in cases for when in ("before", "after"))

    @run_rule(requirement, probes=readings)
    def check(run: Run) -> Findings:
        for case in cases:
            fell = taken(run, case)
            if fell is None:
                yield Unsure("no balance was read, or it moves while nothing is asked")
            elif fell:
                guilty = next(iter(run.all(case if "." in case else f"billing.{case}")), None)
                if guilty is None:
                    yield Unsure("what stands between the two readings could not be sent")
                    continue
                said = f"$0 for an answer with status {guilty.reply.status}"
                yield Finding("balance", said, f"{dollars(fell)} taken", exchange=guilty.id)

    return check


FREE = (
    *(takes_nothing("billing.failures-free", case) for case in (
        "refused", "refused-stream", "refused-responses", "refused-responses-stream", "refused-model", "refused-tier",
        "upstream-error", "upstream-error-stream", "upstream-error-responses", "upstream-error-responses-stream",
        "http.too-large", "chat_params.either.context",
    )),
    takes_nothing("billing.reading-free", "responses_params.count.echo"),
    takes_nothing("billing.reading-free", "list", "retrieve-model", "retrieve-stored", "input-items", "delete-stored"),
)  # fmt: skip


@run_rule(
    "billing.two-models", probes=("billing.before-small", "usage.small", "billing.after-small")
)
def two_models(run: Run) -> Findings:
    rates: dict[str, Decimal] = {}
    for model in ("gpt-5.5", "gpt-5.4"):
        mine = Run(tuple(x for x in run.exchanges if x.model == model), run.profile, model)
        if not mine.all("usage.small") or not mine.all("billing.before-small"):
            continue
        fell, right = (
            taken(mine, "small"),
            charges("gpt-5.4", None, usage_of(mine.one("usage.small")) or _NO_USAGE),
        )
        size = step(mine)
        if size > run.profile.balance_step and right and coarse(right[0], size):
            continue
        if fell is not None and right and right[0]:
            rates[model] = fell / right[0]
    if len(rates) < 2:
        yield Unsure("the run does not have both models, or the balance is told too coarsely")
    elif abs(rates["gpt-5.5"] - 2 * rates["gpt-5.4"]) > RATIO:
        found = (
            f"{rates['gpt-5.5'] / rates['gpt-5.4']:.4f} times" if rates["gpt-5.4"] else "nothing"
        )
        yield Finding("balance", "gpt-5.5 to take twice what gpt-5.4 takes", found)


@run_rule("billing.stream-unasked", probes=("billing.before-stream-unasked", "billing.stream-unasked",
    "billing.after-stream-unasked", "billing.before-small-stream", "usage.small-stream", "billing.after-small-stream"))  # fmt: skip
def stream_unasked(run: Run) -> Findings:
    without, asked = taken(run, "stream-unasked"), taken(run, "small-stream")
    x = run.one("billing.stream-unasked")
    if (
        without is None
        or asked is None
        or not x.ok
        or fold_chat(x.reply).as_completion().get("choices") is None
    ):
        yield Unsure("no balance was read, or it moves while nothing is asked")
    elif abs(without - asked) > step(run):
        yield Finding(
            "balance",
            f"{dollars(asked)}, as with usage",
            f"{dollars(without)} taken",
            exchange=x.id,
        )


@run_rule(
    "billing.midstream-error",
    probes=(
        "billing.before-midstream-error",
        "billing.midstream-error",
        "billing.after-midstream-error",
    ),
)
def midstream_error(run: Run) -> Findings:
    fell, x = taken(run, "midstream-error"), run.one("billing.midstream-error")
    produced = fold_chat(x.reply).content_chunks
    most = charges(x.model or "", None, _spent(len(x.request.body), produced + 1))
    if fell is None or not most:
        yield Unsure("no balance was read, or it moves while nothing is asked")
    elif fell > most[0] + step(run):
        said = f"at most {dollars(most[0])} for {produced} chunks of text"
        yield Finding("balance", said, f"{dollars(fell)} taken", exchange=x.id)


def _three(case: str) -> tuple[str, ...]:
    return (f"billing.before-{case}", f"billing.{case}", f"billing.after-{case}")


@run_rule("billing.left-responses", probes=_three("left-responses"))
def left_responses(run: Run) -> Findings:
    """The prompt and what was sent may cost; the whole answer of 120 numbers may not."""
    fell, x = taken(run, "left-responses"), run.one("billing.left-responses")
    price = run.profile.price(x.model or "")
    if fell is None or price is None or x.connection.ended is not Ended.ABORTED:
        yield Unsure("the balance or the price is not known, or the stream was not left")
        return
    whole = price.output * 120 / 1_000_000
    if fell > whole * 2 / 3 + step(run):
        found = f"{dollars(fell)} taken, {len(x.reply.events)} events were read"
        yield Finding("balance", f"much less than {dollars(whole)}", found, exchange=x.id)


@run_rule(
    "billing.failed-responses",
    probes=(*_three("failed-responses*"), *_three("error-event")),
)
def failed_responses(run: Run) -> Findings:
    """What failed takes at most what the same answer would have cost whole."""
    for case in ("failed-responses", "failed-responses-stream", "error-event"):
        if not run.all(f"billing.{case}"):
            continue
        fell, x = taken(run, case), run.one(f"billing.{case}")
        most = charges(x.model or "", None, _spent(len(x.request.body), 60))
        if fell is None or not most:
            yield Unsure("no balance was read, or it moves while nothing is asked")
        elif fell > most[0] + step(run):
            said = f"at most {dollars(most[0])} for an answer that failed"
            yield Finding("balance", said, f"{dollars(fell)} taken", exchange=x.id)


def _said_nothing(x: Exchange) -> bool:
    """Whether a Responses call failed without any output and any usage."""
    body = fold_responses(x.reply).response if x.reply.is_stream else x.reply.json
    failed = isinstance(body, dict) and body.get("status") == "failed"
    return failed and not body.get("output") and usage_of(x) is None


def _fails_free(case: str) -> RunRule:
    @run_rule("billing.failed-free", probes=_three(case))
    def check(run: Run) -> Findings:
        fell, x = taken(run, case), run.one(f"billing.{case}")
        if fell is None or not _said_nothing(x):
            yield Unsure("no balance was read, or the call did not fail without a word")
        elif fell:
            said = "$0 for a call that failed without output and usage"
            yield Finding("balance", said, f"{dollars(fell)} taken", exchange=x.id)

    return check


FAILED_FREE = tuple(_fails_free(case) for case in ("failed-responses", "failed-responses-stream"))


@run_rule(
    "billing.parallel",
    probes=("billing.before-parallel", "billing.parallel", "billing.after-parallel"),
)
def parallel(run: Run) -> Findings:
    fell, calls = taken(run, "parallel"), run.all("billing.parallel")
    amounts = [charges(model_of(x), tier_of(x), usage_of(x) or _NO_USAGE) for x in calls]
    if fell is None or not all(amounts) or not all(x.ok for x in calls):
        yield Unsure(
            "not every call was answered with usage, or no balance was read that keeps still"
        )
        return
    total = sum((amount[0] for amount in amounts), Decimal(0))
    if abs(fell - total) > step(run):
        said = f"{dollars(total)} for {len(calls)} calls at the same time"
        yield Finding("balance", said, f"{dollars(fell)} taken", exchange=calls[0].id)


@run_rule("billing.empty-refused", probes=("billing.no-credit",))
def empty_refused(run: Run) -> Findings:
    x = run.one("billing.no-credit")
    if x.ok or not x.reply.status:
        yield Finding(
            "status", "402, 403 or 429 for a key without credit", status_line(x), exchange=x.id
        )
    elif x.reply.status not in (402, 403, 429):
        if unreliable(run.exchanges):
            yield Unsure("the server fails by chance")
        else:
            said = "402, 403 or 429 for a key without credit"
            yield Finding("status", said, status_line(x), exchange=x.id)


def _owes_usage(x: Exchange) -> bool:
    """Whether an answer has to say its usage: not a chat stream that did not ask for it."""
    if not x.ok or x.endpoint not in GENERATING or x.request.method != "POST":
        return False
    options = x.request.params.get("stream_options")
    asked = isinstance(options, dict) and options.get("include_usage") is True
    if x.endpoint is Endpoint.CHAT:
        failed = x.reply.is_stream and fold_chat(x.reply).error is not None
        return not failed and (asked or not x.wants_stream) and x.connection.ended != "aborted"
    if x.reply.is_stream:
        return fold_responses(x.reply).terminal in ("response.completed", "response.incomplete")
    body = x.reply.json
    return isinstance(body, dict) and body.get("status") in ("completed", "incomplete")


CHARGED = Selector(
    "an answer that is charged",
    _owes_usage,
    ("chat.echo", "chat.echo-stream-usage", "responses.echo", "responses.stream.echo"),
)


@rule("billing.usage-present", on=CHARGED)
def usage_present(x: Exchange) -> Findings:
    usage = usage_of(x)
    if usage is None or usage.prompt_tokens is None or usage.completion_tokens is None:
        yield Finding("usage", "whole numbers of prompt and output tokens", spoken(usage))


def model_of(x: Exchange) -> str:
    asked = x.request.params.get("model")
    return asked if isinstance(asked, str) else ""


def _spent(prompt: int, output: int) -> Usage:
    return Usage(prompt_tokens=prompt, completion_tokens=output)
