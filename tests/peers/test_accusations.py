"""What servers of others were blamed for without fault, and what may be said of them instead."""

import json
from dataclasses import replace

import pytest

from conformance.judging.area import catalogue
from conformance.judging.code_word import knows
from conformance.judging.finding import Finding, Unsure
from conformance.judging.judge import Outcome
from conformance.running.evidence import curl
from conformance.running.planned import probes
from conformance.running.probe import Impossible, ProbeContext
from conformance.running.profiles import load_profile
from tests.peers.hand_made import EVENTS, HELLO, JSON, MODEL, chunk, completion, said, verdict

ERROR = {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}}


def refused(message, param=None):
    return {"error": {**ERROR["error"], "message": message, "param": param}}


def built(probe, key):
    return probes(catalogue())[probe].build(
        ProbeContext(load_profile("openai"), MODEL, 0, {}, {"main": key})
    )


class TestKeys:
    @pytest.mark.parametrize(
        "key", ["sk-test", "a", "0123456", "ABCDEFGH1", "sk-0123456789abcdef", "x" * 64]
    )
    def test_no_variation_is_the_key_itself(self, key):
        for name in ("longer", "shorter", "swapped-case", "other-end", "prefix-only"):
            try:
                request = built(f"auth.key-{name}", key)
            except Impossible:
                continue
            assert request.header("authorization") not in {f"Bearer {key}", "Bearer "}

    def test_a_key_without_letters_has_no_other_case(self):
        with pytest.raises(Impossible):
            built("auth.key-swapped-case", "0123456789")


class TestCodeWord:
    def verdicts(self, text):
        return [type(word) for word in knows("output", text, "LEMUR-41")]

    @pytest.mark.parametrize(
        "text",
        [
            "Hello! This is an empty sentence without a word",
            "The list is empty, so I will tell you a story about the last word",
            "I do not have feelings, but the answer could be a password.",
            "Sure! The code word is 'apple' and the result is:\nbanana split with a final word",
            "",
            "...",
        ],
    )
    def test_talk_is_no_ignorance(self, text):
        assert self.verdicts(text) == [Unsure]

    @pytest.mark.parametrize(
        "text",
        ["unknown", "Unknown.", "The code word is unknown.", "I don\u2019t know the code word.",
         "Nobody has told me.", "The code word is", "(empty)", "no output"],
    )  # fmt: skip
    def test_who_says_so_was_not_told(self, text):
        assert self.verdicts(text) == [Finding]

    def test_who_knows_knows(self):
        assert self.verdicts("It is LEMUR-41.") == []


class TestBlame:
    """llama.cpp: `text` stood in the message about a custom tool."""

    def test_a_word_of_the_message_is_no_parameter(self):
        body = {"input": "Hi", "text": {"verbosity": "low"}, "tools": [{"type": "custom"}]}
        message = "Unsupported tool type: custom tools need a text grammar"
        x = said("responses_params.accept.codex", body, refused(message), status=400,
                 path="/responses")  # fmt: skip
        assert verdict("responses.param.text.accepted", x).outcome is Outcome.BLOCKED

    @pytest.mark.parametrize("message", ["Unknown parameter: 'text'.", "`text` is not supported"])
    def test_a_quoted_name_is_one(self, message):
        body = {"input": "Hi", "text": {"verbosity": "low"}}
        x = said("responses_params.accept.low", body, refused(message), status=400,
                 path="/responses")  # fmt: skip
        assert verdict("responses.param.text.accepted", x).outcome in {
            Outcome.FAIL,
            Outcome.ADVISORY,
        }

    def test_param_outranks_the_message(self):
        body = HELLO | {"temperature": 0, "logit_bias": {"1": 1}}
        error = refused("logit_bias cannot go with temperature", "logit_bias")
        x = said("chat_params.accept.low", body, error, status=400)
        assert verdict("chat.param.temperature.accepted", x).outcome is Outcome.BLOCKED
        assert verdict("chat.param.logit-bias.accepted", x).outcome is Outcome.ADVISORY

    def test_who_does_not_answer_refuses_nothing(self):
        x = said("chat_params.accept.null", HELLO | {"stop": None}, "", status=0)
        assert verdict("chat.param.null", x).outcome is not Outcome.FAIL


