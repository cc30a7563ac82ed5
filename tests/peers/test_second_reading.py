"""What the recommendations and the passes of real servers taught, when they were read, too."""

from dataclasses import replace

import pytest

from conformance.clients.readers.reading import read
from conformance.judging.judge import Outcome
from conformance.judging.route import routes
from tests.peers.hand_made import ERROR, HELLO, RESPONSES, chunk, completion, said, verdict
from wire.exchange import Attempt

MAIN = (("content-type", "application/json"), ("authorization", "Bearer [redacted:main]"))
NOWHERE = {"detail": "Not Found"}
BLIND = {"error": {"message": "smol is not a multimodal model", "type": "BadRequestError"}}
PARTS = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}
KEPT = "responses_params.stored."


def kept(x):
    """With the right key."""
    return replace(x, request=replace(x.request, headers=MAIN))


def later(name, path, answer, *, status=404, method="GET"):
    return kept(said(name, {}, answer, status=status, method=method, path=path, of_model=False))


def pathless(answer=NOWHERE):
    return kept(said("errors.path-unknown", {}, answer, status=404, path="/no", of_model=False))


class TestWhatWasAnsweredBefore:
    """vLLM and transformers serve no input items: each row about them failed by itself."""

    ITEMS = f"{RESPONSES}/resp_1/input_items"

    def test_a_path_that_nobody_serves_is_not_offered(self):
        x = later(f"{KEPT}list", self.ITEMS, NOWHERE)
        assert verdict("responses.stored.list-input", x, pathless()).outcome is Outcome.NOT_OFFERED

    def test_a_refusal_of_its_own_is_judged(self):
        x = later(f"{KEPT}list", self.ITEMS, {"detail": "no such response"})
        assert (
            verdict("responses.stored.list-input", x, pathless()).outcome is not Outcome.NOT_OFFERED
        )

    def test_that_nothing_can_be_read_again_is_told_once(self):
        x = later(f"{KEPT}read", f"{RESPONSES}/resp_1", NOWHERE)
        assert verdict("responses.stored.readable", x, pathless()).outcome is Outcome.ADVISORY

    @pytest.mark.parametrize("name", ["responses.stored.off", "chat.param.store.off"])
    def test_what_is_never_kept_shows_nothing_of_what_must_not_be(self, name):
        chat = name.startswith("chat")
        path = "/chat/completions/chatcmpl-1" if chat else f"{RESPONSES}/resp_1"
        names = ("chat_params.kept.high", "chat_params.kept.low") if chat else (f"{KEPT}unstored-stream", f"{KEPT}read")  # fmt: skip
        xs = [replace(later(n, path, ERROR), model="tiny" if chat else None) for n in names]
        assert verdict(name, *xs).outcome is Outcome.NOT_OFFERED


class TestImages:
    """A text model says that it takes no images: no deviation, and no refusal of what was wrong in one."""

    def images(self, answer, status=400):
        name = "chat_params.either.images"
        return kept(said(name, PARTS, answer, status=status, of_model=False))

    def test_they_are_not_offered(self):
        found = verdict("chat.param.images.accepted", self.images(BLIND))
        assert found.outcome is Outcome.NOT_OFFERED

    def test_another_refusal_is_told(self):
        found = verdict("chat.param.images.accepted", self.images(ERROR))
        assert found.outcome is Outcome.ADVISORY

    def test_a_bad_image_is_not_refused_for_what_is_wrong_in_it(self):
        bad = kept(said("chat_params.refuse.image-base64", PARTS, BLIND, status=400, of_model=False))  # fmt: skip
        found = verdict("chat.param.images.malformed", bad, self.images(BLIND))
        assert found.outcome is Outcome.NOT_OFFERED


