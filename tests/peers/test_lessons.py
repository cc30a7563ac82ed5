"""What real servers taught: exchanges as they gave them, cut short, and what may be said of each."""

from dataclasses import replace

import pytest

from conformance.chat.prompts import echo
from conformance.judging.area import catalogue
from conformance.judging.judge import Outcome
from conformance.running.planned import probes
from conformance.running.probe import Impossible, ProbeContext
from conformance.running.profiles import load_profile
from tests.peers.hand_made import (
    ERROR,
    HELLO,
    JSON,
    MODEL,
    NO_MESSAGES,
    RESPONSES,
    chunk,
    completion,
    said,
    verdict,
)  # fmt: skip
from wire.exchange import Attempt, Ended


class TestAnswersWhereARefusalWasDue:
    """llama.cpp answers whatever model is asked for: one deviation, not one of each rule."""

    def test_the_refusal_is_missed_once(self):
        x = said(
            "errors.model-unknown-chat", HELLO | {"model": "none"}, completion(), of_model=False
        )
        assert verdict("models.unlisted.chat", x).outcome is Outcome.FAIL

    def test_rules_about_answers_leave_it_alone(self):
        x = said(
            "errors.model-unknown-chat", HELLO | {"model": "none"}, completion(), of_model=False
        )
        assert verdict("chat.answer.model", x).outcome is Outcome.BLOCKED

    def test_other_answers_are_judged_as_ever(self):
        x = said("chat.echo", HELLO, completion(object="other"))
        assert verdict("chat.response.object", x).outcome is Outcome.FAIL

    def test_a_limit_below_one_limits_nothing(self):
        x = said("chat.echo", HELLO | {"max_completion_tokens": -1}, completion())
        assert verdict("usage.within-limit", x).outcome is Outcome.BLOCKED

    def test_a_stream_is_blamed_only_when_it_differs_from_the_plain_answer(self):
        lax = said("chat_params.refuse.messages-empty", NO_MESSAGES, completion(), of_model=False)
        streamed = [
            said("chat.no-messages-stream", NO_MESSAGES | {"stream": True}, [chunk()]),
            said(
                "chat.unknown-model-stream",
                HELLO | {"stream": True},
                ERROR,
                status=404,
                of_model=False,
            ),
            said("errors.model-unknown-chat", HELLO, ERROR, status=404, of_model=False),
        ]
        strict = said(
            "chat_params.refuse.messages-empty", NO_MESSAGES, ERROR, status=400, of_model=False
        )
        name = "chat.stream.error-before"
        assert verdict(name, lax, *streamed).outcome is Outcome.PASS
        assert verdict(name, strict, *streamed).outcome is Outcome.FAIL


class TestDoors:
    """LiteLLM without a database says 400 to a wrong key: nobody came in."""

    def test_a_refusal_with_another_status_keeps_the_door_shut(self):
        x = said("auth.key-longer", {}, ERROR, status=400, of_model=False)
        assert verdict("auth.exact", x).outcome is Outcome.PASS

    def test_its_status_is_told_once(self):
        x = said("auth.wrong-chat", {}, ERROR, status=400, of_model=False)
        assert verdict("auth.wrong.status", x).outcome is Outcome.FAIL

    def test_a_server_that_fails_at_the_door_lets_nobody_in(self):
        x = said("http.keep-stranger", {}, "Internal Server Error", status=500, path="/models",
                 method="GET", of_model=False)  # fmt: skip
        assert verdict("auth.per-request", x).outcome is Outcome.BLOCKED

    def test_an_open_door_is_found(self):
        x = said("auth.key-longer", {}, completion(), of_model=False)
        assert verdict("auth.exact", x).outcome is Outcome.FAIL


