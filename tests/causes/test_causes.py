"""One mend, one cause: servers broken in known ways, and what their runs come to."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from conformance.causes.cause import SHOWN, causes
from conformance.running.document import result_row, run_document
from conformance.running.speed import speed
from tests import direct
from wire.exchange import Chunk, Connection, Ended, Exchange, Reply, Request

PARAMETERS = ("temperature", "top_p", "n", "seed", "stop", "user", "metadata")


def exchange(name, status=200, body=None, path="/v1/chat/completions", ended=Ended.COMPLETE, **params):  # fmt: skip
    sent = json.dumps({"model": "m", **params}).encode()
    text = (body if isinstance(body, str) else json.dumps(body or {})).encode()
    kind = "text/event-stream" if text.startswith(b"data:") else "application/json"
    method = "GET" if "models" in path else "POST"
    return Exchange(
        name,
        Request(method, path, (("authorization", "Bearer [redacted:main]"),), b"" if method == "GET" else sent),
        Reply(status, (("content-type", kind),), (Chunk(10.0, text),), 9.0),
        Connection(ended, total_ms=12.0),
        model="m",
    )  # fmt: skip


def finding(x, where="status", expected="400, because of it", found=None, event=None):
    found = found if found is not None else f"{x.reply.status} {x.reply.text[:40]}"
    return {"where": where, "message": "", "expected": expected, "found": found, "exchange": x.id, "event": event}  # fmt: skip


def row(requirement, *findings, level="MUST", clients=()):
    outcome = "fail" if level == "MUST" else "advisory"
    return {
        "requirement": requirement, "level": level, "outcome": outcome, "area": requirement.split(".")[0],
        "model": "m", "probe": "", "text": f"The sentence of {requirement}.", "source": "", "reason": "",
        "findings": list(findings), "exchanges": [f["exchange"] for f in findings], "clients": list(clients),
    }  # fmt: skip


def accepted():
    """A server that refuses nothing."""
    xs = [exchange(f"a{name}", body={"id": "x", "choices": []}) for name in PARAMETERS]
    return [row(f"chat.param.{n}.bounds", finding(x)) for n, x in zip(PARAMETERS, xs, strict=True)], xs  # fmt: skip


def absent():
    """A server without /v1/models."""
    xs = [exchange(f"m{n}", 404, {"detail": "Not Found"}, path="/v1/models") for n in range(3)]
    expected = ("200", "401", "200 or 401")
    return [row(f"models.list.{n}", finding(x, expected=e)) for n, (x, e) in enumerate(zip(xs, expected, strict=True))], xs  # fmt: skip


def crashing():
    """One exception behind good and bad requests."""
    xs = [
        exchange(f"c{n}", 500, {"error": {"message": f"'NoneType' object has no attribute 'x{n}'"}})
        for n in range(3)
    ]
    return [
        row("chat.tools.accepted", finding(xs[0], expected="200 for tools")),
        row("chat.tools.type-known", finding(xs[1])),
        row("errors.no-server-error", *(finding(x, expected="no server error") for x in xs)),
    ], xs


def lacking():
    """Every event lacks output_index."""
    xs = [exchange(f"e{n}", body='data: {"type": "response.x", "delta": "a"}\n\n', path="/v1/responses") for n in range(2)]  # fmt: skip
    return [
        row(f"responses.event.{n}", *(finding(x, "event 0, output_index", "integer", "missing (and in 3 more events)", 0) for x in xs))
        for n in range(3)
    ], xs  # fmt: skip


def silent():
    """The connection is reset."""
    xs = [exchange("s0", 0, "", ended=Ended.RESET), exchange("s1", 0, "", ended=Ended.RESET)]
    return [row(f"http.{n}", finding(x, found="reset: ReadError")) for n, x in enumerate(xs)], xs


SERVERS = {
    "accepted": (accepted, "What must be refused is accepted by POST /v1/chat/completions: 7 bad requests"),
    "route": (absent, "GET /v1/models is not served: every request was answered 404"),
    "crash": (crashing, 'Requests fail with 500, e.g. "\'NoneType\' object has no attribute \'x0\'"'),
    "member": (lacking, "output_index is missing in events of streams of POST /v1/responses"),
    "connection": (silent, "2 requests were answered with a reset of the connection"),
}  # fmt: skip


@pytest.mark.parametrize("kind", SERVERS)
def test_one_mend_is_one_cause_and_called_by_its_name(kind):
    make, sentence = SERVERS[kind]
    rows, xs = make()
    (cause,) = causes(rows, xs)
    assert cause["sentence"].startswith(sentence)
    assert cause["kind"] == kind
    assert sorted(cause["requirements"]) == sorted(r["requirement"] for r in rows)
    assert cause["exchange"] in {x.id for x in xs}


def test_a_server_that_is_broken_in_five_ways_has_five_causes():
    made = [make() for make, _ in SERVERS.values()]
    rows = [row for rows, _ in made for row in rows]
    found = causes(rows, [x for _, xs in made for x in xs])
    assert Counter(cause["kind"] for cause in found) == Counter(list(SERVERS))
    listed = [name for cause in found for name in cause["requirements"]]
    assert sorted(listed) == sorted({row["requirement"] for row in rows})


def test_what_has_nothing_in_common_stays_apart():
    xs = [exchange(f"x{n}", body={"id": 1, "created": "x"}) for n in range(3)]
    rows = [
        row("chat.id", finding(xs[0], "id", "string", "integer 1")),
        row("chat.created", finding(xs[1], "created", "integer", 'string "x"')),
        row("chat.date", finding(xs[2], "header date", "an HTTP date", "null"), level="SHOULD"),
    ]
    found = causes(rows, xs)
    assert [cause["requirements"] for cause in found] == [["chat.created"], ["chat.id"], ["chat.date"]]  # fmt: skip
    assert [cause["level"] for cause in found] == ["MUST", "MUST", "SHOULD"]


def test_a_few_wrong_values_accepted_name_their_parameter():
    xs = [exchange("x0"), exchange("x1")]
    rows = [
        row(f"chat.param.temperature.{word}", finding(x, expected=f"400, because temperature is {value}"))
        for x, word, value in zip(xs, ("bounds", "type"), ("-1", '"hot"'), strict=True)
    ]  # fmt: skip
    (cause,) = causes(rows, xs)
    assert cause["sentence"] == (
        "temperature is not checked: wrong values are accepted by POST /v1/chat/completions "
        '(temperature is -1; temperature is "hot")'
    )


def test_an_unknown_model_and_an_open_door_are_no_lack_of_checks():
    model = [exchange("x0", model="nobody"), exchange("x1", model="nobody"), exchange("x2")]
    rows = [
        row("chat.param.model.known", finding(model[0])),
        row("models.unlisted", finding(model[1], expected="404")),
    ]
    (cause,) = causes(rows, model)
    assert cause["kind"] == "model"
    door = [exchange(f"d{n}") for n in range(2)]
    rows = [row(f"auth.{n}", finding(x, expected="401")) for n, x in enumerate(door)]
    (cause,) = causes(rows, door)
    assert cause["kind"] == "door"


def test_known_deviations_have_no_cause_here():
    rows, xs = lacking()
    assert causes(rows, xs, [(r["requirement"], "") for r in rows]) == []
    assert len(causes(rows, xs, [(rows[0]["requirement"], "another")])[0]["requirements"]) == 3


def test_many_small_ones_are_not_all_listed_and_none_is_lost():
    xs = [exchange(f"x{n}", body={f"k{n}": n}) for n in range(40)]
    rows = [
        row(f"area{n}.x", finding(x, f"k{n}", f"word {chr(97 + n % 26)}", f"found {chr(97 + n // 2)}"), level="MUST" if n % 2 else "SHOULD")
        for n, x in enumerate(xs)
    ]  # fmt: skip
    found = causes(rows, xs)
    assert len(found) == SHOWN
    assert [cause["kind"] for cause in found[-2:]] == ["rest", "rest"]
    assert sum(len(cause["requirements"]) for cause in found) == 40


def test_the_first_transcript_and_one_for_each_passed_row_are_kept():
    rows, xs = lacking()
    more = [exchange(f"p{n}") for n in range(3)]
    passed = [row(f"chat.{n}") | {"outcome": "pass", "exchanges": [x.id for x in more]} for n in range(3)]  # fmt: skip
    made = run_document(
        target={"base_url": "u", "profile": "p", "models": ["m"]}, started_at="2026-11-22T11:04:07",
        duration_s=1, cost={}, rows=rows + passed, exchanges=[*xs, *more], base_url="http://x", profile=None,
    )  # fmt: skip
    assert made["causes"][0]["exchange"] in made["exchanges"]
    assert all(r["exchanges"] for r in made["results"])
    assert len(made["exchanges"]) == len(xs) + 1


def test_a_cause_hurts_no_client_that_is_foretold_ready():
    rows, xs = lacking()
    hurt = [one | {"clients": ["Codex CLI", "Elsewhere"]} for one in rows]
    works = row("responses.reader.ending") | {"outcome": "pass", "exchanges": []}

    def clients_of(*more):
        made = run_document(
            target={"base_url": "u", "profile": "p", "models": ["m"]}, started_at="2026-11-22T11:04:07",
            duration_s=1, cost={}, rows=[*hurt, *more], exchanges=xs, base_url="http://x", profile=None,
        )  # fmt: skip
        return made["causes"][0]["clients"]

    assert clients_of() == ["Codex CLI", "Elsewhere"]
    assert clients_of(works) == ["Elsewhere"]


def test_speed_is_of_whole_timed_streams_alone():
    def stream(name, times, ended=Ended.COMPLETE, usage=None):
        deltas = [b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n'] * len(times)
        chunks = [Chunk(1.0, b'data: {"choices": [{"delta": {"role": "assistant"}}]}\n\n')]
        chunks += [Chunk(at, data) for at, data in zip(times, deltas, strict=True)]
        if usage:
            chunks.append(Chunk(times[-1], f'data: {{"usage": {{"completion_tokens": {usage}}}}}\n\n'.encode()))  # fmt: skip
        reply = Reply(200, (("content-type", "text/event-stream"),), tuple(chunks), 1.0)
        return Exchange(name, Request("POST", "/v1/chat/completions"), reply, Connection(ended))

    steady = [100.0 + 10 * n for n in range(11)]
    found = speed([stream("a", steady), stream("b", [300.0]), stream("c", steady, Ended.ABORTED), stream("d", steady, usage=21)])  # fmt: skip
    assert found["streams"] == 3
    assert found["ttft_ms"] == 100.0
    assert found["ttft_ms_range"] == [100.0, 300.0]
    assert found["rated_streams"] == 2
    assert found["tokens_per_s_range"] == [100.0, 200.0]
    assert speed([exchange("x")]) is None


# Each fault is one mend: the run of a gateway with all of them has one cause for each.
FAULTS = {
    "errors.message-null": "message is missing in error answers",
    "chat.stream.content-type": "Header content-type is application/json where text/event-stream",
    "responses.incomplete-details-missing": "incomplete_details is missing in",
}


def test_three_faults_of_the_gateway_are_three_causes():
    sent, profile = direct.traffic(list(FAULTS))
    xs = tuple(sent.all())
    known = direct.catalogue()
    judge = direct.Judge(known, profile, xs, sent.unsent)
    rows = [
        result_row(judge.result(row, "gpt-5.5" if row.per_model else ""))
        for row in known.requirements.values()
        if not row.excluded
    ]
    found = causes(rows, xs)
    sentences = [cause["sentence"] for cause in found if len(cause["requirements"]) > 1]
    for start in FAULTS.values():
        assert sum(s.startswith(start) for s in sentences) == 1, sentences
    assert len(sentences) == len(FAULTS)


def test_a_call_that_is_due_and_text_that_is_no_json_are_two_causes():
    xs = [exchange(f"x{n}", body={"choices": [{"message": {"content": "Hello"}}]}) for n in range(4)]  # fmt: skip
    rows = [
        row("chat.tool.named", finding(xs[0], "choice 0", 'a call to "note"', "no call")),
        row("chat.tool.required", finding(xs[1], "choices", "at least one tool call", '"Hello"')),
        row("chat.json", finding(xs[2], "choices[0].message.content", "a JSON object", '"Hello"')),
        row("chat.schema", finding(xs[3], "choices[0].message.content", "JSON by the schema", '"Hello"')),
    ]  # fmt: skip
    found = causes(rows, xs)
    by_first = {cause["requirements"][0]: cause for cause in found}
    assert {name: len(c["requirements"]) for name, c in by_first.items()} == {"chat.json": 2, "chat.tool.named": 2}  # fmt: skip
    called = by_first["chat.tool.named"]["sentence"]
    assert called.startswith("No tool is called where a call is due (POST /v1/chat")


def test_a_finding_about_a_stream_without_events_ends_no_run():
    empty = Reply(200, (("content-type", "text/event-stream"),), (), 9.0)
    x = replace(exchange("empty", stream=True), reply=empty)
    words = finding(x, "the stream", "one chunk with usage", "none", event=-1)
    (cause,) = causes([row("chat.usage.chunk", words)], [x])
    assert cause["requirements"] == ["chat.usage.chunk"]


def test_the_words_of_a_list_of_mistakes_are_its_first():
    from conformance.causes.traits import error_text
    from tests.peers.hand_made import HELLO, said

    told = {"detail": [{"type": "enum", "loc": ["body", "tool_choice"], "msg": "Input should be auto or none"}]}  # fmt: skip
    assert error_text(said("chat.tool", HELLO, told, status=422)) == "Input should be auto or none"


def answered_with(name, text, kind="application/json", status=200, path="/v1/responses", **params):
    x = exchange(name, status, text, path=path, **params)
    return replace(x, reply=replace(x.reply, headers=(("content-type", kind),)))


def streaming_unasked():
    """A server that streams where stream is left out."""
    xs = [answered_with(f"f{n}", 'data: {"type": "response.completed"}\n\n', "text/event-stream") for n in range(2)]  # fmt: skip
    return [
        row("http.content-type.json", finding(xs[0], "header content-type", "application/json", "text/event-stream")),
        row("responses.param.stream.off", finding(xs[0], "body", "one JSON object", "an event stream")),
        row("responses.input.text", finding(xs[1], "body", "a response", "data: …")),
    ], xs  # fmt: skip


def page_of_a_proxy():
    """Refusals are a proxy's page."""
    xs = [answered_with(f"h{n}", "<html>Bad Gateway</html>", "text/html", 403) for n in range(2)]
    return [
        row("errors.content-type", *(finding(x, "header content-type", "application/json", "text/html") for x in xs)),
        row("errors.envelope", *(finding(x, "the body", "object", "no JSON") for x in xs)),
        row("auth.wrong.code", finding(xs[0], "error.code", "invalid_api_key", "missing")),
        row("auth.message", finding(xs[1], "error.message", "words", "missing")),
    ], xs  # fmt: skip


