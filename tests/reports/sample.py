"""Run documents for tests: one of full size with failures of every kind, and small ones."""

import json
from copy import deepcopy

MODELS = ("gpt-5.5", "gpt-5.4")
HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "]]>&amp;\x00\x1b[31m\u202etxet\ud800 `|` ```\n<!-- {{ 7*7 }} {% raw %}"
)

AREAS = {
    "models": 20, "chat": 204, "responses": 240, "auth": 18, "tiers": 16, "billing": 46,
    "errors": 34, "http": 38,
}  # fmt: skip
SENTENCES = (
    "choices[].logprobs is there, and null when it was not asked for",
    "temperature 2 is accepted by models that support sampling",
    "A request without a model is refused with 400 and the error envelope names the parameter",
    "Every added output item gets exactly one output_item.done before response.completed",
    "usage.total_tokens equals the sum of prompt_tokens and completion_tokens",
    "The name of a header is matched whatever its case",
    "tool_choice with a named function makes the model call that function and no other one",
)
SOURCES = (
    "OpenAPI 2.3.0, CreateChatCompletion",
    "openai-python 3.54.0 types",
    "RFC 9112 §7.1",
    "captures",
)


def chat_stream(
    model, text="The quick brown fox jumps over the lazy dog", usage_last=True, gap=19.0
):
    """Frames of a chat stream; without `usage_last` its usage stands on every chunk instead."""
    base = {
        "id": "chatcmpl-C9f2a",
        "object": "chat.completion.chunk",
        "created": 1787000000,
        "model": model,
    }
    words, at, frames = text.split(" "), 132.4, []
    usage = {"prompt_tokens": 14, "completion_tokens": len(words), "total_tokens": 14 + len(words)}

    def add(delta, finish=None, **more):
        nonlocal at
        chunk = base | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]} | more
        frames.append([round(at, 1), f"data: {json.dumps(chunk)}\n\n"])
        at += gap

    add({"role": "assistant", "content": ""})
    for n, word in enumerate(words):
        add({"content": word if n == 0 else f" {word}"}, **({} if usage_last else {"usage": usage}))
    add({}, "stop")
    if usage_last:
        frames.append(
            [round(at, 1), f"data: {json.dumps(base | {'choices': [], 'usage': usage})}\n\n"]
        )
    frames.append([round(at + 1.2, 1), "data: [DONE]\n\n"])
    return frames


def exchange(
    model, path="/v1/chat/completions", status=200, body="", frames=(), request=None, **more
):
    request = request or {
        "model": model,
        "stream": bool(frames),
        "messages": [{"role": "user", "content": "Say: The quick brown fox"}],
    }
    text = json.dumps(request)
    kind = "text/event-stream; charset=utf-8" if frames else "application/json"
    return {
        "probe": "chat.stream.plain" if frames else "chat.plain",
        "model": model,
        "request": {
            "method": "POST",
            "path": path,
            "headers": [["authorization", "Bearer sk-…redacted"], ["content-type", "application/json"], ["accept", "*/*"]],
            "body_text": text,
        },
        "response": {
            "status": status,
            "headers": [["content-type", kind], ["x-request-id", "req_71c0"], ["server", "nginx/1.27"], ["date", "Sun, 22 Nov 2026 11:04:09 GMT"]],
            "body_text": body or "".join(text for _, text in frames),
        },
        "frames": [list(frame) for frame in frames],
        "connection": {"ended": "complete", "reused": True, "error": "", "total_ms": frames[-1][0] if frames else 412.0},
        "curl": f"curl -sN https://staging.example.com{path} \\\n  -H \"Authorization: Bearer $CONFORMANCE_API_KEY\" \\\n  -H 'Content-Type: application/json' \\\n  -d '{text}'",
        "truncated": False,
    } | more  # fmt: skip


def finding(where, expected, found, exchange="", event=None):
    return {"where": where, "message": f"expected {expected}, found {found}", "expected": expected,
            "found": found, "exchange": exchange, "event": event}  # fmt: skip


def result(
    requirement,
    outcome="pass",
    level="MUST",
    model="gpt-5.5",
    findings=(),
    clients=(),
    reason="",
    text="",
    source="",
):
    ids = list(dict.fromkeys(f["exchange"] for f in findings if f["exchange"]))
    return {
        "requirement": requirement, "level": level, "outcome": outcome, "area": requirement.split(".")[0],
        "model": model, "probe": "chat.plain" if findings else "", "findings": list(findings),
        "text": text or SENTENCES[sum(map(ord, requirement)) % len(SENTENCES)],
        "source": source or SOURCES[len(requirement) % len(SOURCES)], "reason": reason,
        "exchanges": ids, "clients": list(clients),
    }  # fmt: skip


def cause(sentence, exchange, *requirements, level="MUST", clients=()):
    return {
        "id": f"kind:{requirements[0]}", "kind": "kind", "sentence": sentence, "level": level,
        "requirements": list(requirements), "exchange": exchange, "clients": list(clients),
    }  # fmt: skip


