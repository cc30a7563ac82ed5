"""Options that say what is sent beside the prompt, and whose certificate is taken."""

import json

import pytest

from load.measure.outcome import Outcome
from load.options import configuration, typed
from load.session.request_factory import RequestFactory
from load.transport.target import Target, TargetError
from load.workload.refusals import PlanError
from tests.load.streams import (
    CHAT,
    HEAD,
    WHOLE,
    chunked,
    ended,
    plan_with,
    saying,
    serving,
    session,
    sse,
)
from tests.load.test_hosts import certificate, send_requests, tls_server  # noqa: F401 - fixtures


def test_headers_and_parameters_go_with_each_request():
    seen = []

    def answer(connection, request):
        seen.append(request)
        connection.sendall(WHOLE)

    extra = {"ignore_eos": True, "max_tokens": 7, "provider": {"order": ["x"]}}
    with serving(answer) as base_url:
        document, _ = session(
            base_url, "sk-mine", rate=20.0, duration=0.3, header=["X-Tenant: blue-4711-tenant", "authorization: Basic abc"],
            extra_body=json.dumps(extra),
        )  # fmt: skip
    assert ended(document) == {"ok": 6}
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert b"X-Tenant: blue-4711-tenant" in head
    assert b"authorization: Basic abc" in head
    assert b"sk-mine" not in head
    sent = json.loads(body)
    assert {name: sent[name] for name in extra} == extra
    assert "max_completion_tokens" not in sent
    assert "blue-4711-tenant" not in str(document)


def test_parameters_and_hanging_up_may_be_of_one_scenario():
    plan = plan_with(
        scenario="mix", mix="chat-stream=1,responses-stream=1,agent=1", stop_after="chat-stream=5,9",
        extra_body=['{"user": "u", "a": "x=y"}', 'chat-stream={"ignore_eos": true}', 'agent={"user": "v"}'],
    )  # fmt: skip
    assert plan.stop_after == {"chat-stream": 5, "": 9}
    writer = plan.writer()
    bodies = {
        name: json.loads(writer.request(name, 1).body)
        for name in ("chat-stream", "responses-stream")
    }
    assert (bodies["chat-stream"]["user"], bodies["chat-stream"]["ignore_eos"]) == ("u", True)
    assert bodies["responses-stream"]["a"] == "x=y"
    assert "ignore_eos" not in bodies["responses-stream"]
    agent = json.loads(
        RequestFactory(plan_with(scenario="agent", extra_body=['agent={"user": "v"}']))
        .arrival(1)
        .request.body
    )
    assert agent["user"] == "v"


def test_a_line_of_a_file_has_the_last_word_on_its_limit_and_its_usage(tmp_path):
    path = tmp_path / "prompts.jsonl"
    path.write_text(
        '{"prompt": "a", "max_tokens": 7, "output_tokens": 32}\n{"prompt": "b", "stream_options": {"include_usage": false}}\n'
        '{"prompt": "c", "stream_options": {"continuous_usage_stats": true}}\n'
    )
    writer = plan_with(prompts=str(path), extra_body='{"max_completion_tokens": 9}').writer()
    requests = [writer.request("chat-stream", number) for number in range(3)]
    first, second, third = (json.loads(one.body) for one in requests)
    assert first["max_tokens"] == 7
    assert second["max_completion_tokens"] == 9
    writer = plan_with(prompts=str(path)).writer()
    alone = writer.request("chat-stream", 0)
    assert "max_completion_tokens" not in json.loads(alone.body)
    assert alone.most_tokens == 7  # so that an answer that ends there is as asked for
    assert [one.usage_owed for one in requests] == [True, False, True]
    assert third["stream_options"] == {"include_usage": True, "continuous_usage_stats": True}


def test_a_usage_that_nobody_asked_for_is_none_that_is_missing(tmp_path):
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"prompt": "b", "stream_options": {"include_usage": false}}')
    with serving(saying(HEAD + chunked(sse((*CHAT[:4], CHAT[5]))))) as base_url:
        document, _ = session(base_url, prompts=str(path), requests="8", rate=40.0)
    assert ended(document) == {"ok": 8}
    assert document["conformance"] == {}


def test_what_was_typed_is_shown_without_secrets_however_short():
    given = [
        "--host",
        "http://me:pw@localhost:1/v1",
        "--header",
        "X-Key: ab",
        "--header=Cookie: c",
        "--rate",
        "5",
    ]
    shown = typed(given)
    assert (
        shown
        == "locust --host http://localhost:1/v1 --header 'X-Key: [redacted]' '--header=Cookie: [redacted]' --rate 5"
    )
    assert configuration({"header": ["X-Key: ab"], "rate": 5.0})["header"] == ["X-Key: [redacted]"]


@pytest.mark.parametrize("options", [
    {"header": ["no colon"]}, {"header": [": x"]}, {"header": ["Host: x"]}, {"header": ["X-A: a\r\nB: c"]},
    {"extra_body": '{"stream": false}'}, {"extra_body": '{"model": "x"}'}, {"extra_body": '{"messages": []}'}, {"extra_body": "{"}, {"extra_body": "[]"}, {"extra_body": ["chat={"]}, {"extra_body": ["nothing={}"]}, {"extra_body": ["mix={}"]},
])  # fmt: skip
def test_what_no_request_can_carry_is_refused(options):
    with pytest.raises(PlanError, match=r"--header|--extra-body"):
        plan_with(**options)


def test_certificates_may_be_given_or_not_asked_for(tls_server, certificate):  # noqa: F811
    for target in (
        Target(tls_server, insecure=True),
        Target(tls_server, cacert=str(certificate / "cert.pem")),
    ):
        done, _ = send_requests(target, 1)
        assert done[0].outcome is Outcome.OK
    with pytest.raises(TargetError, match=r"--cacert /nowhere\.pem: No such file"):
        Target(tls_server, cacert="/nowhere.pem").address()