class TestHeaders:
    def test_a_stream_may_follow_what_looks_like_true(self):
        """LitServe takes "true" for true, and streams: to have accepted it is the only fault."""
        x = said("chat_params.refuse.stream-type-2", HELLO | {"stream": "true"}, [chunk()],
                 of_model=False)  # fmt: skip
        assert verdict("http.content-type.json", x).outcome is not Outcome.FAIL

    def test_a_changed_protocol_needs_no_date(self):
        x = said("http.websocket", {}, "", status=101, path="/responses", method="GET",
                 of_model=False)  # fmt: skip
        assert verdict("http.date.present", x).outcome is not Outcome.FAIL

    def test_an_error_event_reports_no_usage(self):
        body = HELLO | {"stream": True, "stream_options": {"include_usage": True}}
        error = {"error": {"message": "boom", "type": "server_error"}}
        x = said("chat_params.accept.high", body, [error], headers=EVENTS)
        data = x.reply.chunks[0].data + b"data: [DONE]\n\n"
        x = replace(x, reply=replace(x.reply, chunks=(x.reply.chunks[0]._replace(data=data),)))
        assert verdict("chat.param.stream-options.usage-on", x).outcome is not Outcome.FAIL


class TestBodies:
    def padded(self, status, answer, **more):
        return said("http.too-large", {"messages": []}, answer, status=status, of_model=False,
                    **more)  # fmt: skip

    def test_what_is_refused_without_padding_is_refused_with_it(self):
        """transformers and LitServe answer 422 to both."""
        bare = said("chat_params.refuse.messages-empty", {"messages": []}, {"detail": "no"},
                    status=422, of_model=False)  # fmt: skip
        name = "http.too-large.status"
        assert verdict(name, self.padded(422, {"detail": "no"}), bare).outcome is Outcome.PASS
        assert verdict(name, self.padded(502, "<html>"), bare).outcome is not Outcome.PASS

    def test_a_reset_of_seventeen_mebibytes_hurts_no_client(self):
        from wire.exchange import Ended

        x = self.padded(0, "", ended=Ended.RESET, error="ReadError")
        assert verdict("http.whole", x).outcome is not Outcome.FAIL

    def test_its_curl_line_sends_the_padding(self):
        line = curl(self.padded(413, ERROR), "http://127.0.0.1:1/v1")
        assert "head -c 17825792 /dev/zero" in line
        assert line.endswith("--data-binary @-")

    def test_a_curl_line_keeps_bytes_that_are_no_text(self):
        x = said("errors.not-utf8", {}, ERROR, status=400)
        x = replace(x, request=replace(x.request, body=b'{"a": "\xff\'"}'))
        assert "--data-binary $'" in curl(x, "http://127.0.0.1:1/v1")
        assert "\\xff" in curl(x, "http://127.0.0.1:1/v1")


class TestErrors:
    """LitServe has no /models: 404 there and 422 at chat are not two ways to refuse one mistake."""

    def ask(self, probe, status, path="/chat/completions", body=ERROR):
        return said(probe, {}, body, status=status, path=path, of_model=False)

    @pytest.mark.parametrize("status", [200, 500])
    def test_what_was_not_refused_has_no_shape_of_a_refusal(self, status):
        chat = self.ask("errors.bad-json", status, body=completion())
        other = self.ask("errors.bad-json-responses", 400, "/responses")
        assert verdict("errors.same-shape", chat, other).outcome is not Outcome.FAIL

    def test_two_refusals_have_one(self):
        chat = self.ask("errors.bad-json", 400)
        other = self.ask("errors.bad-json-responses", 400, "/responses", {"detail": "no"})
        assert verdict("errors.same-shape", chat, other).outcome is Outcome.FAIL