class TestMissingEndpoints:
    def test_no_retrieval_at_all_has_no_code_for_unknown_models(self):
        def get(probe, status):
            return said(
                probe, {}, ERROR, status=status, path="/models/x", method="GET", of_model=False
            )

        known, unknown = get("models.retrieve-last", 404), get("models.retrieve-unknown", 404)
        name = "models.retrieve.unknown-code"
        assert verdict(name, known, unknown).outcome is Outcome.NOT_OFFERED
        assert verdict(name, get("models.retrieve-last", 200), unknown).outcome is Outcome.ADVISORY

    def test_a_stream_that_is_never_answered_is_one_clear_failure(self):
        plain = said("responses.echo", {"input": "Hi"}, {"object": "response"}, path=RESPONSES)
        body = {"input": "Hi", "stream": True}
        broken = said("responses.stream.echo", body, [ERROR], status=500, path=RESPONSES)
        broken = replace(broken, attempts=(Attempt(500, 0.5),) * 2)
        assert verdict("responses.stream.media-type", plain, broken).outcome is Outcome.FAIL

    def test_without_responses_that_is_said_once(self):
        plain = said("responses.echo", {"input": "Hi"}, ERROR, status=404, path=RESPONSES)
        body = {"input": "Hi", "stream": True}
        stream = said("responses.stream.echo", body, ERROR, status=404, path=RESPONSES)
        asked = said("responses.offered", {}, ERROR, status=404, path=RESPONSES, of_model=False)
        assert verdict("responses.offered", plain, stream, asked).outcome is Outcome.ADVISORY
        for name in ("responses.status", "responses.stream.media-type"):
            found = verdict(name, plain, stream)
            assert found.outcome is Outcome.NOT_OFFERED
            assert found.reason == "POST /responses is answered 404"


ITEM = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [],
}


class TestResponses:
    """llama.cpp's lifecycle events show three members of the response, and its items no index."""

    def stream(self):
        bare = {"id": "resp_1", "object": "response", "status": "in_progress"}
        whole = {**bare, "status": "completed", "created_at": 1_790_000_000, "output": [ITEM]}
        return said("responses.stream.echo", {"input": "Hi", "stream": True}, [
            {"type": "response.created", "response": bare},
            {"type": "response.output_item.added", "item": ITEM},
            {"type": "response.output_item.done", "item": ITEM},
            {"type": "response.completed", "response": whole},
        ], path=RESPONSES)  # fmt: skip

    def test_a_missing_field_is_no_change_of_settings(self):
        assert verdict("responses.stream.settings-constant", self.stream()).outcome is Outcome.PASS
        assert verdict("responses.stream.created-state", self.stream()).outcome is Outcome.PASS
        assert verdict("responses.object.created-at", self.stream()).outcome is Outcome.FAIL

    def test_items_without_an_index_are_not_called_missing(self):
        found = verdict("responses.stream.final-items", self.stream())
        assert found.outcome is Outcome.PASS

    def test_an_old_created_at_does_not_hide_an_answer_of_ours(self):
        """LiteLLM's mock gives every response the same day of long ago."""
        body = {"object": "response", "created_at": 1_741_476_542}
        x = said("responses.echo", {"input": "Hi"}, body, path=RESPONSES)
        assert verdict("responses.object.id", x).outcome is Outcome.FAIL
        assert verdict("responses.object.model", x).outcome is Outcome.FAIL


class TestLists:
    def test_for_codex_only_the_models_must_be_the_same(self):
        """llama.cpp gives each model the time of the request."""

        def models(probe, body):
            return said(probe, {}, body, path="/models", method="GET", of_model=False)

        def listing(created):
            return {"object": "list", "data": [{"id": "m", "object": "model", "created": created}]}

        name, plain = "models.list.codex-query", models("models.list", listing(1_790_000_000))
        later = models("models.list-codex", listing(1_790_000_001))
        assert verdict(name, plain, later).outcome is Outcome.PASS
        other = models("models.list-codex", {"models": []})
        assert verdict(name, plain, other).outcome is Outcome.FAIL


class TestOtherReaders:
    def test_a_preflight_has_no_json(self):
        x = said("http.preflight-models", {}, "OK", path="/models", method="OPTIONS",
                 headers=(("content-type", "text/plain"),), of_model=False)  # fmt: skip
        assert verdict("http.content-type.json", x).outcome is not Outcome.FAIL

    def test_a_method_that_http_does_not_have_needs_no_envelope(self):
        x = said(
            "http.method-unknown",
            {},
            "",
            status=400,
            path="/models",
            method="PROPFIND",
            of_model=False,
        )
        assert verdict("errors.envelope", x).outcome is not Outcome.FAIL

    def test_the_list_for_codex_is_not_the_list(self):
        x = said("models.list-codex", {}, {"models": []}, path="/models?client_version=0.169.0",
                 method="GET", of_model=False)  # fmt: skip
        assert verdict("models.list.shape", x).outcome is not Outcome.FAIL