def endless():
    """Streams of Responses without their last event; the programs of clients wait for it."""
    text = 'data: {"type": "response.created"}\n\ndata: {"type": "response.output_text.done"}\n\n'
    xs = [answered_with(f"u{n}", text, "text/event-stream", stream=True) for n in range(2)]
    return [
        row("responses.stream.terminal", *(finding(x, "event 1, the stream", "a terminal event", "its end", 1) for x in xs)),
        row("responses.agent.namespace", finding(xs[0], "output", "a call", "[]")),
        row("http.stream.patient", finding(xs[1], "stream", "a whole stream", "the end")),
        row("responses.reader.openai-node", finding(xs[0], "OpenAI SDK (Node)", "an answer", "Error")),
    ], xs  # fmt: skip


def counting_double():
    """Numbers of tokens, against texts and against the balance."""
    xs = [exchange(f"t{n}", body={"usage": {"prompt_tokens": 8}}) for n in range(3)]
    return [
        row("authenticity.tokens.prompt-exact", finding(xs[0], "prompt tokens", "4, as the text has", "8")),
        row("usage.within-limit", finding(xs[1], "usage: output tokens", "at most 60", "78")),
        row("billing.exact", finding(xs[2], "balance", "$0.002 for 8 prompt tokens", "$0.001")),
        row("usage.across-endpoints", finding(xs[0], "input tokens", "about 8", "4")),
    ], xs  # fmt: skip