class TestReaders:
    def test_a_client_that_complains_of_a_cut_answer_is_right(self):
        body = {"messages": [{"role": "user", "content": "Call the tool note"}], "stream": True}
        events = [
            chunk(delta={"role": "assistant", "content": "What"}),
            chunk(finish_reason="length"),
        ]
        x = said("chat_params.accept.tools-one-stream", body, events)
        assert verdict("chat.reader.cline", x).outcome is not Outcome.ADVISORY

    def test_an_end_by_the_limit_that_was_none_is_held_against_the_server(self):
        body = {"messages": [{"role": "user", "content": "Call the tool note"}], "stream": True}
        call = {"index": 0, "id": "call_1", "type": "function",
                "function": {"name": "note", "arguments": '{"a": 1}'}}  # fmt: skip
        delta = {"role": "assistant", "tool_calls": [call]}
        x = said("chat_params.accept.tools-one-stream", body, [chunk(delta=delta), chunk(finish_reason="length")])  # fmt: skip
        assert verdict("chat.reader.cline", x).outcome is Outcome.ADVISORY

    def test_what_it_stumbles_over_is_told_in_words(self):
        told = read(lambda _: {}["output"], said("chat.echo", HELLO, completion())).complaint
        assert told == "an error, because output is missing, which it reads"


class TestKeys:
    """LiteLLM fails without a key, and says 400 to a wrong one: a key is asked for all the same."""

    def listed(self, probe, answer, status, *, right=False):
        x = said(probe, {}, answer, status=status, path="/models", method="GET", of_model=False)
        return kept(x) if right else x

    def test_who_is_sent_away_with_whatever_status_was_asked(self):
        models = {"object": "list", "data": []}
        right = self.listed("models.list", models, 200, right=True)
        none = self.listed("auth.none-models", "Internal Server Error", 500)
        none = replace(none, attempts=(Attempt(500, 0.5),))
        wrong = self.listed("auth.wrong-models", ERROR, 400)
        assert routes([right, none, wrong]).no_key is None
        assert verdict("auth.missing.status", right, none, wrong).outcome is Outcome.FAIL
        open_ = self.listed("auth.none-models", models, 200)
        assert routes([right, open_]).no_key is not None


class TestRefusals:
    def test_a_place_in_the_body_names_the_parameter(self):
        error = {"error": {"message": "no", "type": "t", "param": "body.n", "code": None}}
        x = said(
            "chat_params.refuse.n-type-2", HELLO | {"n": 1.5}, error, status=400, of_model=False
        )
        assert verdict("chat.param.refused.names", x).outcome is Outcome.PASS

    def test_a_checker_of_types_names_the_parameter_in_its_place(self):
        """LitServe refused an effort, and the row of efforts passed: nobody was blamed."""
        detail = {
            "type": "literal_error",
            "loc": ["body", "reasoning_effort"],
            "msg": "Input should be",
        }
        body = HELLO | {"reasoning_effort": "none", "max_completion_tokens": 16}
        x = said("chat_params.accept.effort-low", body, {"detail": [detail]}, status=422)
        assert verdict("chat.param.reasoning-effort.accepted", x).outcome is Outcome.ADVISORY
        assert verdict("chat.param.valid-accepted", x).outcome is Outcome.PASS

    @pytest.mark.parametrize("name", ["errors.path-unknown", "errors.type.invalid-request"])
    def test_without_an_error_object_nothing_is_kept(self, name):
        assert verdict(name, pathless()).outcome is Outcome.BLOCKED

    def test_a_turn_that_is_not_known_is_no_count_that_is_refused(self):
        error = {"error": {"message": "does not support 'previous_response_id'.", "type": "t"}}
        body = {"input": "Hi", "previous_response_id": "resp_1"}
        path = f"{RESPONSES}/input_tokens"
        x = said("responses_params.count.turn", body, error, status=400, path=path, of_model=False)
        assert verdict("responses.input-tokens.answered", x).outcome is Outcome.NOT_OFFERED

    def test_a_try_on_a_connection_that_was_closed_is_no_passing_trouble(self):
        x = kept(said("chat.echo", HELLO, ERROR, status=500))
        listed = TestKeys().listed("models.list", {"object": "list", "data": []}, 200, right=True)
        hurt = replace(x, attempts=(Attempt(0, 0.0), Attempt(500, 1.0)))
        assert verdict("errors.served", listed, hurt).outcome is Outcome.PASS


