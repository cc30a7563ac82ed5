"""Bodies that no client library would write, as raw bytes: refused or read, never a crash."""

import json
from typing import Final

from conformance.chat_params.request import PATH
from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.refusal import refused, unjudged
from conformance.judging.rule import Rule
from conformance.judging.selector import probe
from conformance.running.probe import Handling, Probe, ProbeContext, post
from wire.exchange import Ended, Exchange, Request

_START: Final = '{"model": MODEL, "messages": [{"role": "user", "content": "Say hello."}], '
_SAID: Final = '{"model": MODEL, "messages": [{"role": "user", "content": TEXT}]}'
_TOOL: Final = '"tools": [{"type": "function", "function": {"name": "a", "parameters": SCHEMA}}]}'
_DEEP: Final = 10_000
# Slug -> (requirement, the rest of the body). These have to be refused.
REFUSED: Final[dict[str, tuple[str, str]]] = {
    "nan": ("numbers", _START + '"temperature": NaN}'),
    "infinity": ("numbers", _START + '"temperature": Infinity}'),
    "minus-infinity": ("numbers", _START + '"presence_penalty": -Infinity}'),
    "beyond-double": ("numbers", _START + '"temperature": 1e400}'),
    # Of something that nobody counts up to: as `n` it makes a careless server fill its memory.
    "huge-integer": ("huge-integers", _START + f'"seed": 1{"0" * 400}}}'),
    "hexadecimal": ("numbers", _START + '"n": 0x1}'),
    "leading-zero": ("numbers", _START + '"n": 01}'),
    "single-quotes": ("syntax", _START + "'user': 'a'}"),
    "trailing-comma": ("syntax", _START + '"n": 1,}'),
    "comment": ("syntax", _START + '"n": 1 /* one */}'),
    "trailing-text": ("syntax", _START + '"n": 1} and more'),
    "two-objects": ("syntax", _START + '"n": 1}{}'),
    "raw-newline": ("syntax", _START + '"user": "a\nb"}'),
    "deep-tools": ("nesting", _START + _TOOL.replace("SCHEMA", '{"items": ' * _DEEP + "{}" + "}" * _DEEP)),
    "deep-content": ("nesting", _SAID.replace("TEXT", "[" * _DEEP + "]" * _DEEP)),
    "deep-metadata": ("nesting", _START + '"metadata": {"a": ' + "[" * _DEEP + "]" * _DEEP + "}}"),
    # A good request but for n, which keeps those who read it from answering.
    "duplicate-model": ("duplicates", '{"model": "gpt-none", ' + _START[1:] + '"n": 0}'),
    "duplicate-messages": ("duplicates", _START + '"messages": 5, "n": 0}'),
    "duplicate-many": ("duplicates", _START + '"user": "a", ' * 2000 + '"n": 0}'),
    "byte-order-mark": ("byte-order-mark", "\ufeff" + _START + '"n": 0}'),
}  # fmt: skip
# What only must not be a failure of the server.
_SURVIVE: Final = {"duplicates", "byte-order-mark", "huge-integers"}
# These may be read as well; never more than a few tokens are generated.
READ: Final[dict[str, tuple[str, str]]] = {
    "surrogate": ("surrogates", _SAID.replace("TEXT", '"Say hello. \\ud800"')),
    "surrogate-low": ("surrogates", _SAID.replace("TEXT", '"\\udc00\\ud83d Say hello."')),
    "nul": ("control-characters", _SAID.replace("TEXT", '"Say \\u0000hello\\u001b[0m\\ufffe."')),
}
# In places where nothing is generated from them.
SURROGATES: Final = {
    "surrogate-model": '{"model": "gpt-\\ud800", "messages": [{"role": "user", "content": "Hi"}]}',
    "surrogate-role": '{"model": MODEL, "messages": [{"role": "\\udfff", "content": "Hi"}]}',
    "surrogate-key": _START + '"\\ud800": 1, "n": 0}',
}


# A server that such a body keeps busy is not waited for.
_SOON: Final = Handling(timeout_s=20)


def _raw(slug: str, body: str, output_tokens: int) -> Probe:
    def build(context: ProbeContext) -> Request:
        return post(PATH, body.replace("MODEL", json.dumps(context.model), 1).encode())

    return Probe(f"chat_params.hostile.{slug}", build, feature="chat", per_model=False,
                 output_tokens=output_tokens, handling=_SOON)  # fmt: skip


PROBES: Final = (
    *(_raw(slug, body, 0) for slug, (_, body) in REFUSED.items()),
    *(_raw(slug, body, 0) for slug, body in SURROGATES.items()),
    *(_raw(slug, body, 15) for slug, (_, body) in READ.items()),
    Probe("chat_params.hostile.utf-16", lambda context: post(PATH, _START.replace(
              "MODEL", json.dumps(context.model)).encode("utf-16")), feature="chat", per_model=False,
          output_tokens=0),
    Probe("chat_params.hostile.latin-1", lambda context: post(PATH, _START.replace(
              "MODEL", json.dumps(context.model)).encode() + b'"user": "caf\xe9", "n": 0}'),
          feature="chat", per_model=False, output_tokens=0),
)  # fmt: skip


def _survives(x: Exchange) -> Findings:
    if x.reply.status >= 500 and not unjudged(x):
        yield Finding("status", "200, or 400", status_line(x))
    elif not x.reply.status or x.connection.ended in (Ended.CUT, Ended.RESET, Ended.TIMEOUT):
        found = x.connection.error or x.connection.ended.value
        yield Finding("connection", "an answer", found)


def _must_refuse(x: Exchange) -> Findings:
    if unjudged(x):
        yield Unsure(f"the request was refused for something else: {status_line(x)}")
    else:
        yield from refused(x, f"of {(x.probe or '').rpartition('.')[2]}")


def _rules() -> tuple[Rule, ...]:
    groups: dict[str, list[str]] = {}
    for slug, (group, _) in REFUSED.items():
        groups.setdefault(group, []).append(f"chat_params.hostile.{slug}")
    groups["encoding"] = ["chat_params.hostile.utf-16", "chat_params.hostile.latin-1"]
    made = [
        Rule(
            (f"chat.param.json.{group}",),
            probe(*names),
            _survives if group in _SURVIVE else _must_refuse,
        )
        for group, names in groups.items()
    ]
    reading = {group: f"chat_params.hostile.{slug}" for slug, (group, _) in READ.items()}
    reading["surrogates"] = "chat_params.hostile.surrogate*"
    made += [Rule((f"chat.param.json.{g}",), probe(n), _survives) for g, n in reading.items()]
    return tuple(made)


RULES: Final = _rules()
