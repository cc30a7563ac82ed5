"""The same exchange in the form of each recorder."""

import base64
import gzip
import json
import zlib

import brotli
import yaml
import zstandard

from tests.offline.sample import DAY, REQUEST_HEADERS, URL

CODINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def lists(headers):
    table = {}
    for name, value in headers:
        table.setdefault(name, []).append(value)
    return table


def b64(data):
    return base64.b64encode(data).decode()


def har_entry(asked, body, headers, content, **more):
    pairs = [{"name": n, "value": v} for n, v in headers]
    return {
        "startedDateTime": DAY,
        "time": 812.5,
        "request": {
            "method": "POST",
            "url": URL,
            "httpVersion": "HTTP/2.0",
            "headers": [
                {"name": ":authority", "value": "api.example.com"},
                *({"name": n, "value": v} for n, v in REQUEST_HEADERS),
            ],
            "queryString": [],
            "cookies": [],
            "postData": {"mimeType": "application/json", "text": asked.decode()},
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "headers": pairs,
            "cookies": [],
            "content": content,
            "redirectURL": "",
        },
        "cache": {},
        "timings": {"send": 0, "wait": 800, "receive": 12},
        **more,
    }


def har(entries, **head):
    log = {
        "version": "1.2",
        "creator": {"name": "x", "version": "1"},
        "pages": [{"id": "p"}],
        **head,
    }
    return json.dumps({"log": {**log, "entries": entries}}, ensure_ascii=False).encode()


def chrome(asked, body, headers):
    content = {"size": len(body), "mimeType": headers[0][1], "text": body.decode()}
    return har([har_entry(asked, body, headers, content, _resourceType="fetch")])


def chrome_base64(asked, body, headers):
    content = {
        "size": len(body),
        "mimeType": headers[0][1],
        "text": b64(body),
        "encoding": "base64",
    }
    return har([har_entry(asked, body, headers, content)])


def chrome_said_gzip(asked, body, headers):
    """Decoded text under a header that still names the coding, as browsers export it."""
    headers = [*headers, ("content-encoding", "br")]
    return chrome(asked, body, headers)


def firefox(asked, body, headers):
    content = {"mimeType": headers[0][1], "size": len(body), "text": body.decode()}
    document = json.loads(har([har_entry(asked, body, headers, content)]))
    return json.dumps(document, indent=2).encode()


def mitmproxy(asked, body, headers):
    packed = CODINGS["zstd"](body)
    content = {
        "size": len(packed),
        "mimeType": headers[0][1],
        "text": b64(packed),
        "encoding": "base64",
    }
    entry = har_entry(asked, body, [*headers, ("Content-Encoding", "zstd")], content)
    entry["request"]["postData"]["params"] = []
    return har([entry])


def polly(asked, body, headers):
    """Compressed bodies as a JSON list of hex pieces."""
    packed = CODINGS["gzip"](body)
    pieces = json.dumps([packed[:20].hex(), packed[20:].hex()])
    content = {"mimeType": headers[0][1], "size": len(pieces), "text": pieces, "_isBinary": True}
    entry = har_entry(
        asked, body, [*headers, ("content-encoding", "gzip")], content, _id="1", _order=0
    )
    return har([entry], _recordingName="says hello")


def polly_base64(asked, body, headers):
    packed = CODINGS["gzip"](body)
    pieces = json.dumps([b64(packed[:30]), b64(packed[30:])])
    content = {"mimeType": headers[0][1], "size": len(pieces), "text": pieces, "encoding": "base64"}
    entry = har_entry(asked, body, [*headers, ("content-encoding", "gzip")], content)
    return har([entry])


def vcrpy(asked, body, headers):
    return yaml.dump(
        {
            "interactions": [
                {
                    "request": {"body": asked.decode(), "headers": lists(REQUEST_HEADERS), "method": "POST", "uri": URL},
                    "response": {
                        "body": {"string": body.decode()},
                        "headers": lists(headers),
                        "status": {"code": 200, "message": "OK"},
                    },
                }
            ],
            "version": 1,
        }
    ).encode()  # fmt: skip


