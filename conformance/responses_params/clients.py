"""Requests as real clients send them, in shape: whole bodies with their headers, taken as sent."""

from typing import Any, Final

from conformance.judging.answer import status_line
from conformance.judging.code_word import ASK, knows, told
from conformance.judging.finding import Finding, Findings
from conformance.judging.rule import Rule
from conformance.judging.selector import Selector, ok_probe
from conformance.responses.selectors import final
from conformance.responses_params.accepted import is_valid
from conformance.responses_params.request import PATH, VALID, function, message, message_with_parts
from conformance.responses_params.selectors import SUCCESS, text_of
from conformance.running.probe import Probe, ProbeContext, post
from wire.exchange import Exchange, Request
from wire.responses import fold_responses

# A thread, a turn and an installation have ids of this form; every message has one of its own.
_UUID: Final = "0e8f7a52-9b1c-4d3e-8f60-5a4b3c2d1e{:02x}"
_GRAMMAR: Final = (
    'start: begin line+ end\nbegin: "*** Begin" "\\n"\nend: "*** End"\nline: /[^\\n*]+/ "\\n"'
)
_SHELL: Final = {
    "type": "function",
    "name": "exec_command",
    "description": "Runs a command.",
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {
            "cmd": {"type": "string", "description": "The command."},
            "tty": {"type": "boolean"},
            "yield_time_ms": {"type": "number"},
            "mode": {"type": "string", "enum": ["plain", "guarded"]},
            "rules": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["cmd"],
        "additionalProperties": False,
    },
}
_PATCH: Final = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Edits files.",
    "format": {"type": "grammar", "syntax": "lark", "definition": _GRAMMAR},
}
_SEARCH: Final = {
    "type": "tool_search",
    "execution": "client",
    "description": "Finds more tools.",
    "parameters": {
        "type": "object",
        "properties": {"limit": {"type": "number"}, "query": {"type": "string"}},
        "required": ["query"],
        "additionalProperties": False,
    },
}
_METADATA: Final = {
    "turn_id": _UUID.format(1),
    "thread_id": _UUID.format(2),
    "session_id": _UUID.format(2),
    "x-codex-window-id": f"{_UUID.format(2)}:0",
    "x-codex-turn-metadata": '{"request_kind":"turn","sandbox":"none","é":1}',
}
_CODEX: Final[dict[str, Any]] = {
    "stream": True,
    "tools": [
        _SHELL,
        {**_SHELL, "name": "get_goal", "parameters": {
            "type": "object", "properties": {}, "required": [], "additionalProperties": False}},
        _PATCH,
        _SEARCH,
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": {"effort": "low"},
    "store": False,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": _UUID.format(2),
    "text": {"verbosity": "low"},
    "client_metadata": _METADATA,
}  # fmt: skip
CODEX_HEADERS: Final = (
    ("accept", "text/event-stream"),
    ("originator", "codex_exec"),
    ("user-agent", "codex_exec/0.169.0"),
    ("session-id", _UUID.format(2)),
    ("thread-id", _UUID.format(2)),
    ("x-client-request-id", _UUID.format(2)),
    ("x-codex-window-id", f"{_UUID.format(2)}:0"),
    ("x-codex-beta-features", "remote_compaction_v2"),
    ("x-codex-turn-metadata", '{"request_kind":"turn","sandbox":"none"}'),
)


def _message(number: int, role: str, *texts: str) -> dict[str, Any]:
    """A message as Codex writes it: with an id of its own, and with notes to itself."""
    notes = {"content_item_kinds": [f"{role}.text"], "create_time": 1795340844.94}
    kept = {"internal_chat_message_metadata_passthrough": notes} if number > 1 else {}
    return message_with_parts(role, *texts, id=f"msg_{_UUID.format(16 + number)}", **kept)


_FIRST: Final = [
    _message(0, "developer", "You help in a terminal.", told("OSPREY-17")),
    _message(1, "developer", "No command needs approval."),
    _message(2, "user", "The working directory is empty."),
    _message(3, "user", ASK),
]
_CALLED: Final = "call_8f3c1bf8dbba4d2189ef"
_EARLIER: Final = "call_1b0c2d3e4f5061728394"
_RUN: Final = "Run the command that tells the code word, and then tell me the word."
_LATER: Final = [
    *_FIRST[:3],
    _message(3, "user", "Write a file."),
    message_with_parts("assistant", "I write it.", id="msg_7483f9d98c9a430788a34aee7f9b2bfb"),
    {"type": "custom_tool_call", "id": "ctc_7483f9d98c9a430788a34aee7f9b2bfc",
     "status": "completed", "call_id": _EARLIER, "name": "apply_patch",
     "input": "*** Begin\nnew\n*** End"},
    {"type": "custom_tool_call_output", "call_id": _EARLIER, "output": "Done."},
    _message(4, "user", _RUN),
    {"type": "function_call", "id": "fc_7483f9d98c9a430788a34aee7f9b2bfb", "status": "completed",
     "name": "exec_command", "arguments": '{"cmd": "cat word"}', "call_id": _CALLED},
    {"type": "function_call_output", "id": f"fco_{_UUID.format(32)}", "call_id": _CALLED,
     "output": f"Exit code: 0\nOutput:\n{told('PELICAN-63')}"},
]  # fmt: skip
_ROO: Final[dict[str, Any]] = {
    "stream": True,
    "store": False,
    "instructions": "You help with code.",
    "include": ["reasoning.encrypted_content"],
    "reasoning": {"effort": "low", "summary": "auto"},
    "max_output_tokens": 2000,
    "prompt_cache_retention": "24h",
    "tools": [function("execute_command", command="string")],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "text": {"verbosity": "medium"},
}
_ROO_SAID: Final = [
    {"role": role, "content": message_with_parts(role, text)["content"]}
    for role, text in (
        ("user", "Choose a code word and tell me."),
        ("assistant", told("WALNUT-84")),
        ("user", ASK),
    )
]
_CONTINUE: Final[dict[str, Any]] = {
    "stream": True,
    "tools": [
        function("Read", None, filepath="string"),
        function("Write", None, filepath="string"),
    ],
    "parallel_tool_calls": False,
}
BOTH: Final = (
    'Call the tool Read with arguments {"filepath": "a"} and '
    'Call the tool Write with arguments {"filepath": "b"} at once.'
)
_CONTINUE_SAID: Final = [
    message_with_parts("developer", "You help with code."),
    message_with_parts("user", BOTH),
]
_AGENTS: Final[dict[str, Any]] = {
    "include": [],
    "instructions": f"Be brief. {told('SALMON-39')}",
    "tools": [function("get_weather", city="string")],
}
_STAINLESS: Final = (
    ("x-stainless-lang", "js"), ("x-stainless-retry-count", "0"), ("x-stainless-runtime", "node"),
    ("x-stainless-helper-method", "stream"),
)  # fmt: skip


def _client(
    name: str, given: Any, body: dict[str, Any], *headers: tuple[str, str], tokens: int = 60
) -> Probe:
    def build(context: ProbeContext) -> Request:
        return post(PATH, {"model": context.model, "input": given, **body}, *headers)

    feature = "responses.tools"
    per_model = name.startswith("codex") or name == "agents"
    return Probe(VALID + name, build, feature=feature, per_model=per_model, output_tokens=tokens)


CODEX: Final = _client("codex", _FIRST, _CODEX, *CODEX_HEADERS, tokens=120)
CODEX_TURN: Final = _client("codex-turn", _LATER, _CODEX, *CODEX_HEADERS, tokens=120)
ROO: Final = _client("roo", _ROO_SAID, _ROO, ("originator", "roo-code"), ("session_id", "t1"),
                     ("user-agent", "roo-code/3.52.1"), tokens=120)  # fmt: skip
CONTINUE: Final = _client("continue", _CONTINUE_SAID, _CONTINUE, *_STAINLESS)
AGENTS: Final = _client(
    "agents", [message("user", ASK)], _AGENTS, ("user-agent", "Agents/Python 0.24.0")
)


def _as_sent(requirement: str, probe_name: str) -> Rule:
    def check(x: Exchange) -> Findings:
        if not x.ok:
            yield Finding("status", "200 for a request as the client sends it", status_line(x))

    on = Selector(f"a request of {probe_name}", lambda x: is_valid(x) and x.probe == probe_name,
                  (probe_name,), True)  # fmt: skip
    return Rule((requirement,), on, check)


AS_SENT: Final = (
    _as_sent("responses.codex.first", CODEX.name),
    _as_sent("responses.codex.later", CODEX_TURN.name),
    _as_sent("responses.client.roo", ROO.name),
    _as_sent("responses.client.continue", CONTINUE.name),
    _as_sent("responses.client.agents", AGENTS.name),
)


def reaches(requirement: str, word: str, probe_name: str) -> Rule:
    """The model knows a word that only one part of the request tells."""

    def check(x: Exchange) -> Findings:
        yield from knows("output", _heard(x), word)

    on = ok_probe(probe_name).only(
        "that said something", lambda x: bool(_heard(x) or SUCCESS.matches(x))
    )
    return Rule((requirement,), on, check)


def _heard(x: Exchange) -> str:
    """The text of an answer, also of a stream that lacks its end: several clients need none to show it."""
    if final(x) is not None or not x.reply.is_stream:
        return text_of(x)
    return fold_responses(x.reply).output_text


REACHED: Final = (
    reaches("responses.codex.developer-reaches", "OSPREY-17", CODEX.name),
    reaches("responses.codex.output-reaches", "PELICAN-63", CODEX_TURN.name),
    reaches("responses.input.assistant", "WALNUT-84", ROO.name),
    reaches("responses.param.instructions.honoured", "SALMON-39", AGENTS.name),
)
