"""The exchange of `sample` in the forms of mock servers and of recorders that keep a part of it."""

import base64
import gzip
import json

import yaml

from tests.offline.forms import b64, har_entry
from tests.offline.sample import REQUEST_HEADERS, URL

PATH = "/openai/v1/chat/completions"
HOST = "api.example.com"


def told(body):
    """A body as recorders that parse JSON keep it."""
    return json.loads(body) if body.startswith(b"{") else body.decode()


def dumped(value):
    return json.dumps(value, ensure_ascii=False).encode()


def wiremock(asked, body, kind):
    return dumped(
        {
            "id": "8c5db8b0", "uuid": "8c5db8b0", "persistent": True,
            "request": {
                "url": PATH, "method": "POST",
                "bodyPatterns": [{"equalToJson": asked.decode(), "ignoreArrayOrder": True, "ignoreExtraElements": True}],
                "headers": {"Content-Type": {"equalTo": "application/json"}, "Host": {"equalTo": HOST}},
            },
            "response": {"status": 200, "headers": {"Content-Type": kind}, "body": body.decode()},
        }
    )  # fmt: skip


def wiremock_yaml(asked, body, kind):
    one = json.loads(wiremock(asked, body, kind))
    one["response"] = {"status": 200, "headers": {"Content-Type": kind}, "base64Body": b64(body)}
    return yaml.dump({"mappings": [one]}, allow_unicode=True).encode()


def wiremock_documents(asked, body, kind):
    """A hand-written stub: what is asked is a pattern, and no body is named."""
    one = {
        "request": {"method": "POST", "urlPathPattern": PATH.replace(".", "\\.")},
        "response": {"status": 200, "headers": {"Content-Type": kind}, "body": body.decode()},
    }
    return ("---\n" + yaml.dump(one, allow_unicode=True)).encode()


def nock(asked, body, kind, raw=list):
    headers = ["Content-Type", kind] if raw is list else {"content-type": kind}
    return dumped(
        [
            {
                "scope": f"https://{HOST}:443", "method": "POST", "path": PATH, "body": json.loads(asked),
                "status": 200, "response": told(body), "rawHeaders": headers,
                "reqheaders": dict(REQUEST_HEADERS), "responseIsBinary": False,
            }
        ]
    )  # fmt: skip


def nock_packed(asked, body, kind):
    (one,) = json.loads(nock(asked, body, kind))
    packed = gzip.compress(body)
    one["response"] = [packed[:11].hex(), packed[11:].hex()]
    one["rawHeaders"] = [["content-type", kind], ["content-encoding", "gzip"]]
    return dumped([one])


def postman(asked, body, kind):
    request = {
        "method": "POST", "header": [{"key": n, "value": v} for n, v in REQUEST_HEADERS],
        "body": {"mode": "raw", "raw": asked.decode()},
        "url": {"raw": URL, "host": ["api", "example", "com"]},
    }  # fmt: skip
    example = {
        "name": "ok", "originalRequest": request, "status": "OK", "code": 200,
        "header": [{"key": "Content-Type", "value": kind}], "body": body.decode(),
    }  # fmt: skip
    return dumped(
        {
            "info": {"name": "x", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
            "item": [{"name": "folder", "item": [{"name": "chat", "request": request, "response": [example]}]}],
        }
    )  # fmt: skip


def langchain(asked, body, kind):
    return gzip.compress(
        yaml.safe_dump(
            {
                "requests": [
                    {"body": asked.decode(), "headers": {n: [v] for n, v in REQUEST_HEADERS}, "method": "POST", "uri": "**REDACTED**"}
                ],
                "responses": [
                    {"body": {"string": body.decode()}, "headers": {"Content-Type": [kind], "Date": "**REDACTED**"}, "status": {"code": 200, "message": "OK"}}
                ],
            },
            allow_unicode=True,
        ).encode()
    )  # fmt: skip


def responses_library(asked, body, kind):
    one = {"method": "POST", "url": URL, "status": 200, "body": body.decode(), "content_type": kind, "auto_calculate_content_length": False, "headers": {"X-Y": "z"}}  # fmt: skip
    return yaml.dump({"responses": [{"response": one}]}, allow_unicode=True).encode()


def azure(asked, body, kind):
    lines = body.decode().splitlines(keepends=True)
    return dumped(
        {
            "Entries": [
                {
                    "RequestUri": URL, "RequestMethod": "POST", "RequestHeaders": dict(REQUEST_HEADERS),
                    "RequestBody": json.loads(asked), "StatusCode": 200, "ResponseHeaders": {"Content-Type": kind},
                    "ResponseBody": told(body) if body.startswith(b"{") else lines,
                }
            ],
            "Variables": {},
        }
    )  # fmt: skip


def httpmock(asked, body, kind):
    one = {
        "when": {"scheme": "https", "host": HOST, "method": "POST", "path": PATH, "header": [{"name": n, "value": v} for n, v in REQUEST_HEADERS], "body": asked.decode()},
        "then": {"status": 200, "header": [{"name": "content-type", "value": kind}], "body": body.decode()},
    }  # fmt: skip
    other = {"when": {"path": "/other", "method": "GET"}, "then": {"status": 404, "header": [{"name": "content-type", "value": "text/plain"}]}}  # fmt: skip
    return (
        yaml.dump(one, allow_unicode=True) + "---\n" + yaml.dump(other, allow_unicode=True)
    ).encode()


def httprr(asked, body, kind, chunked=False):
    head = f"POST {URL} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n\r\n"
    came = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n"
    if chunked:
        half = len(body) // 2
        parts = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (body[:half], body[half:]))
        response = f"{came}Transfer-Encoding: chunked\r\n\r\n".encode() + parts + b"0\r\n\r\n"
    else:
        response = f"{came}Content-Length: {len(body)}\r\n\r\n".encode() + body
    request = head.encode() + asked
    return b"httprr trace v1\n%d %d\n%s%s" % (len(request), len(response), request, response)