def vcrpy_binary(coding):
    def form(asked, body, headers):
        document = yaml.safe_load(vcrpy(asked, body, headers))
        response = document["interactions"][0]["response"]
        response["headers"]["Content-Encoding"] = [coding]
        response["body"]["string"] = CODINGS[coding](body)
        return yaml.dump(document).encode()

    return form


def vcrpy_json(asked, body, headers):
    return json.dumps(yaml.safe_load(vcrpy(asked, body, headers)), indent=4).encode()


def vcrpy_base64(asked, body, headers):
    document = yaml.safe_load(vcrpy(asked, body, headers))
    document["interactions"][0]["response"]["body"] = {"base64_string": b64(body)}
    return json.dumps(document).encode()


def vcrpy_httpx(asked, body, headers):
    document = yaml.safe_load(vcrpy(asked, body, headers))
    document["interactions"][0]["response"] = {
        "content": body.decode(),
        "headers": lists(headers),
        "http_version": "HTTP/1.1",
        "status_code": 200,
    }
    return yaml.dump(document).encode()


def vcrpy_tags(asked, body, headers):
    """Keys and texts under tags of Python objects, as old aiohttp cassettes have them."""
    name, value = headers[0]
    return (
        "interactions:\n- request:\n    method: POST\n"
        f"    uri: {URL}\n    body: !!python/unicode {json.dumps(asked.decode())}\n"
        "    headers:\n      ? !!python/object/apply:multidict._multidict.istr\n      - Host\n"
        "      : - api.example.com\n"
        f"  response:\n    body:\n      string: !!binary |\n        {b64(body)}\n"
        f"    headers:\n      ? !!python/object/apply:multidict._multidict.istr\n      - {name}\n      : - {value}\n"
        "    status:\n      code: 200\n      message: OK\nversion: 1\n"
    ).encode()


def vcrpy_parsed(asked, body, headers):
    """A serializer that writes JSON bodies as YAML."""
    document = yaml.safe_load(vcrpy(asked, body, headers))
    (one,) = document["interactions"]
    del one["request"]["body"]
    one["request"]["parsed_body"] = json.loads(asked)
    if body.startswith(b"{"):
        del one["response"]["body"]
        one["response"]["parsed_body"] = json.loads(body)
    return yaml.dump(document).encode()


def ruby(asked, body, headers):
    return yaml.dump(
        {
            "http_interactions": [
                {
                    "request": {
                        "method": "post",
                        "uri": URL,
                        "body": {"encoding": "UTF-8", "string": asked.decode()},
                        "headers": lists(REQUEST_HEADERS),
                    },
                    "response": {
                        "status": {"code": 200, "message": "OK"},
                        "headers": lists(headers),
                        "body": {"encoding": "ASCII-8BIT", "base64_string": b64(body)},
                    },
                    "recorded_at": "Sun, 01 Mar 2026 10:00:00 GMT",
                }
            ],
            "recorded_with": "VCR 6.3.1",
        }
    ).encode()


def betamax(asked, body, headers):
    document = yaml.safe_load(ruby(asked, body, headers))
    document["http_interactions"][0]["recorded_at"] = "2026-03-01T10:00:00"
    return json.dumps(document).encode()


def r_vcr(asked, body, headers):
    document = yaml.safe_load(ruby(asked, body, headers))
    (one,) = document["http_interactions"]
    one["request"]["body"] = {"string": asked.decode()}
    one["response"]["status"] = 200
    one["response"]["body"] = {"string": body.decode()}
    one["response"]["headers"] = dict(headers)
    one["recorded_at"] = "2026-03-01 10:00:00"
    return yaml.dump(document).encode()


def go_vcr_1(asked, body, headers):
    return yaml.dump(
        {
            "version": 1,
            "interactions": [
                {
                    "request": {"body": asked.decode(), "form": {}, "headers": lists(REQUEST_HEADERS), "url": URL, "method": "POST"},
                    "response": {
                        "body": body.decode(),
                        "headers": lists(headers),
                        "status": "200 OK",
                        "code": 200,
                        "duration": "812ms",
                    },
                }
            ],
        }
    ).encode()  # fmt: skip


