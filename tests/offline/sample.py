"""Two exchanges that every recorder's form is made of in these tests: a plain answer, a stream."""

import json

URL = "https://api.example.com/openai/v1/chat/completions"
DAY = "2026-03-01T10:00:00+00:00"
TEXT = "Grüße, 世界 🚀 \u2028 \"'"
ASKED = {"model": "gpt-5.5", "messages": [{"role": "user", "content": "Hi"}]}
ANSWER = {
    "id": "chatcmpl-AbCdEf0123456789AbCdEf0123456",
    "object": "chat.completion",
    "created": 1772359200,
    "model": "gpt-5.5-2026-04-23",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": TEXT, "refusal": None, "annotations": []},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 8,
        "completion_tokens": 9,
        "total_tokens": 17,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    },
    "service_tier": "default",
    "system_fingerprint": "fp_0123456789",
}
BODY = json.dumps(ANSWER, ensure_ascii=False).encode()
REQUEST_BODY = json.dumps(ASKED).encode()


def _chunk(delta, finish=None):
    return {
        "id": ANSWER["id"],
        "object": "chat.completion.chunk",
        "created": ANSWER["created"],
        "model": ANSWER["model"],
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }


CHUNKS = [
    _chunk({"role": "assistant", "content": "", "refusal": None}),
    _chunk({"content": "Grüße, "}),
    _chunk({"content": "世界"}),
    _chunk({}, "stop"),
]
STREAM = (
    "".join(f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n" for chunk in CHUNKS).encode()
    + b"data: [DONE]\n\n"
)
STREAM_ASKED = {**ASKED, "stream": True}
JSON_TYPE = ("Content-Type", "application/json")
STREAM_TYPE = ("Content-Type", "text/event-stream; charset=utf-8")
REQUEST_HEADERS = [("Content-Type", "application/json"), ("Host", "api.example.com")]