MENDS = {
    "framing": (streaming_unasked, "POST /v1/responses answers with a stream where stream is left out or false"),
    "unreadable": (page_of_a_proxy, 'Error answers are no JSON, but "<html>Bad Gateway</html>"'),
    "unended": (endless, "Streams of POST /v1/responses end without the event that ends them"),
    "tokens": (counting_double, "The numbers of tokens of POST /v1/chat/completions are wrong (prompt tokens: "),
}  # fmt: skip


@pytest.mark.parametrize("kind", MENDS)
def test_what_follows_from_one_mistake_is_one_cause(kind):
    make, sentence = MENDS[kind]
    rows, xs = make()
    (cause,) = causes(rows, xs)
    assert cause["sentence"].startswith(sentence)
    assert cause["kind"] == kind
    assert sorted(cause["requirements"]) == sorted(r["requirement"] for r in rows)


def test_mistakes_of_several_kinds_stay_apart():
    made = [make() for make, _ in MENDS.values()]
    found = causes([row for rows, _ in made for row in rows], [x for _, xs in made for x in xs])
    assert Counter(cause["kind"] for cause in found) == Counter(list(MENDS))


def test_what_only_a_reader_cannot_read_is_a_cause_of_its_own():
    x = exchange("r0", body={"id": "x"})
    rows = [row("chat.reader.openai-node", finding(x, "create()", "an answer", "SyntaxError"), clients=["OpenAI SDK (Node)"])]  # fmt: skip
    (cause,) = causes(rows, [x])
    assert cause["sentence"].startswith("Client programs do not come to the end of answers of POST /v1/chat/completions (OpenAI SDK (Node)): ")  # fmt: skip


