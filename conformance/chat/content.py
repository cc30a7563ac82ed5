"""The content oracle: rules that know which text an answer has to be."""

import re
from collections.abc import Iterator

from conformance.chat.choice import choices, choices_of, intact, member
from conformance.chat.chunk import chunks
from conformance.chat.prompts import FRAGILE, count_asked, limit_of, text_asked
from conformance.chat.selectors import STREAM, SUCCESS, wanted_choices
from conformance.chat.stream import ends_by_itself
from conformance.judging.damage import near
from conformance.judging.finding import ABSENT, Finding, Findings, Unsure, show
from conformance.judging.limit import least_tokens
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.substance import says_something, streamed, succeeded
from conformance.running.budget import usage_of
from wire.chat import fold_chat
from wire.exchange import Exchange
from wire.usage import Usage

# What a text looks like after a wrong decoding or a needless escaping; no model says it so.
_SCARS = (
    "\ufffd",
    *(word.encode().decode("latin-1") for word in ("é", "世", "🚀")),
    "\\u4e16",
    "&amp;amp;",
    "&lt;b&gt;",
)
_COUNTING = re.compile(r"1 2 [\d ]*")
ECHOES = SUCCESS.only("to a known text", lambda x: text_asked(x) is not None and intact(x))
_ECHO_PROBES = ("chat.echo", "chat.echo-stream", "chat.echo-stream-usage")


def spoken(x: Exchange) -> Iterator[tuple[str, str]]:
    """The text of each choice with its place. A stream without content says an empty text."""
    for choice in choices_of(x):
        if isinstance(choice.content, str):
            yield choice.where, choice.content
        elif x.reply.is_stream:
            yield choice.where, ""


def cut_short(x: Exchange) -> bool:
    """Whether the end of the answer is not to be expected: we left, or the server said so."""
    failed = x.reply.is_stream and fold_chat(x.reply).error is not None
    return failed or not ends_by_itself(x)


def same(found: str, wanted: str, x: Exchange) -> bool:
    return wanted.startswith(found) if cut_short(x) else found == wanted


def essence(text: str) -> str:
    """A text without what a model may well leave out."""
    return FRAGILE.sub("", text).strip()


def difference(found: str, wanted: str) -> str:
    """Where two texts part, with what stands there."""
    at = next((n for n, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), None)
    at = min(len(found), len(wanted)) if at is None else at
    return f"character {at}: {show(found[max(0, at - 8) : at + 24])}"


def _plain(x: Exchange, requirement: str = "") -> bool:
    return not x.reply.is_stream and says_something(x, requirement)


@rule("chat.answer.exact-text", on=ECHOES, sees=_plain)
def no_scars(x: Exchange) -> Findings:
    wanted = text_asked(x) or ""
    for where, text in spoken(x) if not x.reply.is_stream else ():
        for scar in _SCARS:
            if scar in text and scar not in wanted and near(text, wanted):
                yield Finding(f"{where}, content", show(wanted[:60]), show(text[:90]))
                break
        else:
            # Of an answer that was cut its beginning tells, as far as there is one.
            if not same(text.strip(), wanted.strip(), x) or not text.strip():
                yield Unsure(f"the model did not repeat the text: {show(text[:60])}")


def _filtered(x: Exchange) -> bool:
    return b"[[script content_filter]]" in x.request.body


@run_rule("chat.answer.exact-text", probes=("chat.echo", "chat.small"), sees=succeeded)
def plain_text(run: Run) -> Findings:
    """Only a model that always obeys is held to the text itself."""
    plain = [x for x in run.where(ECHOES) if not x.reply.is_stream]
    for x in plain:
        wanted = text_asked(x) or ""
        for where, text in spoken(x):
            if run.profile.scripted and text != wanted and not _filtered(x):
                expected = f"{show(wanted[:24])}… of {len(wanted)} characters"
                yield Finding(
                    f"{where}, content", expected, difference(text, wanted), exchange=x.id
                )
    if not run.profile.scripted:
        for x in plain:
            if not any(same(t.strip(), (text_asked(x) or "").strip(), x) for _, t in spoken(x)):
                yield Unsure("the model did not repeat the text")


@run_rule("chat.stream.content", probes=_ECHO_PROBES, sees=streamed)
def stream_equals_plain(run: Run) -> Findings:
    """Streamed = plain. With a model that may err, a finding needs all streams to be damaged."""
    plain: dict[str | None, str] = {}
    for x in run.where(ECHOES):
        if not x.reply.is_stream and not cut_short(x) and not _filtered(x):
            plain.setdefault(text_asked(x), next((t for _, t in spoken(x)), ""))
    doubts: list[Exchange] = []
    damaged: list[Finding] = []
    whole = 0
    for x in run.where(ECHOES):
        if not x.reply.is_stream or _filtered(x):
            continue
        wanted = text_asked(x) or ""
        for where, text in spoken(x):
            spaced = not run.profile.scripted and same(text.strip(), wanted.strip(), x)
            if spaced or same(text, wanted, x) or (not cut_short(x) and text == plain.get(wanted)):
                whole += 1
            elif run.profile.scripted or _damaged(text, wanted, plain.get(wanted), x):
                expected = f"{show(wanted[:24])}… of {len(wanted)} characters"
                found = difference(text, wanted)
                damaged.append(Finding(f"{where}, content", expected, found, exchange=x.id))
            else:
                doubts.append(x)
    if run.profile.scripted or not whole:
        yield from damaged
    if not damaged and not whole:
        yield Unsure("the model did not repeat the text")
    elif damaged and whole and not run.profile.scripted:
        yield Unsure("some streams repeat the text, others almost")