class TestCounts:
    def test_a_choice_that_did_not_come_was_not_cut(self):
        choice = {
            "index": 0,
            "finish_reason": "length",
            "message": {"role": "assistant", "content": "a b"},
        }
        usage = {"prompt_tokens": 3, "completion_tokens": 60, "total_tokens": 63}
        body = HELLO | {"n": 2, "max_completion_tokens": 60}
        x = said("chat.choices", body, completion(choices=[choice], usage=usage))
        assert verdict("usage.cut-at-limit", x).outcome is Outcome.PASS
        short = said("chat.choices", body, completion(choices=[choice], usage=usage | {"completion_tokens": 30}))  # fmt: skip
        assert verdict("usage.cut-at-limit", short).outcome is Outcome.ADVISORY

    @pytest.mark.parametrize("name", ["usage.same-prompt", "usage.same-answer"])
    def test_tokens_that_are_never_counted_are_not_counted_alike(self, name):
        usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        body = HELLO | {"max_completion_tokens": 20}
        plain = said("usage.small", body, completion(usage=usage))
        events = [chunk(delta={"role": "assistant", "content": "Hi"}), chunk(finish_reason="stop"),
                  {**chunk(), "choices": [], "usage": usage}]  # fmt: skip
        stream = said("usage.small-stream", body | {"stream": True}, events)
        assert verdict(name, plain, stream).outcome is Outcome.INCONCLUSIVE

    @pytest.mark.parametrize("name", ["usage.cached-subset", "usage.reasoning-subset"])
    def test_counts_that_are_not_told_keep_no_rule(self, name):
        x = said("chat.echo", HELLO, completion())
        assert verdict(name, x).outcome is Outcome.BLOCKED

    def test_a_server_that_never_pads_leaves_nothing_out(self):
        body = HELLO | {"stream": True, "stream_options": {"include_obfuscation": False}}
        off = said(
            "chat.obfuscation-off",
            body,
            [chunk(delta={"content": "Hi"}), chunk(finish_reason="stop")],
        )
        assert verdict("chat.stream.obfuscation-off", off).outcome is Outcome.NOT_OFFERED
        padded = said(
            "chat.echo-stream", HELLO | {"stream": True}, [chunk() | {"obfuscation": "xy"}]
        )
        assert verdict("chat.stream.obfuscation-off", off, padded).outcome is Outcome.PASS


class TestToolChoice:
    """vLLM spoke where a call was required, until the limit cut it: that was a pass."""

    def test_an_answer_that_was_cut_before_a_call_shows_nothing(self):
        tools = [{"type": "function", "name": "ping"}]
        body = {"input": "Hi", "tools": tools, "tool_choice": "required", "max_output_tokens": 60}
        part = {"type": "output_text", "text": "Sounds alright", "annotations": []}
        item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}  # fmt: skip
        answer = {"id": "resp_1", "object": "response", "status": "incomplete", "output": [item],
                  "incomplete_details": {"reason": "max_output_tokens"}}  # fmt: skip
        name = "responses_params.accept.tools-required"
        cut = said(name, body, answer, path=RESPONSES)
        whole = said(name, body, answer | {"status": "completed"}, path=RESPONSES)
        row = "responses.param.tool-choice.required"
        assert verdict(row, cut).outcome is Outcome.INCONCLUSIVE
        assert verdict(row, whole).outcome is Outcome.FAIL

    def test_the_same_of_chat(self):
        tools = [{"type": "function", "function": {"name": "ping"}}]
        body = HELLO | {"tools": tools, "tool_choice": "required"}
        choice = {"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": "So"}}  # fmt: skip
        x = said("chat_params.accept.tools-required", body, completion(choices=[choice]))
        assert verdict("chat.param.tool-choice.required", x).outcome is Outcome.INCONCLUSIVE