def test_an_absent_route_alone_is_called_by_its_name():
    """LitServe has no /models: `route: expected an answer of the operation` told its developer nothing."""
    x = exchange("m", 404, {"detail": "Not Found"}, path="/v1/models")
    said = finding(x, "route", "GET /models to be served, where clients look up which models there are", "nothing at this path: 404")  # fmt: skip
    made = causes([row("models.offered", said)], [x])
    assert [c["sentence"] for c in made] == ["GET /v1/models is not served: nothing at this path: 404 (where clients look up which models there are)"]  # fmt: skip


def test_n_that_is_ignored_is_one_cause():
    x = exchange("n", body={"choices": [{"index": 0}]}, n=2)
    rows = [
        row("chat.answer.choices", finding(x, "choices[].index", "[0, 1]", "[0]")),
        row("chat.param.n.honoured", finding(x, "choices", "2 choices", "1"), level="SHOULD"),
        row("chat.param.combined", finding(x, "choices", "2, as n says, beside others", "1")),
    ]
    assert [c["kind"] for c in causes(rows, [x])] == ["choices"]


def test_a_stream_without_its_usage_is_one_cause():
    text = 'data: {"choices": [{"index": 0, "delta": {}}]}\n\ndata: [DONE]\n\n'
    x = exchange("s", body=text, stream=True, stream_options={"include_usage": True})
    rows = [
        row("chat.stream.usage-last", finding(x, "the stream", "one chunk with usage", "none")),
        row("chat.param.stream-options.usage-on", finding(x, "usage", "an object in the last chunk", "none in any chunk")),
    ]  # fmt: skip
    made = causes(rows, [x])
    assert [c["kind"] for c in made] == ["member"]
    assert made[0]["sentence"].startswith("usage is missing in streams of")


