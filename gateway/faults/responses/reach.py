"""Faults of Responses: what was given does not reach the model, or reaches it where it must not."""

from collections.abc import Callable
from typing import Any, Final

from gateway.faults.machinery.request_edits import RequestChange, on_json, with_param
from gateway.faults.machinery.response_edits import echoing, on_events, refused
from gateway.faults.machinery.response_selection import with_tool
from gateway.faults.machinery.selection import (
    RESPONSES,
    RESPONSES_PLAIN,
    RESPONSES_STREAM,
    asking,
    both,
)
from gateway.faults.machinery.transform import alter, drop, in_turn, on_all, on_body, put
from gateway.faults.responses_params.general import parameter_fault
from gateway.frames import GatewayReply
from wire.exchange import Request


def _items(change: Callable[[Any], Any]) -> RequestChange:
    """Changes each input item that is an object; None leaves it out."""

    def on_body(body: Any) -> Any:
        given = body.get("input")
        if not isinstance(given, list):
            return body
        changed = [change(item) if isinstance(item, dict) else item for item in given]
        return {**body, "input": [item for item in changed if item is not None]}

    return on_json(on_body)


def _without_role(role: str) -> RequestChange:
    return _items(lambda item: None if item.get("role") == role else item)


def _outputs(change: Callable[[Any], Any]) -> RequestChange:
    return _items(
        lambda item: {**item, "output": change(item["output"])} if "output" in item else item
    )


def _parts(change: Callable[[list[Any]], list[Any]]) -> RequestChange:
    """Changes the parts of contents and outputs; those with files and images stay as they are."""

    def on_item(item: Any) -> Any:
        return {
            name: change(value)
            if name in {"content", "output"} and isinstance(value, list) and _plain(value)
            else value
            for name, value in item.items()
        }

    return _items(on_item)


def _plain(parts: list[Any]) -> bool:
    kinds = {part.get("type") for part in parts if isinstance(part, dict)}
    return len(parts) > 1 and kinds <= {"input_text", "output_text"}


def _last_only(body: Any) -> Any:
    given = body.get("input")
    return {**body, "input": given[-1:]} if isinstance(given, list) and _messages(given) else body


def _messages(items: list[Any]) -> bool:
    return all(isinstance(item, dict) and "role" in item for item in items)


class _Memory:
    """Instructions of earlier responses, put into every turn that goes on from them."""

    def __init__(self) -> None:
        self.told: dict[str, str] = {}

    def request(self, request: Request) -> Request:
        earlier = self.told.get(str(request.params.get("previous_response_id")))
        if not earlier or request.params.get("instructions"):
            return request
        return with_param("instructions", earlier)(request)

    def reply(self, request: Request, reply: GatewayReply) -> GatewayReply:
        told = request.params.get("instructions")
        if isinstance(reply.body, dict) and isinstance(told, str) and reply.status < 400:
            self.told[str(reply.body.get("id"))] = told
            return reply
        # The echo is made right, so that only the answer tells.
        return on_body(put("instructions", None))(request, reply)


_MEMORY: Final = _Memory()


def _effort(body: Any) -> Any:
    asked = body.get("reasoning")
    none = isinstance(asked, dict) and asked.get("effort") == "none"
    return {**body, "reasoning": {**asked, "effort": "low"}} if none else body


def _shown(response: Any) -> Any:
    """A tool's strictness is left out of the echo."""
    return drop("tools[].strict")(response)


_WORDS: Final = {
    "logprobs": "message.output_text.logprobs",
    "encrypted-content": "reasoning.encrypted_content",
    "web-sources": "web_search_call.action.sources",
    "file-results": "file_search_call.results",
    "code-outputs": "code_interpreter_call.outputs",
}


def _included(word: str) -> RequestChange:
    def change(body: Any) -> Any:
        given = body.get("include")
        asked = given if isinstance(given, list) else []
        return {**body, "include": [*asked, word]} if given is None or asked == given else body

    return on_json(change)


def _excluded(word: str) -> RequestChange:
    def change(body: Any) -> Any:
        given = body.get("include")
        if not isinstance(given, list):
            return body
        return {**body, "include": [other for other in given if other != word]}

    return on_json(change)