class TestModels:
    """vLLM gives every permission of a model a random id and the time of the request."""

    def listed(self, probe, number, name=MODEL):
        card = {"id": name, "object": "model", "created": 1_790_000_000 + number, "owned_by": "vllm",
                "permission": [{"id": f"modelperm-{number}"}]}  # fmt: skip
        body = card if probe.startswith("models.retrieve") else {"object": "list", "data": [card]}
        path = f"/models/{name}" if probe.startswith("models.retrieve") else "/models"
        return said(probe, {}, body, path=path, method="GET", headers=JSON, of_model=False)

    def test_random_ids_are_no_other_models(self):
        plain, asked = self.listed("models.list", 1), self.listed("models.list-codex", 2)
        assert verdict("models.list.codex-query", plain, asked).outcome is Outcome.PASS
        other = self.listed("models.list-codex", 2, "other")
        assert verdict("models.list.codex-query", plain, other).outcome is Outcome.FAIL

    def test_what_is_made_anew_differs(self):
        first, again = self.listed("models.list", 1), self.listed("models.list-again", 2)
        one = [self.listed(f"models.retrieve{end}", 3) for end in ("", "-last")]
        assert verdict("models.retrieve.equal", first, again, *one).outcome is Outcome.PASS
        same = self.listed("models.list-again", 1)
        assert verdict("models.retrieve.equal", first, same, *one).outcome is Outcome.FAIL


def own(text, status=200, stop="lo,"):
    first = said(
        "chat_params.accept.low", HELLO | {"temperature": 0}, with_text("Hello, hello, world")
    )
    again = said("chat_params.accept.stop-own", HELLO | {"temperature": 0, "stop": [stop]},
                 with_text(text), status=status)  # fmt: skip
    return verdict("chat.param.stop.honoured", first, again).outcome


def with_text(text, finish="stop"):
    answer = completion()
    answer["choices"][0]["message"]["content"] = text
    answer["choices"][0]["finish_reason"] = finish
    return answer


class TestStops:
    """A stop that never comes is never seen to be honoured; one out of the answer itself must come."""

    def test_the_sequence_comes_from_the_answer(self):
        first = said(
            "chat_params.accept.low", HELLO | {"temperature": 0}, with_text("Hello, world")
        )
        context = ProbeContext(
            load_profile("openai"), MODEL, 0, {"chat_params.accept.low": [first]}
        )
        sent = probes(catalogue())["chat_params.accept.stop-own"].build(context)
        assert sent.params["stop"] == ["o, "] or sent.params["stop"][0] in "Hello, world"
        assert sent.params["temperature"] == 0

    def test_an_answer_up_to_it_passes(self):
        assert own("Hel") is Outcome.PASS

    def test_an_answer_with_it_fails(self):
        assert own("Hello, hello, world") is Outcome.FAIL

    def test_another_answer_says_nothing(self):
        assert own("Good day") is Outcome.INCONCLUSIVE

    def test_a_model_that_does_not_count_has_stopped_nowhere(self):
        x = said("chat_params.accept.stop", HELLO | {"stop": "7"}, with_text("Sure, I can count!"))
        assert verdict("chat.param.stop.honoured", x).outcome is not Outcome.PASS


class TestJson:
    def asked(self, text, finish):
        body = HELLO | {"response_format": {"type": "json_object"}}
        x = said("chat_params.accept.json-object", body, with_text(text, finish))
        return verdict("chat.param.response-format.json-object", x).outcome

    def test_a_cut_answer_that_could_be_no_json_is_none(self):
        assert self.asked("Sure, here is", "length") in {Outcome.FAIL, Outcome.ADVISORY}
        assert self.asked("{", "length") is Outcome.INCONCLUSIVE
        assert self.asked('{"a": [1', "length") is Outcome.PASS
        assert self.asked('{"a": 1}', "stop") is Outcome.PASS


class TestLimits:
    """llama.cpp calls every Responses answer completed, however the limit cut it."""

    def cut(self, probe, used):
        body = {
            "object": "response",
            "status": "completed",
            "output": [],
            "usage": {"output_tokens": used},
        }
        return said(probe, {"input": "Hi", "max_output_tokens": 16}, body, path="/responses")

    def test_to_end_at_the_limit_each_time_is_to_be_cut(self):
        both = [self.cut(f"responses.{name}", 16) for name in ("cut", "stream.cut")]
        assert verdict("responses.state.whole", *both).outcome is Outcome.FAIL

    def test_to_end_there_once_may_be_chance(self):
        once = self.cut("responses.cut", 16), self.cut("responses.stream.cut", 11)
        assert verdict("responses.state.whole", *once).outcome is not Outcome.FAIL


