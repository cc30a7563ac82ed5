"""What only the scripted model can be made to show: hosted calls, refusals, failures, rare events."""

from typing import Final

from conformance.responses.known import SPACES, repeat
from conformance.responses.probes_stream import RESPONSES
from conformance.running.probe import Probe, sends

_COUNT: Final = "Count from 1 to 3"
# One stream with every call that the server runs itself; audio comes last, as it is no item.
_HOSTED: Final = " ".join(
    f"[[script {name}]]"
    for name in (
        "web_search", "file_search", "code_interpreter", "image_generation", "mcp_list_tools",
        "mcp_list_tools_failed", "mcp_call", "mcp_failed", "mcp_approval_request", "shell",
        "apply_patch", "computer", "local_shell", "tool_search", "compaction", "audio",
    )
)  # fmt: skip

# Probe name -> what the model is told. Those named `stream` are streamed.
_TOLD: Final = {
    "responses.stream.hosted": f"{_HOSTED} {_COUNT}",
    "responses.stream.refusal": "Refuse this request.",
    "responses.refusal": "Refuse this request.",
    "responses.stream.failed": f"[[script failed]] {_COUNT}",
    "responses.failed": f"[[script failed]] {_COUNT}",
    "responses.stream.error": f"[[script error_event]] {_COUNT}",
    "responses.stream.broken": f"[[script midstream_error]] {repeat(SPACES)}",
    "responses.stream.queued": f"[[script queued]] {_COUNT}",
    "responses.stream.keepalive": f"[[script keepalive]] {repeat(SPACES)}",
    "responses.spaces": repeat(SPACES),
    "responses.stream.filtered": f"[[script content_filter]] {_COUNT}",
    "responses.stream.reasoning-text": f"[[script reasoning_text]] {_COUNT}",
    "responses.stream.annotations": f"[[script annotations]] {_COUNT}",
    "responses.stream.phase": f"[[script phase]] {_COUNT}",
}

SCRIPTED: Final = tuple(
    Probe(
        name,
        sends(RESPONSES, {"input": told, **({"stream": True} if ".stream." in name else {})}),
        per_model=False,
        feature="scripted",
        output_tokens=30,
    )
    for name, told in _TOLD.items()
)