EMPTY = {
    "schema_version": 1,
    "suite": {"name": "openai-gateway-conformance", "version": "0.1.0"},
    "target": {
        "base_url": "https://staging.example.com/v1", "profile": "codex", "models": list(MODELS),
        "keys": {"CONFORMANCE_API_KEY": True, "CONFORMANCE_OTHER_TIER_KEY": True, "CONFORMANCE_NO_CREDIT_KEY": True, "CONFORMANCE_REVOKED_KEY": False},
    },
    "started_at": "2026-11-22T11:04:07+00:00", "duration_s": 94.2, "interrupted": False, "could_not_run": None,
    "cost": {"requests": 611, "billable_requests": 214, "prompt_tokens": 9120, "completion_tokens": 7410, "usd": 0.1184, "estimate_usd": 0.15, "limit_usd": 1.0},
    "results": [], "exchanges": {}, "clients": [], "stale": [], "known": [], "baseline": None, "causes": [], "speed": None, "command": "", "seed": None,
}  # fmt: skip


def document(*results, **more):
    """A small document around some results."""
    return deepcopy(EMPTY) | {"results": list(results)} | more


def full(failing=9, advised=22):
    """About 1,200 results on two models with up to 300 exchanges, and every outcome."""
    made = document()
    exchanges = made["exchanges"]
    rows = []
    for area, size in AREAS.items():
        for n in range(size):
            level = "SHOULD" if n % 3 == 2 else "MUST"
            models = ("",) if area in ("auth", "http") else MODELS
            rows += [result(f"{area}.rule-{n:03d}", level=level, model=model) for model in models]
    for n, row in enumerate(rows):
        if n % 41 == 7:
            row.update(outcome="not-claimed", reason="the profile does not claim logprobs")
        elif n % 67 == 11:
            row.update(outcome="inconclusive", reason="the model did not call the tool in 2 tries")
        elif row["area"] == "tiers" and n % 2:
            row.update(outcome="blocked", reason="needs CONFORMANCE_REVOKED_KEY")
        elif row["area"] == "billing" and n % 5 == 0:
            row.update(outcome="blocked", reason="the budget of --max-cost was spent")
        elif n % 211 == 19:
            row.update(outcome="error", reason="KeyError: 'choices' in the rule itself")
    made["results"] = rows + _failures(exchanges, failing, advised)
    for n in range(max(0, 280 - len(exchanges))):
        exchanges[f"e{n + 500}"] = exchange(MODELS[n % 2], frames=chat_stream(MODELS[n % 2]))
    made["clients"] = [
        {"name": "Codex CLI", "version": "0.169.0", "ready": False, "because": ["responses.stream.completed-last", "responses.stream.item-done"]},
        {"name": "Cline", "version": "3.0.65", "ready": False, "because": ["chat.stream.usage-last"]},
        {"name": "Continue CLI", "version": "1.5.47", "ready": True, "because": []},
        {"name": "Roo Code", "version": "3.52.1", "ready": True, "because": []},
        {"name": "openai-python", "version": "3.54.0", "ready": None, "because": ["tiers.rule-005"]},
    ]  # fmt: skip
    made["causes"] = [
        cause("Streams of POST /v1/chat/completions carry usage on every chunk", "u0", "chat.stream.usage-last", "chat.stream.first-chunk-role", clients=["Cline"]),
        cause("total_tokens is wrong in answers of POST /v1/chat/completions: expected 35, found 34", "p0", "chat.completion.total-tokens", "auth.scheme-basic"),
        cause("Streams of POST /v1/responses end without response.completed", "i0", "responses.stream.completed-last", "responses.stream.item-done", clients=["Codex CLI"]),
        cause("Deltas arrive in one burst", "b0", "chat.stream.burst", level="SHOULD"),
    ]  # fmt: skip
    made["speed"] = {"ttft_ms": 412.0, "ttft_ms_range": [130.2, 980.4], "tokens_per_s": 61.5, "tokens_per_s_range": [48.0, 70.1], "streams": 23, "rated_streams": 19}  # fmt: skip
    made["command"] = "pytest --base-url https://staging.example.com/v1 --model gpt-5.5"
    made["seed"] = 0
    made["known"] = [
        {
            "requirement": "models.created-integer",
            "reason": "accepted by the operator until the next release",
        }
    ]
    made["stale"] = [{"requirement": "http.rule-003", "reason": "chunked bodies were refused"}]
    return made


