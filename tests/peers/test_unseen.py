"""Passes of real servers that were read against their transcripts, and were not seen: a row each."""

import json
from dataclasses import replace

from conformance.chat.prompts import echo, user
from conformance.chat_params.roles import TEXT as PARTS_TEXT
from conformance.chat_params.stop import OWN
from conformance.judging.judge import Outcome
from conformance.judging.structured_output import SCHEMA
from conformance.running.probe import ProbeContext
from conformance.running.profiles import load_profile
from tests.peers.hand_made import ERROR, HELLO, MODEL, chunk, completion, said, verdict

SHORT = "Count on me, one two."
ECHO = {"model": MODEL, "messages": user(echo(SHORT)), "max_completion_tokens": 20}
TOOL = {"type": "function", "function": {"name": "note"}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "r", "strict": True, "schema": SCHEMA}}
NO_PARSER = {"error": {"message": '"auto" tool choice requires a parser', "code": 400}}


def answered(text, finish="stop", **body):
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": finish,
    }
    return completion(choices=[choice], **body)


class TestAModelThatSaysSomethingElse:
    """vLLM with SmolLM2: what was not repeated tells nothing of how it was passed on."""

    def test_a_cut_answer_of_other_words_is_not_the_exact_text(self):
        x = said("chat.echo", ECHO, answered("Dear me, what a", "length"))
        assert verdict("chat.answer.exact-text", x).outcome is Outcome.INCONCLUSIVE
        x = said("chat.echo", ECHO, answered("Count on me,", "length"))
        assert verdict("chat.answer.exact-text", x).outcome is not Outcome.FAIL

    def test_how_another_text_ends_is_not_how_the_asked_one_does(self):
        x = said("chat.echo", ECHO, answered("Dear me."))
        assert verdict("chat.answer.finish-stop", x).outcome is Outcome.BLOCKED
        x = said("chat.echo", ECHO, answered(SHORT))
        assert verdict("chat.answer.finish-stop", x).outcome is Outcome.PASS
        x = said("chat.echo", ECHO, answered(SHORT, "tool_calls"))
        assert verdict("chat.answer.finish-stop", x).outcome is Outcome.FAIL


class TestRefusedForSomethingElse:
    """vLLM without a parser of tools refuses each request with tools, whatever is wrong in it."""

    def _bad(self, error):
        body = HELLO | {"tools": [{"type": "function", "function": {"name": "a b"}}]}
        return said("chat_params.refuse.function-space", body, error, status=400, of_model=False)

    def _right(self, error, status=400):
        return said(
            "chat_params.accept.tools-auto", HELLO | {"tools": [TOOL]}, error, status=status
        )

    def _none(self):
        body = HELLO | {"tools": [TOOL], "tool_choice": "none"}
        return said("chat_params.accept.tools-none", body, completion())

    def test_the_words_that_a_right_request_gets_refuse_nothing(self):
        row = "chat.param.tools.name-pattern"
        result = verdict(row, self._bad(NO_PARSER), self._right(NO_PARSER), self._none())
        assert result.outcome is Outcome.BLOCKED
        assert "right requests with tools" in result.reason

    def test_other_words_do(self):
        told = {"error": {"message": "tools[0].function.name is no name", "code": None}}
        row = "chat.param.tools.name-pattern"
        assert (
            verdict(row, self._bad(told), self._right(NO_PARSER), self._none()).outcome
            is Outcome.PASS
        )

    def test_a_limit_in_both_is_nothing_in_common(self):
        """A model without ears refuses sound and pictures alike, and rightly."""
        bad = said(
            "chat_params.refuse.part-audio", HELLO | {"max_completion_tokens": 16}, ERROR,
            status=400, of_model=False,
        )  # fmt: skip
        served = said("chat.echo", ECHO, completion())
        right = said(
            "chat_params.accept.low", HELLO | {"max_completion_tokens": 20}, ERROR, status=400
        )
        assert verdict("chat.param.parts.unsupported", bad, right, served).outcome is Outcome.PASS

    def test_a_parameter_that_stood_beside_what_was_refused_is_blocked(self):
        body = HELLO | {"tools": [TOOL], "parallel_tool_calls": False}
        x = said("chat_params.accept.tools-named", body, NO_PARSER, status=400)
        assert verdict("chat.param.parallel-tool-calls.accepted", x).outcome is Outcome.BLOCKED


class TestJsonThatTheLimitCut:
    """A model at length: the beginning shows whether it is held to a format."""

    def _of(self, text):
        x = said(
            "chat_params.accept.json-schema", HELLO | {"response_format": FORMAT},
            answered(text, "length"),
        )  # fmt: skip
        return verdict("chat.param.response-format.json-schema", x).outcome

    def test_a_member_of_the_schema_is_enough(self):
        assert self._of('{"unit": "kelvin", "values": [{"at": 3') is Outcome.PASS

    def test_another_member_a_brace_alone_and_prose_are_not(self):
        assert self._of('{"temperature": "hot') is Outcome.INCONCLUSIVE
        assert self._of("{") is Outcome.INCONCLUSIVE
        assert self._of("Boiling water is") in {Outcome.FAIL, Outcome.ADVISORY}


