"""Responses after they were made: read, continued, replayed, cancelled, deleted."""

import pytest

from gateway.responses.stored import LIMIT, Stored, StoredResponses
from schemas.loader import check
from tests.gateway.in_process import Desk, echo
from tests.gateway.test_responses import CUSTOM, FUNCTION, text_of

CODE = "What is the code word?"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_response_is_kept_as_it_was_given(desk):
    made = desk.respond(reasoning={"effort": "low"}).body
    assert desk.ask(f"/responses/{made['id']}").body == made
    wanted = f"/responses/{made['id']}?include[]=reasoning.encrypted_content"
    assert "encrypted_content" in desk.ask(wanted).body["output"][0]
    assert desk.ask(f"/responses/{made['id']}?include=foo").status == 400


def test_what_is_not_stored_is_not_found(desk):
    made = desk.respond(store=False).body
    assert made["store"] is False
    assert desk.ask(f"/responses/{made['id']}").status == 404
    again = desk.respond(previous_response_id=made["id"])
    assert again.body["error"]["code"] == "previous_response_not_found"


def test_only_the_owner_sees_a_response(desk):
    made = desk.respond().body
    for path in ("", "/input_items"):
        assert desk.ask(f"/responses/{made['id']}{path}", key="low_limit").status == 404
    assert desk.ask(f"/responses/{made['id']}", method="DELETE", key="low_limit").status == 404


def test_a_deleted_response_is_gone(desk):
    made = desk.respond().body
    gone = desk.ask(f"/responses/{made['id']}", method="DELETE")
    assert gone.body == {"id": made["id"], "object": "response", "deleted": True}
    assert desk.ask(f"/responses/{made['id']}").status == 404
    assert desk.ask(f"/responses/{made['id']}", method="DELETE").status == 404


def test_a_conversation_goes_on_by_response(desk):
    first = desk.respond("The code word is ASPEN. Call the tool weather", tools=[FUNCTION]).body
    call = first["output"][0]
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}
    second = desk.respond([output], previous_response_id=first["id"], tools=[FUNCTION])
    assert text_of(second) == "The tool said: rain"
    third = desk.respond(CODE, previous_response_id=second.body["id"])
    assert text_of(third) == "ASPEN"
    assert third.body["previous_response_id"] == second.body["id"]
    missing = desk.respond(CODE, previous_response_id=first["id"])
    assert (missing.status, missing.body["error"]["param"]) == (400, "input")


def test_a_conversation_goes_on_by_its_items(desk):
    given = [{"role": "user", "content": "The code word is LINDEN. Call the tool patch"}]
    first = desk.respond(
        given, tools=[CUSTOM], reasoning={"effort": "low"}, include=["reasoning.encrypted_content"]
    ).body
    call = first["output"][-1]
    output = {"type": "custom_tool_call_output", "call_id": call["call_id"], "output": "done"}
    ask = {"role": "user", "content": CODE}
    assert text_of(desk.respond([*given, *first["output"], output, ask])) == "LINDEN"
    reference = {"type": "item_reference", "id": call["id"]}
    assert text_of(desk.respond([reference, output])) == "The tool said: done"


def test_a_conversation_is_remembered_by_name(desk):
    told = desk.respond("The code word is ROWAN.", conversation="conv_1", store=False)
    assert told.body["conversation"] == {"id": "conv_1"}
    assert text_of(desk.respond(CODE, conversation={"id": "conv_1"})) == "ROWAN"
    assert text_of(desk.respond(CODE, conversation="conv_2")) == "unknown"
    assert desk.respond(CODE, conversation="talk").status == 404


def test_input_items_are_listed_in_pages(desk):
    given = [{"role": "user", "content": f"n{n}"} for n in range(5)]
    name = desk.respond(given).body["id"]

    def page(query=""):
        body = desk.ask(f"/responses/{name}/input_items{query}").body
        assert check("responses/input_items", body) == []
        return body, [item["content"][0]["text"] for item in body["data"]]

    body, texts = page()
    assert texts == ["n4", "n3", "n2", "n1", "n0"]
    assert (body["first_id"], body["last_id"]) == (body["data"][0]["id"], body["data"][-1]["id"])
    assert body["has_more"] is False
    body, texts = page("?order=asc&limit=2")
    assert (texts, body["has_more"]) == (["n0", "n1"], True)
    assert page(f"?order=asc&limit=2&after={body['last_id']}")[1] == ["n2", "n3"]
    for wrong in ("limit=0", "limit=101", "limit=x", "order=up", "after=nope"):
        assert desk.ask(f"/responses/{name}/input_items?{wrong}").status == 400


def test_work_in_the_background_passes_through_its_states(desk):
    made = desk.respond(echo("later"), background=True).body
    assert (made["status"], made["output"], made["usage"]) == ("queued", [], None)
    path = f"/responses/{made['id']}"
    desk.clock.now += 0.2
    assert desk.ask(path).body["status"] == "in_progress"
    desk.clock.now += 1
    done = desk.ask(path).body
    assert (done["status"], done["output"][0]["content"][0]["text"]) == ("completed", "later")
    assert done["completed_at"] >= done["created_at"]
    assert desk.ask(f"{path}/cancel", {}).body == done


def test_work_in_the_background_is_cancelled(desk):
    made = desk.respond("[[pace 100]] Count from 1 to 50", background=True).body
    path = f"/responses/{made['id']}"
    desk.clock.now += 1
    assert desk.ask(f"{path}/cancel", {}).body["status"] == "cancelled"
    desk.clock.now += 60
    assert desk.ask(path).body["status"] == "cancelled"
    plain = desk.respond().body["id"]
    assert desk.ask(f"/responses/{plain}/cancel", {}).status == 400
    assert desk.ask("/responses/resp_nope/cancel", {}).status == 404


def test_a_stream_is_taken_up_where_it_was_left(desk):
    events = desk.events(echo("one two three"), background=True)
    path = f"/responses/{events[0]['response']['id']}?stream=true"
    whole = [frame.payload for frame in desk.ask(path).frames]
    assert whole == events
    rest = [frame.payload for frame in desk.ask(f"{path}&starting_after=7").frames]
    assert rest == events[8:]
    assert desk.ask(f"{path}&starting_after=x").status == 400


def test_the_oldest_responses_make_room(desk):
    telling = None
    room = StoredResponses()
    for number in range(LIMIT + 1):
        output = [{"id": f"msg_{number}", "type": "message"}]
        full = {"id": f"resp_{number}", "output": output}
        room.put(Stored("me", full, full, frozenset(), (), (), telling))  # type: ignore[arg-type]
    assert room.get("me", "resp_0") is None
    assert room.item("me", "msg_0") is None
    assert room.item("me", f"msg_{LIMIT}") is not None
    assert room.get("you", f"resp_{LIMIT}") is None