def _failures(exchanges, failing, advised):
    rows = []
    for n, model in enumerate(MODELS):
        usage, plain, burst, html, item = (f"{kind}{n}" for kind in "upbhi")
        exchanges[usage] = exchange(model, frames=chat_stream(model, usage_last=False))
        exchanges[plain] = exchange(model, body=json.dumps(_completion(model)))
        exchanges[burst] = exchange(model, frames=chat_stream(model, text="word " * 240, gap=0.02))
        exchanges[html] = exchange(
            model, status=502, body=f"<!doctype html><h1>502 Bad Gateway</h1>{HOSTILE}"
        )
        exchanges[item] = exchange(model, path="/v1/responses", frames=_responses(model))
        exchanges[item]["connection"] |= {
            "ended": "cut",
            "error": "peer closed connection without sending complete message body",
        }
        rows += [
            result("chat.stream.usage-last", "fail", model=model, clients=["Cline"],
                   text="With stream_options.include_usage the usage stands alone in the last chunk before [DONE], whose choices are empty",
                   source="OpenAPI 2.3.0, ChatCompletionStreamOptions.include_usage; captures of the real API",
                   findings=[finding(f"chunk {k}, usage", "null or no usage before the last chunk", '{"prompt_tokens": 14, "completion_tokens": 9, "total_tokens": 23}', usage, k) for k in range(1, 10)]
                   + [finding("chunk 10, choices", "[]", '[{"index": 0, "delta": {}, "finish_reason": "stop"}]', usage, 10)]),
            result("chat.completion.total-tokens", "fail", model=model,
                   text="usage.total_tokens is the sum of prompt_tokens and completion_tokens",
                   findings=[finding("body, usage.total_tokens", "35", "34", plain)]),
            result("responses.stream.completed-last", "fail", model=model, clients=["Codex CLI"],
                   text="A stream ends with response.completed, response.incomplete or response.failed",
                   findings=[finding("event 5", "response.completed", "the end of the stream", item, 5)]),
            result("chat.stream.first-chunk-role", "fail", model=model,
                   text="The first chunk of each choice carries delta.role",
                   findings=[finding("chunk 0, choices[0].delta", '{"role": "assistant", …}', '{"content": ""}', usage, 0)]),
            result("errors.envelope.json", "fail", model=model, text="An error answer is JSON with an error object, never HTML",
                   findings=[finding("body", "a JSON object with error", f"<!doctype html>{HOSTILE}", html)]),
        ]  # fmt: skip
    rows.append(result("responses.stream.item-done", "fail", model="gpt-5.5", clients=["Codex CLI"],
                       text="Every added output item gets exactly one output_item.done",
                       findings=[finding("event 1, item.id", "response.output_item.done for msg_1", "none", "i0", 1)]))  # fmt: skip
    rows.append(result("responses.stream.item-done", model="gpt-5.4"))
    rows.append(result("auth.scheme-basic", "fail", model="", text="A valid key in another scheme than Bearer is refused with 401",
                       findings=[finding("status", "401", "200", "p0")]))  # fmt: skip
    for n in range(failing - 7):
        rows.append(
            result(
                f"chat.extra-{n:03d}",
                "fail",
                findings=[finding("status", "400", "200", f"p{n % 2}")],
            )
        )
    for n in range(advised):
        name, frames = f"a{n}", chat_stream(MODELS[0], gap=n + 1)
        exchanges[name] = exchange(MODELS[0], frames=frames)
        rows.append(result(f"chat.advice-{n:02d}", "advisory", "SHOULD",
                           findings=[finding(f"chunk {n % 8}, id", "an id that starts with chatcmpl-", '"C9f2a"', name, n % 8)]))  # fmt: skip
    exchanges_b = finding(
        "whole stream", "events that arrive as they are made", "240 events within 5 ms", "b0"
    )
    rows.append(result("chat.stream.burst", "advisory", "SHOULD", findings=[exchanges_b],
                       text="Deltas arrive while the model writes, not in one burst at the end"))  # fmt: skip
    return rows


def _completion(model):
    return {
        "id": "chatcmpl-C9f2b", "object": "chat.completion", "created": 1787000000, "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "The quick brown fox jumps over the lazy dog", "refusal": None, "annotations": []}, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 14, "completion_tokens": 21, "total_tokens": 34, "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0}},
        "service_tier": "default", "system_fingerprint": None,
    }  # fmt: skip


def _responses(model):
    item = {
        "id": "msg_1",
        "type": "message",
        "status": "in_progress",
        "role": "assistant",
        "content": [],
    }
    rows = [
        ("response.created", {"response": {"id": "resp_1", "object": "response", "status": "in_progress", "model": model, "output": []}}),
        ("response.output_item.added", {"output_index": 0, "item": item}),
        ("response.output_text.delta", {"item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": "The quick"}),
        ("response.output_text.delta", {"item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": " brown fox"}),
        ("response.output_text.done", {"item_id": "msg_1", "output_index": 0, "content_index": 0, "text": "The quick brown fox"}),
        ("response.content_part.done", {"item_id": "msg_1", "output_index": 0, "part": {"type": "output_text", "text": "The quick brown fox", "annotations": []}}),
    ]  # fmt: skip
    return [
        [
            88.0 + 41 * n,
            f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': n} | body)}\n\n",
        ]
        for n, (kind, body) in enumerate(rows)
    ]