def test_a_place_in_one_of_many_answers_at_fault_is_no_tie():
    """fakellm: a stop sequence that is ignored was put under the numbers of tokens of the same answer."""
    xs = [exchange(f"t{n}", body={"choices": []}) for n in range(8)]
    rows = [row(f"usage.{n}", finding(x, "usage.prompt_tokens", "more", "7")) for n, x in enumerate(xs)]  # fmt: skip
    rows += [row(f"odd.{n}", finding(xs[0], f"header x-{n}", f"{n}", "no")) for n in range(40)]
    stop = row("chat.param.stop.honoured", finding(xs[1], "choices[0].content", 'no "r g"', "bar gas"))  # fmt: skip
    held = [c for c in causes([*rows, stop], xs) if "chat.param.stop.honoured" in c["requirements"]]
    assert not any("usage.1" in c["requirements"] for c in held)


def test_a_server_that_fell_silent_is_said_so():
    x = exchange("lost", 0, "")
    said = finding(x, "connection", "a server that goes on answering", "the server stopped answering after chat.small; in flight with it: chat.echo")  # fmt: skip
    made = causes([row("http.stays-up", said)], [x])
    assert made[0]["sentence"].startswith("The server stopped answering after chat.small")


def test_usage_in_a_refusal_is_one_cause():
    body = {"error": {"message": "no"}, "usage": {"input_tokens": 3}}
    xs = [exchange(f"u{n}", 400, body, path="/v1/responses") for n in range(2)]
    rows = [
        row("usage.none-on-errors", finding(xs[0], "usage", "no usage on an error", '{"input_tokens": 3}')),
        row("errors.no-usage", finding(xs[0], "usage", "an error alone", '{"input_tokens": 3}')),
        row("responses.param.refused.nothing-said", finding(xs[1], "body", "an error and nothing else", '["error", "usage"]')),
    ]  # fmt: skip
    assert len(causes(rows, xs)) == 1