class TestTime:
    """SmolLM2 on a busy machine: sixty seconds without an answer, and nothing wrong in the request."""

    def test_who_is_late_has_broken_no_other_rule(self):
        from wire.exchange import Ended

        late = said("chat.echo", HELLO, "", status=0, ended=Ended.TIMEOUT, error="ReadTimeout")
        stream = replace(late, id="s-1", probe="chat.echo-stream")
        odd = replace(late, id="f-1", probe="chat_params.either.functions", model=None)
        assert verdict("chat.response.status", late).outcome is Outcome.BLOCKED
        assert verdict("chat.stream.media-type", stream).outcome is Outcome.BLOCKED
        assert verdict("chat.param.functions.clear", odd).outcome is Outcome.BLOCKED
        assert verdict("chat.offered", late).outcome is not Outcome.FAIL


def test_a_model_that_speaks_has_made_no_call_that_could_be_cut():
    """aimock says its one sentence where a call was asked for."""
    body = HELLO | {"tools": [{"type": "function", "function": {"name": "note"}}]}
    x = said("chat.cut-call", body, with_text("Hello! This is a fixed answer from aimock."))
    assert verdict("chat.tools.cut", x).outcome is Outcome.INCONCLUSIVE


class TestFixedAnswers:
    """aimock and LiteLLM's mock say one sentence to everything; a stream that lost a delta says less."""

    def verdict(self, streamed):
        whole = "Hello! This is a fixed answer."
        plain = [replace(said(f"usage.{name}", {"messages": [{"role": "user", "content": name}]},
                              with_text(whole)), id=name) for name in ("small", "long", "other")]  # fmt: skip
        chunks = [chunk(delta={"role": "assistant", "content": part}) for part in streamed]
        chunks.append(chunk(finish_reason="stop"))
        usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
        chunks.append({**chunk(), "choices": [], "usage": usage})
        body = {"messages": [{"role": "user", "content": "small"}], "stream": True,
                "stream_options": {"include_usage": True}}  # fmt: skip
        stream = said("usage.small-stream", body, chunks)
        return verdict("chat.stream.content", *plain, stream).outcome

    def test_a_lost_delta_shows(self):
        assert self.verdict(["Hello! This", " fixed answer."]) is Outcome.FAIL

    def test_the_same_text_passes(self):
        assert self.verdict(["Hello! This is", " a fixed answer."]) is Outcome.PASS


def test_a_model_may_end_its_turn_at_once():
    """A random model does so now and then."""
    answer = with_text(None)
    answer["usage"] = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
    assert (
        verdict("chat.answer.text", said("chat.echo", HELLO, answer)).outcome
        is Outcome.INCONCLUSIVE
    )
    answer["usage"] = {"prompt_tokens": 3, "completion_tokens": 9, "total_tokens": 12}
    assert verdict("chat.answer.text", said("chat.echo", HELLO, answer)).outcome is Outcome.FAIL


class TestLeaks:
    def found(self, body, status=422):
        return verdict("errors.no-leak", said("chat_params.refuse.x", HELLO, body, status=status))

    def test_a_member_called_error_is_no_answer_of_another_server(self):
        told = {
            "detail": [
                {
                    "type": "json_invalid",
                    "msg": "JSON decode error",
                    "ctx": {"error": "Expecting value"},
                }
            ]
        }
        assert self.found(told).outcome is Outcome.PASS
        assert self.found({**ERROR, "ctx": {"error": {"reason": "bad"}}}).outcome is Outcome.PASS

    @pytest.mark.parametrize(
        "message",
        [
            'Bad response from upstream: {"error": {"message": "no"}}',
            "OpenAIException - {'error': {'message': 'no'}}",
            "bad gateway: <html><body>502</body></html>",
        ],
    )
    def test_anothers_answer_within_a_message_is(self, message):
        assert self.found(refused(message)).outcome is Outcome.FAIL

    @pytest.mark.parametrize(
        "message",
        [
            "To raise the limit contact enterprise@vendor.example.",
            "Unknown model. Write to partners@vendor.example, or mail ops@vendor.example for help.",
            "Your plan has ended; reach us at hello-team@vendor.example",
            "Questions? E-mail: devrel@vendor.example",
            "no such model: chatter@2.1.3",
        ],
    )
    def test_who_may_be_written_to_is_no_account(self, message):
        assert self.found(refused(message)).outcome is Outcome.PASS

    @pytest.mark.parametrize(
        "message",
        [
            "this key belongs to jane.doe@corp.example",
            "user email jane.doe@corp.example is over its limit",
            "[account: team-17@corp.example] contact support@vendor.example",
        ],
    )
    def test_whose_account_is_used_is_nobodys_business(self, message):
        assert self.found(refused(message)).outcome is Outcome.FAIL