def _damaged(text: str, wanted: str, plain: str | None, x: Exchange) -> bool:
    if plain is None or essence(plain) != essence(wanted) or cut_short(x):
        return False
    return essence(text) != essence(wanted) and near(essence(text), essence(wanted))


COUNTS = SUCCESS.only("to a count", lambda x: count_asked(x) is not None and intact(x))


def _counted(x: Exchange, requirement: str) -> bool:
    """Streams settle what holds of streams, plain answers what holds of them; a count must be there."""
    return (requirement == "chat.stream.content") is x.reply.is_stream and any(
        _COUNTING.fullmatch(text) for _, text in spoken(x)
    )


@rule("chat.answer.exact-text", "chat.stream.content", on=COUNTS, sees=_counted)
def counting(x: Exchange) -> Findings:
    """No model that counts leaves a number out or says it twice, however early it is cut."""
    wanted = count_asked(x) or ""
    name = "chat.stream.content" if x.reply.is_stream else "chat.answer.exact-text"
    for where, text in spoken(x):
        if _COUNTING.fullmatch(text) and not wanted.startswith(text):
            yield Finding(
                f"{where}, content", show(wanted[:24]), difference(text, wanted), None, name
            )


@rule("chat.stream.increments", on=STREAM)
def increments(x: Exchange) -> Findings:
    """Three times in a row all that was said so far, and more: nobody talks like this."""
    last: dict[tuple[str, str], tuple[str, int]] = {}
    for index, chunk in chunks(x):
        for _, choice in choices(chunk):
            for name, text in member(choice, "delta").items():
                if name not in ("content", "refusal") or not isinstance(text, str) or not text:
                    continue
                key = (show(choice.get("index", ABSENT)), name)
                before, times = last.get(key, ("", 0))
                grows = before and len(text) > len(before) and text.startswith(before)
                times = times + 1 if grows else 0
                last[key] = (text, times)
                if times == 3:
                    where = f"event {index}, choices[].delta.{name}"
                    yield Finding(where, "only what is new", show(text[-60:]), index)


MANY = SUCCESS.only(
    "with several choices",
    lambda x: wanted_choices(x) > 1,
    "chat.choices",
    "chat.choices-stream",
)


@rule("chat.answer.same-choices", on=MANY)
def every_choice(x: Exchange) -> Findings:
    for choice in choices_of(x) if intact(x) and not cut_short(x) else ():
        silent = not (choice.refusal or choice.calls)
        if choice.finish_reason == "stop" and choice.content == "" and silent:
            yield Finding(f"{choice.where}", "a text", "nothing")


@run_rule(
    "chat.answer.usage-of-all",
    probes=("chat.small", "chat.choices", "chat.choices-stream"),
    sees=succeeded,
)
def usage_of_all(run: Run) -> Findings:
    """Two answers of the same letters cost about twice the tokens of one; so do two that the limit cut."""
    one, asked = _completion(run.one("chat.small")), text_asked(run.one("chat.small"))
    for x in (*run.all("chat.choices"), *run.all("chat.choices-stream")):
        many, texts = _completion(x), [t.strip() for _, t in spoken(x)]
        limit, cut = limit_of(x), sum(c.finish_reason == "length" for c in choices_of(x))
        whole, same = usage_of(x), all(t == asked for t in texts)
        told = whole.completion_tokens if whole is not None else None
        if limit and told is not None and len(texts) > 1 and (cut > 1 or (cut and not same)):
            if told < limit - 1:
                yield Unsure("less was used than the limit, which finish_reason says was reached")
            elif told < least_tokens(texts, cut, limit):
                found = (
                    f"{told} for {len(texts)} choices, {cut} of them cut by the limit of {limit}"
                )
                where = "usage.completion_tokens"
                yield Finding(where, "the sum over all choices", found, exchange=x.id)
            elif told <= limit:
                yield Unsure("what was used could be that of one choice alone")
        elif one is None or many is None or len(texts) < 2 or not same:
            yield Unsure("the same text was not said in each choice, or usage is missing")
        elif not 1.5 * one <= many <= 3 * one:
            found = f"{many} for two choices, {one} for one"
            yield Finding(
                "usage.completion_tokens", "the sum over all choices", found, exchange=x.id
            )


def _completion(x: Exchange) -> int | None:
    """Tokens that were shown; reasoning differs from call to call."""
    body = fold_chat(x.reply).usage_json if x.reply.is_stream else x.reply.json
    usage = Usage.of(body.get("usage") if isinstance(body, dict) and "usage" in body else body)
    if usage is None or usage.completion_tokens is None:
        return None
    return usage.completion_tokens - (usage.reasoning_tokens or 0)


@run_rule("chat.stream.refusal-text", probes=("chat.refusal", "chat.refusal-stream"), sees=streamed)
def refusal_text(run: Run) -> Findings:
    plain = next((c.refusal for c in choices_of(run.one("chat.refusal"))), None)
    for x in run.all("chat.refusal-stream"):
        streamed = next((c.refusal for c in choices_of(x)), None)
        if not (isinstance(plain, str) and streamed and intact(x)) or cut_short(x):
            yield Unsure("one of the answers has no refusal")
        elif streamed != plain:
            found = difference(str(streamed), plain)
            yield Finding("choice 0, refusal", show(plain), found, exchange=x.id)
