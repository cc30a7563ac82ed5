"""Output items of hosted tools, as the scripted model has them made: one table row an item.

No tool runs. Each row is the finished item without its id; `hosted_items` gives ids and applies the
`include` values that decide which details a client sees.
"""

import copy
from collections.abc import Callable, Container
from typing import Any, Final, NamedTuple

Item = dict[str, Any]

# A picture of one pixel: any client can decode it, and it costs nothing to send.
PIXEL: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

# Type of an item -> prefix of its id, as the real API names them.
PREFIXES: Final[dict[str, str]] = {
    "message": "msg_",
    "reasoning": "rs_",
    "function_call": "fc_",
    "function_call_output": "fco_",
    "custom_tool_call": "ctc_",
    "custom_tool_call_output": "ctco_",
    "web_search_call": "ws_",
    "file_search_call": "fs_",
    "code_interpreter_call": "ci_",
    "image_generation_call": "ig_",
    "mcp_call": "mcp_",
    "mcp_list_tools": "mcpl_",
    "mcp_approval_request": "mcpr_",
    "mcp_approval_response": "mcpa_",
    "shell_call": "sh_",
    "shell_call_output": "sho_",
    "apply_patch_call": "apc_",
    "apply_patch_call_output": "apco_",
    "computer_call": "cu_",
    "computer_call_output": "cuo_",
    "local_shell_call": "lsh_",
    "local_shell_call_output": "lsho_",
    "tool_search_call": "tsc_",
    "tool_search_output": "tso_",
    "compaction": "cmp_",
}

_LOOKUP: Final = {
    "type": "function",
    "defer_loading": True,
    "description": "Looks a word up.",
    "name": "lookup",
    "output_schema": None,
    "parameters": {
        "type": "object",
        "properties": {"word": {"type": "string"}},
        "required": ["word"],
        "additionalProperties": False,
    },
    "strict": True,
}

_MCP_TOOLS: Final = [
    {
        "annotations": {"read_only": True},
        "description": "Reads a page.",
        "input_schema": {
            "type": "object",
            "properties": {"page": {"type": "string"}},
            "required": ["page"],
        },
        "name": "read_page",
    }
]

# Script name -> the finished items that it puts before the answer's text.
HOSTED: Final[dict[str, tuple[Item, ...]]] = {
    "web_search": (
        {
            "type": "web_search_call",
            "status": "completed",
            "action": {
                "type": "search",
                "queries": ["reference gateway"],
                "query": "reference gateway",
                "sources": [{"type": "url", "url": "https://example.com/gateway"}],
            },
        },
    ),
    "file_search": (
        {
            "type": "file_search_call",
            "status": "completed",
            "queries": ["reference gateway"],
            "results": [
                {
                    "attributes": {},
                    "file_id": "file-2bpQ4rjmHqN8kXbYx1s7Td",
                    "filename": "notes.txt",
                    "score": 0.87,
                    "text": "The gateway is deterministic.",
                    "vector_store_id": "vs_68f2a1c09d5c8191a7f0b3d2e4c6a8b0",
                }
            ],
        },
    ),
    "code_interpreter": (
        {
            "type": "code_interpreter_call",
            "status": "completed",
            "code": "total = 0\nfor n in range(5):\n    total += n\nprint(total)",
            "container_id": "cntr_68f2a1c0a5bc81918fbd4f2a2f542b5c0a0e691ad2bfd833",
            "outputs": [{"type": "logs", "logs": "10\n"}],
        },
    ),
    "image_generation": (
        {
            "type": "image_generation_call",
            "status": "completed",
            "background": "opaque",
            "output_format": "png",
            "quality": "low",
            "result": PIXEL,
            "revised_prompt": "A single dot.",
            "size": "1024x1024",
        },
    ),
    "mcp_call": (
        {
            "type": "mcp_call",
            "status": "completed",
            "approval_request_id": None,
            "arguments": '{"page":"start"}',
            "error": None,
            "name": "read_page",
            "output": "The start page.",
            "server_label": "pages",
        },
    ),
    "mcp_failed": (
        {
            "type": "mcp_call",
            "status": "failed",
            "approval_request_id": None,
            "arguments": '{"page":"missing"}',
            "error": {"type": "http_error", "code": 404, "message": "Not Found"},
            "name": "read_page",
            "output": None,
            "server_label": "pages",
        },
    ),
    "mcp_list_tools": ({"type": "mcp_list_tools", "server_label": "pages", "tools": _MCP_TOOLS},),
    "mcp_list_tools_failed": (
        {
            "type": "mcp_list_tools",
            "error": "The server did not answer.",
            "server_label": "pages",
            "tools": [],
        },
    ),
    "shell": (
        {
            "type": "shell_call",
            "status": "completed",
            "action": {
                "commands": ["ls -1 docs", "cat docs/readme.txt"],
                "max_output_length": 4096,
                "timeout_ms": 10000,
            },
            "call_id": "call_shell",
            "environment": {
                "type": "container_reference",
                "container_id": "cntr_68f2a1c0a5bc81918fbd4f2a2f542b5c0a0e691ad2bfd833",
            },
        },
        {
            "type": "shell_call_output",
            "status": "completed",
            "call_id": "call_shell",
            "max_output_length": 4096,
            "output": [
                {
                    "outcome": {"type": "exit", "exit_code": 0},
                    "stderr": "",
                    "stdout": "readme.txt\n",
                },
                {
                    "outcome": {"type": "exit", "exit_code": 1},
                    "stderr": "cat: permission denied\n",
                    "stdout": "",
                },
            ],
        },
    ),
    "apply_patch": (
        {
            "type": "apply_patch_call",
            "status": "completed",
            "call_id": "call_patch",
            "operation": {
                "type": "update_file",
                "diff": "@@\n-old line\n+new line\n",
                "path": "notes.txt",
            },
        },
    ),
    "computer": (
        {
            "type": "computer_call",
            "status": "completed",
            "action": {"type": "click", "button": "left", "x": 12, "y": 34},
            "call_id": "call_computer",
            "pending_safety_checks": [],
        },
    ),
    "local_shell": (
        {
            "type": "local_shell_call",
            "status": "completed",
            "action": {
                "type": "exec",
                "command": ["ls", "-1"],
                "env": {},
                "timeout_ms": None,
                "user": None,
                "working_directory": None,
            },
            "call_id": "call_local_shell",
        },
    ),
    "tool_search": (
        {
            "type": "tool_search_call",
            "status": "completed",
            "arguments": {"paths": ["words"]},
            "call_id": None,
            "execution": "server",
        },
        {
            "type": "tool_search_output",
            "status": "completed",
            "call_id": None,
            "execution": "server",
            "tools": [_LOOKUP],
        },
    ),
    "compaction": ({"type": "compaction", "encrypted_content": "gAAAAABjb21wYWN0aW9u"},),
    "mcp_approval_request": (
        {
            "type": "mcp_approval_request",
            "arguments": '{"page":"start"}',
            "name": "read_page",
            "server_label": "pages",
        },
    ),
}