def test_a_cut_response_has_neither_the_text_nor_the_calls():
    def response(text):
        part = {"type": "output_text", "text": text, "annotations": []}
        item = {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "incomplete",
            "content": [part],
        }
        return {
            "id": "resp_1", "object": "response", "created_at": 1_800_000_000, "model": MODEL, "status": "incomplete",
            "incomplete_details": {"reason": "max_output_tokens"}, "output": [item],
        }  # fmt: skip

    asked = {"model": MODEL, "input": echo(SHORT), "max_output_tokens": 140}
    x = said("responses.echo", asked, response("Dear me"), path="/responses")
    assert verdict("responses.echo", x).outcome is Outcome.INCONCLUSIVE
    call = "Call the tool note with arguments " + json.dumps({"text": "a"})
    x = said(
        "responses.tools",
        {"model": MODEL, "input": call, "tools": []},
        response("Dear me"),
        path="/responses",
    )
    assert verdict("responses.arguments-asked", x).outcome is Outcome.INCONCLUSIVE


class TestServersThatReciteTheRequest:
    """The echo model of llm, llmock: what they say is what they were sent, not what was asked."""

    TOLD = '{\n  "prompt": %s,\n  "stream": %s\n}'

    def test_a_dump_of_both_parts_shows_both(self):
        text = "Repeat the text between the markers\n<<<\n" + PARTS_TEXT
        body = {"messages": [{"role": "user", "content": [{"type": "text", "text": text}]}]}
        x = said(
            "chat_params.accept.parts", body, answered(self.TOLD % (json.dumps(text), "false"))
        )
        assert verdict("chat.param.messages.parts", x).outcome is Outcome.PASS
        x = said("chat_params.accept.parts", body, answered("Repeat the text between the markers"))
        assert verdict("chat.param.messages.parts", x).outcome is Outcome.FAIL

    def test_a_conversation_that_is_recited_is_not_answered_wrongly(self):
        recital = "I saw 'Choose a code word and tell me. The code word is PLUM-61. Choose another"
        for text, outcome in ((recital, Outcome.INCONCLUSIVE), ("PLUM-61", Outcome.FAIL)):
            x = said("chat_params.accept.role-history", HELLO, answered(text))
            assert verdict("chat.param.messages.history", x).outcome is outcome

    def test_a_text_that_says_how_it_was_asked_is_another_in_a_stream(self):
        def spoken(text):
            first = chunk(delta={"role": "assistant", "content": text})
            usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
            return [first, chunk(finish_reason="stop"), {**chunk(), "choices": [], "usage": usage}]

        for plain, stream, outcome in (
            (self.TOLD % ('"Hi"', "false"), self.TOLD % ('"Hi"', "true"), Outcome.INCONCLUSIVE),
            ("It is nine o'clock.", "It is o'clock.", Outcome.FAIL),
        ):
            twice = [
                replace(said("usage.small", HELLO, answered(plain)), id=f"small-{n}")
                for n in range(2)
            ]
            x = said("usage.small-stream", HELLO | {"stream": True}, spoken(stream))
            assert verdict("chat.stream.content", *twice, x).outcome is outcome


def test_an_item_that_the_limit_cut_is_incomplete_whatever_the_last_event_is_called():
    """vLLM ends a cut stream with response.completed, status incomplete, and an item that is completed."""
    for status, outcome in (("completed", Outcome.ADVISORY), ("incomplete", Outcome.PASS)):
        item = {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": status,
            "content": [],
        }
        ended = {"id": "resp_1", "object": "response", "status": "incomplete", "output": [item],
                 "incomplete_details": {"reason": "max_output_tokens"}}  # fmt: skip
        begun = {"id": "resp_1", "object": "response", "status": "in_progress", "output": []}
        events = [
            {"type": "response.created", "sequence_number": 0, "response": begun},
            {"type": "response.completed", "sequence_number": 1, "response": ended},
        ]
        x = said("responses.stream.cut", {"input": "Hi", "stream": True}, events, path="/responses")
        assert verdict("responses.stream.incomplete-item", x).outcome is outcome


class TestStopWhereAParameterIsRefused:
    """transformers, vLLM and LiteLLM refuse one parameter of the compound request that was to be stopped."""

    BEFORE = answered("Hello! This is a fixed answer, long enough to be cut.")

    def _earlier(self):
        return {
            "chat_params.accept.low": [said("chat_params.accept.low", HELLO, ERROR, status=400)],
            "chat.echo": [said("chat.echo", ECHO, self.BEFORE)],
        }

    def test_another_earlier_answer_is_stopped(self):
        request = OWN.build(ProbeContext(load_profile("openai"), MODEL, 0, self._earlier()))
        assert request.params["messages"] == ECHO["messages"]
        assert request.params["stop"][0] in "Hello! This is a fixed answer, long enough to be cut."

    def test_and_the_text_says_whether_it_was(self):
        earlier = [x for group in self._earlier().values() for x in group]
        body = ECHO | {"stop": ["fix"]}
        for text, outcome in ((None, Outcome.FAIL), ("Hello! This is a", Outcome.PASS)):
            answer = self.BEFORE if text is None else answered(text)
            x = said("chat_params.accept.stop-own", body, answer)
            assert verdict("chat.param.stop.honoured", *earlier, x).outcome is outcome