def _fenced(text: Any) -> Any:
    return f"```json\n{text}\n```" if isinstance(text, str) and text[:1] == "{" else text


def _no_usage(payload: Any) -> Any:
    return {**payload, "response": {**payload["response"], "usage": None}}


_NO_USAGE: Final = on_events(("response.completed", "response.incomplete"), _no_usage)

FAULTS: Final = (
    *(
        parameter_fault(f"{role}-lost", f"Messages of the role {role} do not reach the model.",
               _without_role(role))
        for role in ("system", "developer", "assistant")
    ),
    parameter_fault("outputs-lost", "The outputs of calls reach the model empty.", _outputs(lambda _: "")),
    parameter_fault("output-parts-lost", "Outputs in parts reach the model empty.",
           _outputs(lambda output: [] if isinstance(output, list) else output)),
    parameter_fault("output-strings-lost", "Outputs in strings reach the model empty.",
           _outputs(lambda output: "" if isinstance(output, str) else output)),
    parameter_fault("first-part-only", "Of several parts only the first reaches the model.",
           _parts(lambda parts: parts[:1])),
    parameter_fault("last-part-only", "Of several parts only the last reaches the model.",
           _parts(lambda parts: parts[-1:])),
    parameter_fault("last-message-only", "Of several messages only the last reaches the model.",
           on_json(_last_only)),
    parameter_fault("instructions-carried", "Instructions of an earlier response stay active.",
           _MEMORY.request, _MEMORY.reply),
    parameter_fault("stream-forced", "Every answer is a stream.", with_param("stream", True),
           when=RESPONSES_PLAIN),
    parameter_fault("stream-usage-on-request", "Streams end without usage unless chat's option asks for it.",
           reply=_NO_USAGE, when=both(RESPONSES_STREAM, lambda r: not isinstance(
               r.params.get("stream_options"), dict)
               or not r.params["stream_options"].get("include_usage"))),
    parameter_fault("usage-lost-with-option", "include_usage takes the usage away.", reply=_NO_USAGE,
           when=both(RESPONSES_STREAM, lambda r: isinstance(r.params.get("stream_options"), dict)
                     and r.params["stream_options"].get("include_usage") is True)),
    parameter_fault("effort-none-ignored", "The model reasons though effort is none.", on_json(_effort),
           echoing("reasoning")),
    parameter_fault("tools-strict-lost", "The tools of an answer do not say whether they are strict.",
           reply=in_turn(on_body(_shown), on_events(
               ("response.created", "response.in_progress", "response.completed"),
               alter("response", _shown)))),
    *(
        parameter_fault(f"include-{slug}-always", f"{word} is shown though nobody asked for it.",
               _included(word))
        for slug, word in _WORDS.items()
    ),
    *(
        parameter_fault(f"include-{slug}-ignored", f"{word} is not shown though it was asked for.",
               _excluded(word))
        for slug, word in _WORDS.items()
    ),
    parameter_fault("json-fenced", "JSON comes in a code fence.",
           reply=on_all(alter("output[].content[].text", _fenced)),
           when=both(RESPONSES_PLAIN, asking("text"))),
    parameter_fault("parallel-ignored-in-plain", "parallel_tool_calls is ignored where nothing is streamed.",
           with_param("parallel_tool_calls", True), echoing("parallel_tool_calls"), RESPONSES_PLAIN),
    parameter_fault("choice-none-ignored-in-plain", "tool_choice none is ignored where nothing is streamed.",
           with_param("tool_choice", "auto"), echoing("tool_choice"),
           both(RESPONSES_PLAIN, asking("tool_choice", "none"))),
    parameter_fault("choice-named-first", "The first tool is called, whatever tool_choice names.",
           with_param("tool_choice", "required"), echoing("tool_choice"),
           both(RESPONSES, lambda r: isinstance(r.params.get("tool_choice"), dict)
                and r.params["tool_choice"].get("type") in {"function", "custom"})),
    parameter_fault("hosted-tools-vague", "Hosted tools are refused, and no word says which.",
           reply=refused(400, "This is not supported."),
           when=with_tool("web_search")),
    parameter_fault("newer-crash", "context_management brings the server down.",
           reply=refused(500, "Internal server error", type="server_error"),
           when=both(RESPONSES, asking("context_management"))),
)  # fmt: skip