# Hosted tool of the request's `tools` -> the script that its forced call plays.
TOOL_SCRIPTS: Final[dict[str, str]] = {
    "web_search": "web_search",
    "web_search_2025_08_26": "web_search",
    "web_search_preview": "web_search",
    "web_search_preview_2025_03_11": "web_search",
    "file_search": "file_search",
    "code_interpreter": "code_interpreter",
    "image_generation": "image_generation",
    "mcp": "mcp_call",
    "shell": "shell",
    "apply_patch": "apply_patch",
    "computer": "computer",
    "computer_use_preview": "computer",
    "local_shell": "local_shell",
    "tool_search": "tool_search",
}


class Detail(NamedTuple):
    """A detail that a client sees only when it asks: the place, the `include` value, the blank."""

    place: tuple[str, ...]
    include: str
    blank: Any  # what stands there otherwise; `...` when the key is left out


DETAILS: Final[dict[str, Detail]] = {
    "reasoning": Detail(("encrypted_content",), "reasoning.encrypted_content", ...),
    "web_search_call": Detail(("action", "sources"), "web_search_call.action.sources", ...),
    "file_search_call": Detail(("results",), "file_search_call.results", None),
    "code_interpreter_call": Detail(("outputs",), "code_interpreter_call.outputs", None),
}


def trimmed(item: Item, include: Container[str]) -> Item:
    """The item without the details that the request did not ask to include."""
    detail = DETAILS.get(item["type"])
    if detail is None or detail.include in include:
        return item
    *outer, key = detail.place
    if outer:
        return {**item, outer[0]: _without(item[outer[0]], key, detail.blank)}
    return _without(item, key, detail.blank)


def _without(holder: Item, key: str, blank: Any) -> Item:
    rest = {name: value for name, value in holder.items() if name != key or blank is not ...}
    return rest if blank is ... else {**rest, key: blank}


def hosted_items(script: str, new_id: Callable[[str], str]) -> list[Item]:
    """The finished items of a script, with fresh ids; call ids that pair two items stay paired."""
    calls: dict[str, str] = {}
    made: list[Item] = []
    for row in HOSTED[script]:
        item = {"id": new_id(PREFIXES[row["type"]]), **copy.deepcopy(row)}
        if item.get("call_id"):
            item["call_id"] = calls.setdefault(item["call_id"], new_id("call_")[:29])
        made.append(item)
    return made