class TestRefusalsOfSomethingElse:
    """LiteLLM repeats values in its messages; llama.cpp has no images for this model."""

    def test_a_repeated_value_blames_nobody(self):
        message = "Invalid tool choice, tool_choice={'type': 'allowed_tools', 'tools': []}"
        body = HELLO | {"tools": [], "tool_choice": {"type": "allowed_tools"}}
        error = {"error": {**ERROR["error"], "message": message}}
        x = said("chat_params.accept.tools-allowed", body, error, status=400)
        assert verdict("chat.param.tool-choice.accepted", x).outcome in {
            Outcome.FAIL,
            Outcome.ADVISORY,
        }
        assert verdict("chat.param.tools.accepted", x).outcome is Outcome.BLOCKED

    def test_what_is_not_supported_cannot_be_malformed(self):
        error = {
            "error": {
                "code": 500,
                "message": "image input is not supported",
                "type": "server_error",
            }
        }
        x = said("chat_params.refuse.image-base64", HELLO, error, status=500, of_model=False)
        assert verdict("chat.param.images.malformed", x).outcome is Outcome.BLOCKED
        others = (
            said("models.list", {}, {"object": "list", "data": []}, path="/models", method="GET",
                 of_model=False),
            said("errors.bad-json", {}, ERROR, status=400, of_model=False),
        )  # fmt: skip
        assert verdict("errors.no-server-error", x, *others).outcome is Outcome.FAIL

    def test_who_names_the_content_named_it(self):
        message = "Expected 'content' to be a string or an array"
        error = {"error": {**ERROR["error"], "message": message}}
        x = said("chat_params.refuse.content-number", HELLO, error, status=400, of_model=False)
        assert verdict("chat.param.refused.names", x).outcome is Outcome.PASS

    def test_a_stream_that_cannot_start_says_nothing_of_its_options(self):
        body = {"input": "Hi", "stream": True, "stream_options": "usage"}
        x = said("responses_params.refuse.stream-options-type-0", body, [ERROR], status=500,
                 path=RESPONSES, of_model=False)  # fmt: skip
        assert verdict("responses.param.stream-options.type", x).outcome is not Outcome.FAIL

    def test_a_slow_answer_accepts_nothing(self):
        """A random model that runs on an oversubscribed machine."""
        x = said("responses_params.refuse.format-type", {"input": "Hi"}, "", status=0, path=RESPONSES,
                 of_model=False, ended=Ended.TIMEOUT, error="ReadTimeout")  # fmt: skip
        assert verdict("responses.param.format.known", x).outcome is Outcome.BLOCKED
        assert verdict("http.whole", x).outcome is Outcome.INCONCLUSIVE

    def test_a_stream_that_stops_midway_is_cut(self):
        x = said("chat.echo-stream", HELLO | {"stream": True}, [chunk()], ended=Ended.TIMEOUT)
        assert verdict("http.whole", x).outcome is Outcome.FAIL

    def test_a_refusal_of_the_caller_is_no_refusal_of_the_request(self):
        x = said(
            "chat_params.refuse.messages-empty", NO_MESSAGES, ERROR, status=429, of_model=False
        )
        assert verdict("chat.param.messages.not-empty", x).outcome is Outcome.BLOCKED

    def test_a_refusal_hides_no_other_parameter(self):
        low = next(p for p in probes(catalogue()).values() if p.name == "chat_params.accept.low")
        message = "openai does not support parameters: ['logprobs']"
        body = HELLO | {"temperature": 0, "logprobs": True, "top_logprobs": 2}
        x = said(low.name, body, {"error": {**ERROR["error"], "message": message}}, status=400)
        once_more = probes(catalogue())[f"{low.name}-again"]
        sent = once_more.build(ProbeContext(load_profile("openai"), MODEL, 0, {low.name: [x]}))
        assert sent.params == {"model": MODEL, **HELLO, "temperature": 0}

    def test_nothing_is_sent_again_after_a_success(self):
        name = "chat_params.accept.low"
        x = said(name, HELLO, completion())
        with pytest.raises(Impossible):
            probes(catalogue())[f"{name}-again"].build(
                ProbeContext(load_profile("openai"), MODEL, 0, {name: [x]})
            )