class TestMarkers:
    def outcome(self, text):
        asked = "Repeat the text between the markers exactly.\n<<<\nmarker 2: jade 👩\u200d🚀\n>>>"
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        body = {**HELLO, "messages": [{"role": "user", "content": asked}]}
        x = said("auth.marker-chat", body, completion(choices=[choice]))
        return next(r for r in catalogue().rules_for("auth.concurrent")).check(x)

    def test_a_model_that_counts_on_mixed_nobody_up(self):
        assert [type(w) for w in self.outcome("<<<\nmarker 3:  👩\n<<<\nmarker 4")] == [Unsure]

    def test_the_text_of_another_call_did(self):
        assert [type(w) for w in self.outcome("marker 3: umber שלום")] == [Finding]


def test_a_route_that_nobody_with_a_key_was_seen_on_tells_nothing_of_keys():
    """A run that ended early had asked for a model only as a stranger, and the route was not there."""
    path = "/v1/models/m"
    stranger = said(
        "auth.none-model", {}, {"detail": "Not Found"}, path=path, method="GET", status=404
    )
    assert verdict("auth.missing.status", stranger).outcome is not Outcome.FAIL


def test_a_checkers_context_is_no_other_servers_error():
    """Libraries that check types tell of a mistake in a dict of their own, with its error in it."""
    message = "1 validation error:\n  {'type': 'json_invalid', 'loc': 'body.81', 'ctx': {'error': \"Expecting ',' delimiter\"}}"
    x = said("errors.bad-json", {}, refused(message), status=400)
    assert verdict("errors.no-leak", x).outcome is not Outcome.FAIL
    # An error of its own that is framed as an event, whatever the status, is its own all the same.
    framed = f"data: {json.dumps(refused('Error processing stream start'))}\n\ndata: [DONE]\n\n"
    x = said("chat.echo-stream", HELLO, framed, status=500, headers=EVENTS)
    assert verdict("errors.no-leak", x).outcome is not Outcome.FAIL
    foreign = refused("upstream said {'error': {'message': 'no such deployment'}}")
    x = said("errors.bad-json", {}, foreign, status=400)
    assert verdict("errors.no-leak", x).outcome is Outcome.FAIL


def test_what_a_server_says_it_does_not_have_is_not_offered():
    body = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "no"}}]}]}  # fmt: skip
    answer = refused("image input is not supported")
    x = said("chat_params.refuse.image-base64", body, answer, status=501)
    assert verdict("chat.param.images.malformed", x).outcome is Outcome.NOT_OFFERED


def two_choices(tokens):
    cut = {"finish_reason": "length", "logprobs": None}
    said_ = [{"index": n, "message": {"role": "assistant", "content": text, "refusal": None}, **cut}
             for n, text in enumerate(["Once upon", "There was"])]  # fmt: skip
    usage = {"prompt_tokens": 9, "completion_tokens": tokens, "total_tokens": 9 + tokens}
    return completion(choices=said_, usage=usage)


@pytest.mark.parametrize(
    ("tokens", "outcome"), [(40, Outcome.PASS), (38, Outcome.PASS), (20, Outcome.FAIL)]
)
def test_choices_that_the_limit_cut_cost_its_length_each(tokens, outcome):
    """A model that says what it likes is judged all the same, where the limit decides the sum."""
    small = said("chat.small", HELLO, completion())
    many = said("chat.choices", {**HELLO, "n": 2, "max_completion_tokens": 20}, two_choices(tokens))
    stream = said("chat.choices-stream", {**HELLO, "n": 2, "max_completion_tokens": 20}, two_choices(tokens))  # fmt: skip
    found = verdict("chat.answer.usage-of-all", small, many, stream)
    assert found.outcome is outcome, found.reason
