"""Faults of what refusals show of the server's inside."""

import copy
from typing import Any

from gateway.faults.machinery.error_edits import of_body
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.selection import CHAT_STREAM, RESPONSES_STREAM
from gateway.faults.machinery.transform import Change, alter, on_error, on_frames, on_status, put

_LEAKS = {
    "trace": 'Traceback (most recent call last):\n  File "/srv/app/proxy.py", line 42, in handle',
    "trace-node": "TypeError\n    at handler (/app/dist/server.js:14:22)",
    "trace-go": "goroutine 17 [running]: main.serve",
    "file-path": "cannot open /var/lib/gateway/keys.db",
    "upstream-url": "POST http://10.0.0.7:8000/v1 failed",
    "vendor-url": "POST https://api.anthropic.com/v1/messages failed",
    "inner-host": "dial tcp 10.42.3.9:5432: refused",
    "database": "sqlite3.OperationalError",
    "exception": "KeyError in the handler",
    "framework": "litellm.BadRequestError",
    "nested-error": 'upstream said {"error":{"message":"quota","type":"x"}}',
    "nested-python": "Error code: 429 - {'error': {'message': 'quota'}}",
    "nested-html": "bad gateway: <html><head><title>502</title></head></html>",
    "upstream-status": "bad response status code 401",
    "router-group": "No available channel for model gpt-5.5 under group default (distributor)",
    "router-channel": "channel #17 is disabled",
    "router-chinese": "当前分组 default 下无可用渠道",
    "account": "account someone@example.com is over its limit",
    "account-bracketed": "rate limit reached [account: team-17@corp.example.com]",
    "docker-address": "dial tcp 172.18.0.5:3000: connect: connection refused",
    "host-name": "dial pool-3.workers.internal failed",
    "upstream-key": "upstream sk-live-AbCdEf0123456789AbCdEf0123456789 refused",
}
# A key is replaced where traffic enters; its mark tells of it.
_LEAK_ROWS = {"upstream-key": "auth.key-hidden"}


def _with(leak: str) -> Change:
    return lambda text: f"{text} {leak}"


_IN_STREAMS = ("nested-error", "router-group", "account", "host-name", "trace", "upstream-status")


def _failing(change: Change) -> Change:
    """A failure that a stream tells: as an event of its own, or in the response that failed."""

    def made(given: Any) -> Any:
        payload = copy.deepcopy(given)
        response = payload.get("response")
        for holder in (
            payload,
            payload.get("error"),
            response.get("error") if isinstance(response, dict) else None,
        ):
            if isinstance(holder, dict) and isinstance(holder.get("message"), str):
                holder["message"] = change(holder["message"])
        return payload

    return made


FAULTS = (
    *(
        Fault(f"errors.leak-{name}-in-{path}", (), f"A failure in a stream shows the server's inside ({path}).", Family.LEAK,
            when, reply=on_frames(_failing(_with(_LEAKS[name]))))
        for name in _IN_STREAMS for path, when in (("chat", CHAT_STREAM), ("responses", RESPONSES_STREAM))
    ),
    *(
        Fault(f"errors.leak-{name}", (_LEAK_ROWS.get(name, "errors.no-leak"),),
            "A refusal of a bad request shows the server's inside.",
            Family.LEAK, reply=on_status(400, on_error(alter("error.message", _with(leak)))))
        for name, leak in _LEAKS.items()
    ),
    of_body("leak-debug", "errors.no-leak", "Refusals carry a member debug with a trace.", Family.LEAK,
        put("error.debug", 'File "/srv/app/main.py", line 7, in ask')),
)  # fmt: skip