class TestConnections:
    """llama.cpp closes after a refusal, as HTTP allows; uvicorn closes what is idle for 5 s."""

    def get(self, name, at, **more):
        x = said(f"http.{name}", {}, {"object": "list", "data": []}, path="/models", method="GET",
                 of_model=False, **more)  # fmt: skip
        return replace(x, started_at=1_790_000_000.0 + at)

    def chain(self, gap):
        names = (
            "keep-first",
            "keep-after-success",
            "keep-refused",
            "keep-stranger",
            "keep-after-error",
        )
        return [self.get(name, n * gap, reused=False) for n, name in enumerate(names)]

    def test_closing_is_no_broken_promise(self):
        assert verdict("http.keep-alive", *self.chain(0.1)).outcome is Outcome.ADVISORY

    def test_closing_what_was_idle_says_nothing(self):
        assert verdict("http.keep-alive", *self.chain(6.0)).outcome is Outcome.INCONCLUSIVE

    def test_after_a_large_body_an_unknown_path_is_an_answer(self):
        def after(status):
            return said("http.after-too-large", {}, ERROR, status=status, path="/models/x",
                        method="GET", of_model=False)  # fmt: skip

        assert verdict("http.too-large.after", after(404)).outcome is Outcome.PASS
        assert verdict("http.too-large.after", after(400)).outcome is Outcome.FAIL


def test_a_broken_property_is_no_answer_to_judge():
    """aimock echoes the model 7 that it should have refused."""
    x = said("properties.chat-broken", HELLO | {"model": 7}, completion(model=7))
    assert verdict("chat.response.model", x).outcome is Outcome.BLOCKED


def test_an_upgrade_is_not_answered_by_the_api():
    x = said("http.websocket", {}, "", status=426, path="/responses", method="GET", of_model=False)
    x = replace(x, request=replace(x.request, headers=(("upgrade", "websocket"),)))
    assert verdict("http.request-id.present", x).outcome is not Outcome.FAIL


def test_a_server_that_fails_has_not_forgotten():
    """LiteLLM's mock streams no Responses at all, which is told elsewhere."""
    x = said("responses_params.turn.output", {"stream": True}, [ERROR], status=500, path=RESPONSES)
    found = verdict("responses.conversation.output-kept", x)
    assert found.outcome is Outcome.BLOCKED


def test_no_state_is_said_once():
    message = "llama.cpp does not support 'previous_response_id'."
    error = {"error": {**ERROR["error"], "message": message}}
    body = {"previous_response_id": "resp_1"}
    first, later = (
        said(f"responses_params.turn.{name}", body, error, status=400, path=RESPONSES)
        for name in ("input", "output")
    )
    assert verdict("responses.conversation.input-kept", first).outcome is Outcome.ADVISORY
    assert verdict("responses.conversation.output-kept", later).outcome is Outcome.NOT_OFFERED


def test_a_header_may_tell_too_much():
    headers = (*JSON, ("x-litellm-model-api-base", "http://127.0.0.1:9/v1"))
    x = said("chat.echo", HELLO, completion(), headers=headers)
    assert verdict("http.no-inner-address", x).outcome is Outcome.ADVISORY


def test_a_blocked_requirement_says_what_it_waited_for():
    body = {"input": "Hi", "stream": True}
    found = verdict(
        "responses.stream.created-state",
        said("responses.stream.echo", body, [ERROR], path=RESPONSES),
    )
    assert found.outcome is Outcome.BLOCKED
    start = "responses.stream.echo was answered 200, but not with a stream with response.created"
    assert found.reason.startswith(start)


def of_responses(probe, text, *, stream=False):
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}  # fmt: skip
    whole = {"id": "resp_1", "object": "response", "status": "completed", "output": [item]}
    answer = [{"type": "response.completed", "response": whole}] if stream else whole
    return said(probe, {"input": probe, "stream": stream}, answer, path=RESPONSES)


