"""Rules about what accompanies the deltas of a stream: log probabilities and obfuscation."""

from collections.abc import Iterator
from typing import Any

from conformance.chat.choice import choices, choices_of, intact, member, objects, place
from conformance.chat.chunk import chunks
from conformance.chat.selectors import STREAM, SUCCESS, options
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.likelihood import impossible, is_number, summed_up
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.substance import streamed
from wire.exchange import Exchange

ROUNDING = 1e-3  # of a probability of one, as the real API has it
WITH_LOGPROBS = STREAM.only(
    "with log probabilities",
    lambda x: x.request.params.get("logprobs") is True,
    "chat.logprobs-stream",
)


@rule("chat.stream.logprobs", on=WITH_LOGPROBS)
def logprobs_cover(x: Exchange) -> Findings:
    for choice in choices_of(x) if intact(x) else ():
        rows = member(choice.logprobs, "content") or choice.logprobs
        tokens = rows.get("content") if isinstance(rows, dict) else None
        heard = b"".join(_bytes(token) for token in tokens) if isinstance(tokens, list) else b""
        spoken = (
            choice.content.encode("utf-8", "replace") if isinstance(choice.content, str) else b""
        )
        if heard != spoken:
            where = f"{choice.where}, logprobs.content[].bytes"
            yield Finding(where, f"{len(spoken)} bytes of text", f"{len(heard)} bytes of tokens")


def _bytes(token: Any) -> bytes:
    """A token's bytes; its text where there are none."""
    given = token.get("bytes") if isinstance(token, dict) else None
    if isinstance(given, list) and all(type(b) is int and 0 <= b < 256 for b in given):
        return bytes(given)
    text = token.get("token") if isinstance(token, dict) else None
    return text.encode("utf-8", "replace") if isinstance(text, str) else b""


@rule("chat.chunk.logprobs", on=STREAM)
def logprobs_throughout(x: Exchange) -> Findings:
    """The first choice of the stream sets whether the key is there."""
    keys = [(n, where, "logprobs" in c) for n, chunk in chunks(x) for where, c in choices(chunk)]
    for index, where, here in keys[1:]:
        if here != keys[0][2]:
            words = ("no logprobs", "logprobs")
            yield Finding(f"event {index}, {where}.logprobs", words[not here], words[here], index)
            return


RATED = SUCCESS.only(
    "with log probabilities of tokens",
    lambda x: any(member(choice, "logprobs") for _, v in objects(x) for _, choice in choices(v)),
    "chat.logprobs-stream",
)


def rated(x: Exchange) -> Iterator[tuple[int | None, str, dict[str, Any]]]:
    """Every token of every list of log probabilities, with its place."""
    for index, value in objects(x):
        for where, choice in choices(value):
            for name, rows in member(choice, "logprobs").items():
                for n, row in enumerate(rows if isinstance(rows, list) else ()):
                    if isinstance(row, dict):
                        yield index, place(index, f"{where}.logprobs.{name}[{n}]"), row


def _alternatives(row: dict[str, Any]) -> list[dict[str, Any]]:
    given = row.get("top_logprobs")
    return [other for other in given if isinstance(other, dict)] if isinstance(given, list) else []


@rule("chat.answer.token-bytes", on=RATED)
def token_bytes(x: Exchange) -> Findings:
    """A token that is whole characters has the bytes of its text; a part of one is shown escaped."""
    for index, where, row in rated(x) if intact(x) else ():
        for token in (row, *_alternatives(row)):
            text, given = token.get("token"), token.get("bytes")
            if not isinstance(text, str) or "\\x" in text or "\ufffd" in text:
                continue
            if given is None and not text.startswith("<|"):
                yield Finding(f"{where}.bytes", f"the bytes of {show(text)}", "null", index)
            elif isinstance(given, list) and given != list(text.encode("utf-8", "replace")):
                yield Finding(f"{where}.bytes", f"the bytes of {show(text)}", show(given), index)