def test_numbers_of_tokens_and_a_usage_that_lacks_are_two_causes():
    """llama-cpp-python streams without usage, and has more tokens than asked for elsewhere."""
    text = 'data: {"choices": [{"index": 0, "delta": {}}]}\n\ndata: [DONE]\n\n'
    stream = exchange("s", body=text, stream=True, stream_options={"include_usage": True})
    plain = exchange("p", body={"choices": [], "usage": {"completion_tokens": 64}})
    rows = [
        row("chat.stream.usage-last", finding(stream, "the stream", "one chunk with usage", "none")),
        row("chat.param.stream-options.usage-on", finding(stream, "usage", "an object in the last chunk", "none in any chunk")),
        row("usage.within-limit", finding(plain, "usage: output tokens", "at most 16, as asked", "64")),
        row("chat.param.max-completion-tokens.honoured", finding(plain, "usage.completion_tokens", "at most 16", "64")),
    ]  # fmt: skip
    assert [len(c["requirements"]) for c in causes(rows, [stream, plain])] == [2, 2]


def test_events_that_no_stream_has_are_one_cause():
    """open-responses-server sends deltas of an item and a part that were never added."""
    text = 'data: {"type": "response.created"}\n\ndata: {"type": "response.output_text.delta"}\n\ndata: {"type": "response.completed"}\n\n'
    x = exchange("e", body=text, path="/v1/responses", stream=True)
    delta = "response.output_text.delta"
    rows = [
        row("responses.stream.item-added-first", finding(x, "event 2 for output[0]", "response.output_item.added", delta, 1)),
        row("responses.stream.item-done", finding(x, "end of the stream for output[0]", "response.output_item.added", "no more events", 2)),
        row("responses.stream.part-added-first", finding(x, "event 2 for output[0].content[?]", "response.content_part.added", delta, 1)),
    ]  # fmt: skip
    made = causes(rows, [x])
    assert [c["kind"] for c in made] == ["event"]
    assert "lack events: response.output_item.added, response.content_part.added" in made[0]["sentence"]  # fmt: skip