def test_a_model_that_knows_one_answer_gives_it_as_a_stream():
    names = ("responses.echo", "responses.tools", "responses.client", "usage.responses")
    plain = [of_responses(name, "One fixed answer.") for name in names]
    row = "responses.stream.same-as-plain"
    cut = of_responses("responses.stream.echo", "One answer.", stream=True)
    assert verdict(row, *plain, cut).outcome is Outcome.FAIL
    same = of_responses("responses.stream.echo", "One fixed answer.", stream=True)
    assert verdict(row, *plain, same).outcome is Outcome.PASS
    # Of a model that says this and that nothing is known.
    assert verdict(row, *plain[:2], of_responses(names[2], "Another."), cut).outcome is Outcome.INCONCLUSIVE  # fmt: skip


def chose(*choices, used):
    """An answer with these (text, finish_reason) and so many tokens."""
    listed = [
        {"index": n, "message": {"role": "assistant", "content": text, "refusal": None}, "finish_reason": why}
        for n, (text, why) in enumerate(choices)
    ]  # fmt: skip
    usage = {"prompt_tokens": 9, "completion_tokens": used, "total_tokens": 9 + used}
    return completion(choices=listed, usage=usage)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("1, 2, 3, 4, 5, 6, ", Outcome.PASS),
        ("1\n2\n3\n4\n5\n6\n", Outcome.PASS),
        ("1, 2, 3, 4, 5", Outcome.FAIL),
        ("1, 2, 3, 4, 5, 6, 7, 8", Outcome.FAIL),
        ("One, two", Outcome.INCONCLUSIVE),
    ],
)
def test_a_model_that_counts_with_commas_counts(text, outcome):
    asked = {"messages": [], "stop": "7"}
    x = said("chat_params.accept.stop", asked, chose((text, "stop"), used=19))
    assert verdict("chat.param.stop.cuts-there", x).outcome is outcome


@pytest.mark.parametrize(
    ("used", "outcome"), [(75, Outcome.PASS), (60, Outcome.FAIL), (61, Outcome.FAIL)]
)
@pytest.mark.parametrize("row", ["chat.answer.usage-of-all", "usage.choices-count"])
def test_one_choice_that_the_limit_cut_and_one_that_ended_cost_more_than_the_limit(
    row, used, outcome
):
    area = row.partition(".")[0]
    hello = [{"role": "user", "content": "<<<\nabc\n>>>"}]
    asked = {"messages": hello, "max_completion_tokens": 60}
    two = chose(("a b c " * 30, "length"), ("abc d " * 9, "stop"), used=used)
    xs = [
        said(f"{area}.small", asked, chose(("abc!", "stop"), used=12)),
        said(f"{area}.choices", {**asked, "n": 2}, two),
    ]
    if area == "chat":
        xs.append(said("chat.choices-stream", {**asked, "n": 2}, two))
    assert verdict(row, *xs).outcome is outcome


@pytest.mark.parametrize(
    ("prompt", "outcome"), [(54, Outcome.ADVISORY), (80, Outcome.INCONCLUSIVE)]
)
def test_the_bill_says_that_a_conversation_was_left_aside(prompt, outcome):
    def turn(probe, text, read, wrote):
        part = {"type": "output_text", "text": text, "annotations": []}
        item = {"type": "message", "role": "assistant", "status": "completed", "content": [part]}
        usage = {"input_tokens": read, "output_tokens": wrote, "total_tokens": read + wrote}
        body = {"object": "response", "status": "completed", "output": [item], "usage": usage}
        asked = {"input": "Hi.", "conversation": "conv_1"}
        return said(f"responses_params.conversation.{probe}", asked, body, path=RESPONSES, of_model=False)  # fmt: skip

    def counted(name, read):
        used = {"prompt_tokens": read, "completion_tokens": 4, "total_tokens": read + 4}
        return said(f"usage.{name}", HELLO, completion(usage=used))

    turns = turn("joined", "Hello.", 44, 19), turn("goes-on", "A narwhal.", prompt, 9)
    always = verdict("responses.conversation.remembers", *turns, counted("small", 9), counted("long", 9))  # fmt: skip
    assert always.outcome is Outcome.INCONCLUSIVE
    found = verdict("responses.conversation.remembers", *turns, counted("small", 9), counted("long", 80))  # fmt: skip
    assert found.outcome is outcome
    assert all("at least 63" in f.expected for f in found.findings)