def mockserver(asked, body, kind):
    return dumped(
        [
            {
                "httpRequest": {
                    "method": "POST", "path": PATH, "secure": True, "headers": {"Host": [HOST], "Content-Type": ["application/json"]},
                    "body": {"type": "JSON", "json": json.loads(asked)},
                },
                "httpResponse": {"statusCode": 200, "reasonPhrase": "OK", "headers": [{"name": "Content-Type", "values": [kind]}], "body": told(body)},
            }
        ]
    )  # fmt: skip


def hoverfly(asked, body, kind):
    def exact(value, matcher="exact"):
        return [{"matcher": matcher, "value": value}]

    return dumped(
        {
            "data": {
                "pairs": [
                    {
                        "request": {
                            "path": exact(PATH), "method": exact("POST"), "destination": exact(HOST),
                            "scheme": exact("https"), "body": exact(asked.decode(), "json"), "headers": {"Host": exact(HOST)},
                        },
                        "response": {"status": 200, "body": b64(body), "encodedBody": True, "headers": {"Content-Type": [kind]}, "templated": False},
                    }
                ],
                "globalActions": {"delays": []},
            },
            "meta": {"schemaVersion": "v5.2"},
        }
    )  # fmt: skip


def mountebank(asked, body, kind):
    stub = {
        "predicates": [{"deepEquals": {"method": "POST", "path": PATH, "body": json.loads(asked)}}, {"equals": {"headers": {"Host": HOST}}}],
        "responses": [{"is": {"statusCode": 200, "headers": {"Content-Type": kind}, "body": told(body)}}],
    }  # fmt: skip
    return dumped({"imposters": [{"port": 4545, "protocol": "http", "stubs": [stub]}]})


def polly_yaml(asked, body, kind):
    content = {"mimeType": kind, "size": len(body), "text": body.decode()}
    entry = har_entry(asked, body, [("Content-Type", kind)], content, _id="1")
    log = {"_recordingName": "x", "creator": {"name": "Polly.JS"}, "entries": [entry], "version": "1.2"}  # fmt: skip
    return yaml.dump({"log": log}, allow_unicode=True).encode()


def netstring(value):
    if isinstance(value, dict):
        data, kind = b"".join(netstring(k) + netstring(v) for k, v in value.items()), b"}"
    elif isinstance(value, list | tuple):
        data, kind = b"".join(map(netstring, value)), b"]"
    elif value is None:
        data, kind = b"", b"~"
    elif isinstance(value, bool):
        data, kind = str(value).lower().encode(), b"!"
    elif isinstance(value, int | float):
        data, kind = str(value).encode(), b"^" if isinstance(value, float) else b"#"
    elif isinstance(value, str):
        data, kind = value.encode(), b";"
    else:
        data, kind = value, b","
    return b"%d:%s%s" % (len(data), data, kind)