@rule("chat.answer.token-logprobs", on=RATED)
def token_logprobs(x: Exchange) -> Findings:
    """A logarithm of a probability is not positive, and the likeliest come first."""
    asked = x.request.params.get("top_logprobs")
    for index, where, row in rated(x):
        others = _alternatives(row)
        numbers = [t.get("logprob") for t in (row, *others)]
        chances = [n for n in numbers if isinstance(n, (int, float)) and not isinstance(n, bool)]
        if any(chance > ROUNDING for chance in chances):
            yield Finding(f"{where}.logprob", "at most 0", show(max(chances)), index)
        ranks = chances[1:]
        if len(ranks) == len(others) and ranks != sorted(ranks, reverse=True):
            yield Finding(f"{where}.top_logprobs", "the likeliest first", show(ranks), index)
        wanted = asked if type(asked) is int else 0
        if len(others) != wanted and "top_logprobs" in row:
            found = f"{len(others)} alternatives"
            yield Finding(f"{where}.top_logprobs", f"{wanted} alternatives", found, index)


@rule("chat.answer.token-possible", on=RATED)
def possible(x: Exchange) -> Findings:
    """Alternatives differ, are one at most together, and the token is as likely among them as by itself."""
    chains: dict[str, list[float]] = {}
    for index, where, row in rated(x) if intact(x) else ():
        yield from impossible(row, where, index)
        if is_number(row.get("logprob")):
            choice = where.partition(".logprobs")[0].rpartition("choices")[2]
            chains.setdefault(choice, []).append(row["logprob"])
    for chain in chains.values():
        yield from summed_up("logprobs.content[].logprob", chain)


PADDED = STREAM.only(
    "with obfuscation", lambda x: any("obfuscation" in chunk for _, chunk in chunks(x))
)
BARE = STREAM.only(
    "that asked for no obfuscation",
    lambda x: options(x).get("include_obfuscation") is False,
    "chat.obfuscation-off",
)


@rule("chat.stream.obfuscation", on=PADDED)
def obfuscation_varies(x: Exchange) -> Findings:
    """The padding is there to even out texts of different lengths, so it cannot be constant."""
    texts: list[tuple[int, int]] = []
    for index, chunk in chunks(x):
        delta = [member(choice, "delta").get("content") for _, choice in choices(chunk)]
        padding = chunk.get("obfuscation")
        if delta and "obfuscation" not in chunk:
            yield Finding(f"event {index}, obfuscation", "a string as elsewhere", "none", index)
            return
        if delta and isinstance(delta[0], str) and isinstance(padding, str):
            texts.append((len(delta[0]), len(padding)))
    if len(texts) >= 8 and len({size for size, _ in texts}) > 2 and len({p for _, p in texts}) == 1:
        found = f"{texts[0][1]} characters in each of {len(texts)} chunks"
        yield Finding("obfuscation", "a length that varies", found)


def _never(x: Exchange, requirement: str) -> bool:  # noqa: ARG001
    """A stream without padding shows nothing by itself: a server that never pads leaves nothing out."""
    return False


@rule("chat.stream.obfuscation-off", on=BARE, sees=_never)
def obfuscation_off(x: Exchange) -> Findings:
    for index, chunk in chunks(x):
        if "obfuscation" in chunk:
            yield Finding(
                f"event {index}, obfuscation", "no obfuscation", show(chunk["obfuscation"]), index
            )
            return


_OFF = ("chat.stream.obfuscation-off", "chat.param.stream-options.obfuscation-off")


@run_rule(*_OFF, probes=("chat.obfuscation-off",), sees=streamed)
def obfuscation_left_out(run: Run) -> Findings:
    """It was left out, where other streams of the run have it."""
    if not any(_pads(x) for x in run.where(STREAM)):
        for name in _OFF:
            reason = "no stream of this run is padded, asked or not"
            yield Unsure(reason, requirement=name, lacking=True)


def _pads(x: Exchange) -> bool:
    return any("obfuscation" in chunk for _, chunk in chunks(x))