def test_an_unknown_model_that_is_answered_brings_no_refusal_to_mix_up():
    x = said("errors.parallel", {"model": "conformance-no-such-model-01x"}, completion(), of_model=False)  # fmt: skip
    assert verdict("errors.concurrent", x).outcome is Outcome.BLOCKED


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (" victims appro Take fault metabolic\ufffdwheft", Outcome.INCONCLUSIVE),
        ("Zo\ufffd\ufffd says na\ufffd\ufffdve things", Outcome.FAIL),
    ],
)
def test_a_model_that_speaks_at_random_says_parts_of_characters(text, outcome):
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"type": "message", "role": "assistant", "status": "completed", "content": [part]}
    asked = {"input": echo("Zoë says naïve things")}
    x = said("responses.echo", asked, {"object": "response", "status": "completed", "output": [item]}, path=RESPONSES)  # fmt: skip
    assert verdict("responses.echo", x).outcome is outcome


def test_a_model_that_sees_no_images_has_one_row_for_it():
    shown = [
        {
            "role": "user",
            "content": [{"type": "input_image", "image_url": "data:image/png;base64,AA=="}],
        }
    ]
    error = {
        "error": {"code": 500, "message": "image input is not supported", "type": "server_error"}
    }
    x = said(
        "responses_params.accept.images",
        {"input": shown},
        error,
        status=500,
        path=RESPONSES,
        of_model=False,
    )
    assert not verdict("responses.param.valid-accepted", x).findings


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (
            "You said: Repeat the text between the markers exactly.\n<<<\nÉté naïve 世界",
            Outcome.PASS,
        ),
        ("You said: Repeat the text between the markers exactly.", Outcome.FAIL),
        ("[object Object]", Outcome.FAIL),
    ],
)
def test_a_server_that_recites_its_prompt_shows_both_parts(text, outcome):
    x = said("chat_params.accept.parts", HELLO, chose((text, "stop"), used=20))
    assert verdict("chat.param.messages.parts", x).outcome is outcome


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ('Úbílám. 👩‍🚀 שלום "quoted" \u2028 tail, ñandú.\n\nI will make it more concise', Outcome.INCONCLUSIVE),
        ('Été naïve ?? ? ??? ???? "quoted" \u2028 tail, ñandú.', Outcome.FAIL),
        ('t nave    "quoted"  tail, and.', Outcome.FAIL),
        ('Ete naive    "quoted"  tail, nandu.', Outcome.FAIL),
        ('\xc3\x89t\xc3\xa9 "quoted" \u2028 tail, \xc3\xb1and\xc3\xba.', Outcome.FAIL),
    ],
)  # fmt: skip
def test_a_text_that_a_model_changed_in_its_words_is_no_wrong_encoding(text, outcome):
    x = said("chat_params.accept.parts", HELLO, chose((text, "stop"), used=20))
    assert verdict("chat.param.messages.unicode", x).outcome is outcome


@pytest.mark.parametrize(("why", "outcome"), [("stop", Outcome.PASS), ("length", Outcome.FAIL)])
def test_a_model_that_does_not_count_is_stopped_in_its_own_words(why, outcome):
    spoken = said("chat_params.accept.low", HELLO, chose(("It is a fine day, and we go", "length"), used=16))  # fmt: skip
    own = said("chat_params.accept.stop-own", {**HELLO, "stop": ["and"]}, chose(("It is a fine day, ", why), used=6))  # fmt: skip
    other = said("chat_params.accept.stop", {**HELLO, "stop": "7"}, chose(("One, two", "stop"), used=6))  # fmt: skip
    assert verdict("chat.param.stop.finish", spoken, own, other).outcome is outcome
    assert verdict("chat.param.stop.cuts-there", spoken, own, other).outcome is Outcome.PASS