def mitmproxy(asked, body, kind):
    pairs = [(n.encode(), v.encode()) for n, v in REQUEST_HEADERS]
    flow = {
        "version": 21, "type": "http", "error": None, "websocket": None,
        "request": {
            "method": b"POST", "scheme": b"https", "host": HOST, "port": 443, "path": PATH.encode(), "authority": b"",
            "headers": pairs, "content": asked, "timestamp_start": 1772359200.5, "timestamp_end": 1772359200.6,
        },
        "response": {"status_code": 200, "reason": b"OK", "headers": [(b"content-type", kind.encode())], "content": body, "timestamp_start": 1772359201.0},
    }  # fmt: skip
    return netstring({"type": "tcp", "messages": []}) + netstring(flow)


def batch(asked, body, kind):
    one = {"id": "batch_req_1", "custom_id": "a", "response": {"status_code": 200, "request_id": "req_1", "body": told(body)}, "error": None}  # fmt: skip
    failed = {"id": "batch_req_2", "custom_id": "b", "response": None, "error": {"code": "batch_expired", "message": "no"}}  # fmt: skip
    return dumped(one) + b"\n" + dumped(failed) + b"\n"


def curl_head(kind, body):
    return f"HTTP/2 200 \r\ncontent-type: {kind}\r\nx-request-id: req_1\r\n\r\n".encode() + body


def curl_i(asked, body, kind):
    return b"HTTP/1.1 100 Continue\r\n\r\n" + curl_head(kind, body)


def curl_typed(asked, body, kind):
    command = (
        f"$ curl -i {URL} \\\n  -H 'Content-Type: application/json' -H \"Host: {HOST}\" \\\n"
        f"  -H \"Authorization: Bearer $KEY\" \\\n  -d '{asked.decode()}'\n"
    )
    return command.encode() + curl_head(kind, body)


def curl_v(asked, body, kind):
    """Both outputs in one file, with the meter and notes between the pieces of the body."""
    half = body.find(b"\n\n") + 2 if b"\n\n" in body else len(body)
    meter = b"  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n                                 Dload  Upload   Total   Spent    Left  Speed\n\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0"  # fmt: skip
    return (
        b"*   Trying 127.0.0.1:443...\n* Connected to api.example.com (127.0.0.1) port 443 (#0)\n" + meter
        + b"\n} [5 bytes data]\n> POST " + PATH.encode() + b" HTTP/2\r\n> Host: api.example.com\r\n> Content-Type: application/json\r\n"
        b"> Authorization: Bearer sk-xxx\r\n> \r\n} [170 bytes data]\n* We are completely uploaded and fine\n"
        b"< HTTP/2 200 \r\n< content-type: " + kind.encode() + b"\r\n< x-request-id: req_1\r\n< \r\n{ [5 bytes data]\n"
        + body[:half] + (b"{ [5 bytes data]\n" if half < len(body) else b"") + body[half:]
        + b"* Connection #0 to host api.example.com left intact\n"
    )  # fmt: skip


def bare(asked, body, kind):
    return body


# Form -> how it is made, what of the request it keeps: its body, its host.
MOCKS = {
    "mapping.json": (wiremock, True, False),
    "mappings.yaml": (wiremock_yaml, True, False),
    "stub.yml": (wiremock_documents, False, False),
    "nock.json": (nock, True, True),
    "nock-object.json": (lambda *a: nock(*a, raw=dict), True, True),
    "nock-packed.json": (nock_packed, True, True),
    "collection.json": (postman, True, True),
    "langchain.yaml.gz": (langchain, True, False),
    "responses.yaml": (responses_library, False, True),
    "session.json": (azure, True, True),
    "httpmock.yaml": (httpmock, True, True),
    "go.httprr": (httprr, True, True),
    "go-chunked.httprr": (lambda *a: httprr(*a, chunked=True), True, True),
    "mockserver.json": (mockserver, True, True),
    "hoverfly.json": (hoverfly, True, True),
    "mountebank.json": (mountebank, True, False),
    "polly.yaml": (polly_yaml, True, True),
    "day.flows": (mitmproxy, True, True),
    "batch_output.jsonl": (batch, False, False),
    "curl-i.txt": (curl_i, False, False),
    "curl-typed.txt": (curl_typed, True, True),
    "curl-v.txt": (curl_v, False, True),
    "answer.json": (bare, False, False),
}
PLAIN_ONLY = ("batch_output.jsonl",)
assert base64