def go_vcr_4(asked, body, headers):
    document = yaml.safe_load(go_vcr_1(asked, body, headers))
    document["version"] = 2
    (one,) = document["interactions"]
    one["id"] = 0
    one["request"] |= {
        "proto": "HTTP/1.1",
        "proto_major": 1,
        "content_length": len(asked),
        "host": "",
        "transfer_encoding": [],
    }
    one["response"] |= {
        "proto": "HTTP/2.0",
        "content_length": -1,
        "uncompressed": True,
        "duration": "812.5ms",
    }
    return ("---\n" + yaml.dump(document, default_style="")).encode()


def test_agent(asked, body, headers):
    """One interaction a file, as JSON."""
    return json.dumps(
        {
            "request": {
                "method": "POST",
                "url": URL,
                "headers": dict(REQUEST_HEADERS),
                "body": asked.decode(),
            },
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {
                    **dict(headers),
                    "Content-Encoding": "gzip",
                    "Date": "Sun, 01 Mar 2026 10:00:00 GMT",
                },
                "body": body.decode(),
            },
        },
        indent=2,
    ).encode()


def exvcr(asked, body, headers):
    return json.dumps(
        [
            {
                "request": {"options": [], "body": "", "url": URL, "headers": dict(REQUEST_HEADERS), "method": "post", "request_body": asked.decode()},
                "response": {"binary": False, "type": "ok", "body": body.decode(), "headers": dict(headers), "status_code": 200},
            }
        ]
    ).encode()  # fmt: skip


def req_cassette(asked, body, headers):
    plain = body.startswith(b"{")
    return json.dumps(
        {
            "version": "1.0",
            "interactions": [
                {
                    "request": {
                        "method": "POST", "uri": URL, "query_string": "", "headers": lists(REQUEST_HEADERS),
                        "body_type": "json", "body_json": json.loads(asked),
                    },
                    "response": {
                        "status": 200,
                        "headers": lists(headers),
                        **({"body_type": "json", "body_json": json.loads(body)} if plain else {"body_type": "blob", "body_blob": b64(body)}),
                    },
                    "recorded_at": DAY,
                }
            ],
        }
    ).encode()  # fmt: skip


def php_vcr(asked, body, headers):
    return yaml.dump(
        [
            {
                "request": {"method": "POST", "url": URL, "headers": dict(REQUEST_HEADERS), "body": asked.decode()},
                "response": {"status": {"http_version": "1.1", "code": "200", "message": "OK"}, "headers": dict(headers), "body": body.decode()},
                "index": 0,
            }
        ]
    ).encode()  # fmt: skip


FORMS = {
    "chrome.har": chrome,
    "chrome-base64.har": chrome_base64,
    "chrome-coded.har": chrome_said_gzip,
    "firefox.har": firefox,
    "mitmproxy.har": mitmproxy,
    "polly.har": polly,
    "polly-base64.har": polly_base64,
    "vcrpy.yaml": vcrpy,
    "vcrpy-gzip.yaml": vcrpy_binary("gzip"),
    "vcrpy-deflate.yaml": vcrpy_binary("deflate"),
    "vcrpy-br.yaml": vcrpy_binary("br"),
    "vcrpy-zstd.yaml": vcrpy_binary("zstd"),
    "vcrpy.json": vcrpy_json,
    "vcrpy-base64.json": vcrpy_base64,
    "vcrpy-httpx.yaml": vcrpy_httpx,
    "vcrpy-tags.yaml": vcrpy_tags,
    "vcrpy-parsed.yaml": vcrpy_parsed,
    "ruby.yml": ruby,
    "betamax.json": betamax,
    "r.yml": r_vcr,
    "go-1.yaml": go_vcr_1,
    "go-4.yaml": go_vcr_4,
    "agent.json": test_agent,
    "exvcr.json": exvcr,
    "req.json": req_cassette,
    "php.yml": php_vcr,
}
TIMELESS = ("vcrpy", "go-", "exvcr", "php")
"""Recorders that write no time: there the answer's own counts."""
