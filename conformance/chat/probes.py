"""Requests of the chat area that are about texts: plain, streamed, several choices, failing."""

from collections.abc import Mapping
from typing import Any, Final

from conformance.chat.prompts import SHORT, echo, user
from conformance.running.balance import reading
from conformance.running.probe import Handling, Probe, ProbeContext, post, sends
from wire.exchange import Request

PATH: Final = "/chat/completions"
USAGE: Final = {"stream": True, "stream_options": {"include_usage": True}}


def chat(text: str, **more: Any) -> Mapping[str, Any]:
    return {"messages": user(text), **more}


def _paced(context: ProbeContext) -> Request:
    """A slow stream where the model can be told to be slow, else a long one."""
    text = "Count from 1 to 80, with one space between the numbers, and write nothing else."
    if context.profile.scripted:
        text = "[[pace 40]] [[ttft 320]] Count from 1 to 14"
    return post(PATH, {"model": context.model, **chat(text, stream=True)})


def _long(context: ProbeContext) -> Request:
    text = "Count from 1 to 120, with one space between the numbers, and write nothing else."
    if context.profile.scripted:
        text = f"[[pace 10]] {text}"
    return post(PATH, {"model": context.model, **chat(text, stream=True)})


# Free, and sent to every server: whether there is such a route is all that it asks.
OFFERED = Probe(
    "chat.offered", lambda c: post(PATH, {"model": c.model}), per_model=False, output_tokens=0
)
ECHO = Probe("chat.echo", sends(PATH, chat(echo())), output_tokens=120)
ECHO_STREAM = Probe(
    "chat.echo-stream",
    sends(PATH, chat(echo(), stream=True)),
    feature="chat.stream",
    output_tokens=120,
)
ECHO_STREAM_USAGE = Probe(
    "chat.echo-stream-usage",
    sends(PATH, chat(echo(), **USAGE)),
    feature="chat.stream.usage",
    output_tokens=120,
)
SMALL = Probe(
    "chat.small",
    sends(PATH, chat(echo(SHORT))),
    output_tokens=48,
    unlimited=True,  # that no limit has to be given is a requirement; the answer is short
)
CHOICES = Probe(
    "chat.choices", sends(PATH, chat(echo(SHORT), n=2)), feature="chat.n", output_tokens=60
)
CHOICES_STREAM = Probe(
    "chat.choices-stream",
    sends(PATH, chat(echo(SHORT), n=2, **USAGE)),
    feature="chat.n",
    output_tokens=60,
)
PACED = Probe("chat.paced", _paced, feature="chat.stream", output_tokens=160)
LOGPROBS_STREAM = Probe(
    "chat.logprobs-stream",
    sends(PATH, chat(echo(SHORT), logprobs=True, top_logprobs=2, stream=True)),
    feature="chat.logprobs",
    output_tokens=30,
)
OBFUSCATION_OFF = Probe(
    "chat.obfuscation-off",
    sends(PATH, chat(echo(SHORT), stream=True, stream_options={"include_obfuscation": False})),
    feature="chat.stream.obfuscation",
    output_tokens=30,
)
REFUSAL = Probe("chat.refusal", sends(PATH, chat("Refuse this request.")), feature="scripted")
REFUSAL_STREAM = Probe(
    "chat.refusal-stream", sends(PATH, chat("Refuse this request.", **USAGE)), feature="scripted"
)
ANNOTATIONS = Probe(
    "chat.annotations",
    sends(PATH, chat(f"[[script annotations]] {echo(SHORT)}")),
    feature="scripted",
)
MIDSTREAM_ERROR = Probe(
    "chat.midstream-error",
    sends(PATH, chat(f"[[script midstream_error]] {echo()}", stream=True)),
    feature="scripted",
)
UPSTREAM_ERROR = Probe(
    "chat.upstream-error-stream",
    sends(PATH, chat("[[script upstream_500]] Hello", stream=True)),
    feature="scripted",
    output_tokens=0,
    asks_for=frozenset({500, 502, 503}),
)
REFUSED = (
    Probe(
        "chat.unknown-model-stream",
        sends(PATH, {"model": "no-such-model-0", **chat("Hello", stream=True)}),
        feature="chat.stream",
        per_model=False,
        output_tokens=0,
    ),
    Probe(
        "chat.no-messages-stream",
        sends(PATH, {"messages": [], "stream": True}),
        feature="chat.stream",
        output_tokens=0,
    ),
)
BALANCE_BEFORE = reading("chat.balance-before-abort")
ABORT = Probe(
    "chat.abort",
    _long,
    feature="chat.stream",
    output_tokens=240,
    alone=True,
    handling=Handling(abort_after_events=5),
)
AFTER_ABORT = Probe(
    "chat.after-abort",
    sends(PATH, chat(echo(SHORT))),
    after=("chat.abort",),
    output_tokens=48,
)
BALANCE_AFTER = reading("chat.balance-after-abort", "chat.balance-before-abort", "chat.abort")
