"""Turns of conversations through the socket."""

from __future__ import annotations

import contextlib
import signal

import psutil
import pytest

from tests.harness import Tektra, events_of

ENDLESS = [{"say": "tick ", "forever": True, "pace_s": 0.002}]


def chat(tektra: Tektra, **body: object) -> list[dict]:
    with tektra.client() as client:
        return events_of(client.post("/api/chat", json=body).text)


def read_until_text(tektra: Tektra, model: str, ended: list[dict]) -> str:
    """Start an endless answer, leave it after some text, and return the conversation's id."""
    with (
        tektra.client() as client,
        client.stream("POST", "/api/chat", json={"content": "go", "model": model}) as answer,
    ):
        seen = 0
        for line in answer.iter_lines():
            for event in events_of(line):
                ended.append(event)
                seen += event["type"] == "delta"
            if seen >= 5:
                return next(e["conversation_id"] for e in ended if e["type"] == "start")
    raise AssertionError(ended)


def test_an_answer_streams_as_typed_events_and_is_kept(shared: Tektra) -> None:
    model = shared.import_scripted("greeter", [{"say": "Hello there."}])
    events = chat(shared, content="hi", model=model)
    assert [e["type"] for e in events if e["type"] not in ("delta", "status")] == ["start", "finish"]
    assert "".join(e["text"] for e in events if e["type"] == "delta") == "Hello there."
    finish = events[-1]
    assert (finish["reason"], finish["usage"]["completion_tokens"]) == ("stop", len("Hello there."))
    with shared.client() as client:
        kept = client.get(f"/api/conversations/{finish['conversation_id']}").json()
    assert [(m["role"], m["content"], m["status"]) for m in kept["messages"]] == [
        ("user", "hi", "complete"),
        ("assistant", "Hello there.", "complete"),
    ]


def test_reasoning_is_told_apart_from_the_answer_and_not_kept(shared: Tektra) -> None:
    model = shared.import_scripted("thinker", [{"say": "<think>\nTwo and two.\n</think>\n\nFour."}])
    events = chat(shared, content="2 + 2?", model=model, think=True)
    assert "".join(e["text"] for e in events if e["type"] == "reasoning") == "Two and two."
    assert "".join(e["text"] for e in events if e["type"] == "delta") == "Four."
    with shared.client() as client:
        kept = client.get(f"/api/conversations/{events[-1]['conversation_id']}").json()
        whole = client.post("/api/chat", json={"content": "again", "model": model, "stream": False}).json()
    assert kept["messages"][-1]["content"] == "Four."
    assert (whole["content"], whole["reasoning"]) == ("Four.", "Two and two.")


def test_the_next_turn_reads_what_was_said_before(shared: Tektra) -> None:
    model = shared.import_scripted("memory", [{"when": "seven.*which", "say": "Seven."}, {"say": "Noted."}])
    with shared.client() as client:
        first = client.post("/api/chat", json={"content": "seven", "model": model, "stream": False}).json()
        same = {"conversation_id": first["conversation_id"], "stream": False}
        second = client.post("/api/chat", json={"content": "which?", **same}).json()
        newline_free = client.post("/api/chat", json={"content": "which?", "model": model, "stream": False}).json()
    assert first["content"] == "Noted."
    assert second["usage"]["prompt_tokens"] > newline_free["usage"]["prompt_tokens"] + len("seven")
    assert second["model"] == model


def test_regenerating_replaces_the_last_answer(shared: Tektra) -> None:
    model = shared.import_scripted("again", [{"say": "One."}])
    with shared.client() as client:
        first = client.post("/api/chat", json={"content": "hi", "model": model, "stream": False}).json()
        again = {"conversation_id": first["conversation_id"], "regenerate": True, "stream": False}
        second = client.post("/api/chat", json=again).json()
        kept = client.get(f"/api/conversations/{first['conversation_id']}").json()["messages"]
    assert [m["role"] for m in kept] == ["user", "assistant"]
    assert kept[-1]["id"] == second["message_id"] != first["message_id"]


def test_nothing_is_kept_when_nothing_shall_be(shared: Tektra) -> None:
    model = shared.import_scripted("private", [{"say": "Secret."}])
    with shared.client() as client:
        before = client.get("/api/status").json()["conversations"]
        body = {"content": "hi", "model": model, "save": False, "stream": False}
        answer = client.post("/api/chat", json=body).json()
        assert answer["content"] == "Secret."
        assert answer["conversation_id"] is None
        assert client.get("/api/status").json()["conversations"] == before


def test_a_prompt_beyond_the_context_is_refused_with_both_numbers_and_leaves_no_trace(shared: Tektra) -> None:
    model = shared.import_scripted("short", [{"say": "x"}], context=100)
    with shared.client() as client:
        before = client.get("/api/status").json()["conversations"]
        response = client.post("/api/chat", json={"content": "y" * 300, "model": model, "stream": False})
        after = client.get("/api/status").json()["conversations"]
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "context_length_exceeded")
    assert "100" in error["message"]
    assert any(str(n) in error["message"] for n in range(300, 330))
    assert before == after


def test_old_messages_that_no_longer_fit_are_left_out_and_this_is_said(shared: Tektra) -> None:
    model = shared.import_scripted("window", [{"say": "z" * 30}], context=300)
    with shared.client() as client:
        first = client.post("/api/chat", json={"content": "a" * 60, "model": model, "stream": False}).json()
        reference = first["conversation_id"]
        for _ in range(3):
            answer = client.post("/api/chat", json={"content": "b" * 60, "conversation_id": reference, "stream": False})
    assert "left out" in answer.json()["shortened"]
    assert answer.json()["content"] == "z" * 30


def test_a_client_that_leaves_stops_the_answer_and_what_was_said_is_kept_as_interrupted(shared: Tektra) -> None:
    model = shared.import_scripted("endless", ENDLESS)
    conversation = read_until_text(shared, model, [])
    body = {"content": "?", "conversation_id": conversation, "model": "tektra-starter", "stream": False}
    with shared.client() as client:
        # The conversation takes another turn only once the one that was left has ended.
        while client.post("/api/chat", json=body | {"sampling": {"max_tokens": 1}}).status_code == 409:
            pass
        kept = client.get(f"/api/conversations/{conversation}").json()["messages"]
    assert kept[1]["status"] == "interrupted"
    assert kept[1]["content"].startswith("tick ")


def test_two_turns_at_once_in_one_conversation_are_refused(shared: Tektra) -> None:
    model = shared.import_scripted("busy", ENDLESS)
    with shared.client() as client, client.stream("POST", "/api/chat", json={"content": "a", "model": model}) as answer:
        events = (event for line in answer.iter_lines() for event in events_of(line))
        start = next(event for event in events if event["type"] == "start")
        with shared.client() as other:
            body = {"content": "b", "conversation_id": start["conversation_id"], "stream": False}
            refused = other.post("/api/chat", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conversation_busy")


def test_a_worker_killed_in_mid_answer_is_a_typed_error_and_its_text_is_kept(shared: Tektra) -> None:
    model = shared.import_scripted("doomed", ENDLESS)
    events: list[dict] = []
    with shared.client() as client, client.stream("POST", "/api/chat", json={"content": "a", "model": model}) as answer:
        lines = answer.iter_lines()
        while sum(e["type"] == "delta" for e in events) < 5:
            events += events_of(next(lines))
        with shared.client() as other:
            worker = next(m for m in other.get("/api/ps").json()["models"] if m["name"] == model)
        psutil.Process(worker["pid"]).send_signal(signal.SIGKILL)
        events += [event for line in lines for event in events_of(line)]
    assert events[-1]["type"] == "error"
    assert events[-1]["error"]["code"] == "worker_died"
    assert "SIGKILL" in events[-1]["error"]["message"]
    conversation = next(e["conversation_id"] for e in events if e["type"] == "start")
    with shared.client() as client:
        assert client.get("/healthz").status_code == 200
        kept = client.get(f"/api/conversations/{conversation}").json()["messages"][1]
    assert kept["status"] == "interrupted"
    said = "".join(e["text"] for e in events if e["type"] == "delta")
    assert kept["content"].startswith(said)


def test_a_worker_that_aborts_is_replaced_with_the_next_request(shared: Tektra) -> None:
    model = shared.import_scripted("fragile", [{"when": "crash", "say": "Oh no.", "abort": 3}, {"say": "Fine."}])
    crashed = chat(shared, content="crash", model=model)
    assert crashed[-1]["error"]["code"] == "worker_died"
    assert "SIGABRT" in crashed[-1]["error"]["message"]
    well = chat(shared, content="hello", model=model)
    assert "".join(e["text"] for e in well if e["type"] == "delta") == "Fine."


def test_a_worker_that_crashes_while_loading_is_a_typed_error(shared: Tektra) -> None:
    model = shared.import_scripted("stillborn", [{"say": "x"}], load_abort=True)
    events = chat(shared, content="hi", model=model)
    assert events[-1]["error"]["code"] == "load_failed"
    assert "SIGABRT" in events[-1]["error"]["message"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"content": "x", "sampling": {"temperature": -1}}, "sampling.temperature"),
        ({"content": "x", "sampling": {"temprature": 1}}, "sampling.temprature"),
        ({"content": "x", "colour": "red"}, "colour"),
        ({"content": "   "}, "content"),
        ({"content": 7}, "content"),
    ],
)
def test_a_wrong_field_is_named_in_the_error(shared: Tektra, body: dict, param: str) -> None:
    with shared.client() as client:
        response = client.post("/api/chat", json=body)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_request"
    assert response.json()["error"]["param"] == param


def test_a_body_that_is_no_json_is_said_to_be_that(shared: Tektra) -> None:
    with shared.client() as client:
        response = client.post("/api/chat", content=b"{nope", headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert "not valid JSON" in response.json()["error"]["message"]


def test_search_finds_words_of_finished_messages_and_forgets_removed_ones(shared: Tektra) -> None:
    model = shared.import_scripted("botanist", [{"say": "The zinnia blooms."}])
    with shared.client() as client:
        made = client.post("/api/chat", json={"content": "flowers?", "model": model, "stream": False}).json()
        hits = client.get("/api/conversations/search", params={"q": "zinni"}).json()["hits"]
        assert [(h["conversation_id"], h["role"]) for h in hits] == [(made["conversation_id"], "assistant")]
        assert "«zinnia»" in hits[0]["snippet"]
        assert client.get("/api/conversations/search", params={"q": '"; DROP'}).status_code == 200
        assert client.delete(f"/api/conversations/{made['conversation_id'][:8]}").status_code == 200
        assert client.get("/api/conversations/search", params={"q": "zinnia"}).json()["hits"] == []
        gone = client.get(f"/api/conversations/{made['conversation_id']}")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "conversation_not_found")


def test_conversations_are_listed_in_pages_newest_first(shared: Tektra) -> None:
    model = shared.import_scripted("pager", [{"say": "ok"}])
    with shared.client() as client:
        made = [
            client.post("/api/chat", json={"content": f"page {n}", "model": model, "stream": False}).json()
            for n in range(3)
        ]
        first = client.get("/api/conversations", params={"limit": 2}).json()
        second = client.get("/api/conversations", params={"limit": 2, "before": first["next"]}).json()
    expected = [answer["conversation_id"] for answer in reversed(made)]
    listed = [c["id"] for c in first["conversations"] + second["conversations"]]
    assert listed[:3] == expected
    assert first["conversations"][0]["messages"] == 2


def test_the_built_in_model_answers(shared: Tektra) -> None:
    with shared.client() as client:
        body = {"content": "hello", "stream": False, "sampling": {"temperature": 0, "max_tokens": 40}}
        answer = client.post("/api/chat", json=body).json()
    assert answer["source"] == "built-in"
    assert answer["content"].strip()
    assert answer["usage"]["completion_tokens"] > 0


def test_requests_to_one_model_share_its_worker_and_run_together(shared: Tektra) -> None:
    model = shared.import_scripted("crowd", ENDLESS)
    with shared.client() as client, contextlib.ExitStack() as stack:
        asked = [client.stream("POST", "/api/chat", json={"content": str(n), "model": model}) for n in range(3)]
        lines = [stack.enter_context(answer).iter_lines() for answer in asked]
        for answer in lines:
            next(line for line in answer if '"delta"' in line)
        loaded = [m for m in client.get("/api/ps").json()["models"] if m["name"] == model]
    assert len(loaded) == 1
    assert loaded[0]["leases"] == 3


def test_a_pinned_conversation_stands_first_on_every_page_and_keeps_its_age(shared: Tektra) -> None:
    model = shared.import_scripted("pinner", [{"say": "ok"}])
    with shared.client() as client:
        made = [
            client.post("/api/chat", json={"content": f"pin {n}", "model": model, "stream": False}).json()
            for n in range(3)
        ]
        oldest = f"/api/conversations/{made[0]['conversation_id']}"
        before = client.get(oldest).json()["conversation"]
        changed = client.post(oldest, json={"title": " Roses\n and tulips ", "pinned": True}).json()["conversation"]
        assert changed == before | {"title": "Roses and tulips", "pinned": True}
        assert client.get(oldest).json()["conversation"] == changed
        listed: list[str] = []
        cursor: dict[str, str] = {}
        while len(listed) < 3:
            page = client.get("/api/conversations", params={"limit": 1, **cursor}).json()
            listed += [each["id"] for each in page["conversations"]]
            cursor = {"before": page["next"]}
        assert listed == [made[0]["conversation_id"], made[2]["conversation_id"], made[1]["conversation_id"]]
        latest = client.get("/api/conversations/latest").json()["conversation"]["id"]
        assert latest == made[2]["conversation_id"]
        for wrong in ({"title": " "}, {"title": "x" * 201}, {"model": "other"}):
            assert client.post(oldest, json=wrong).status_code == 400
        client.post(oldest, json={"pinned": False})
        first = client.get("/api/conversations", params={"limit": 1}).json()
    assert first["conversations"][0]["id"] == made[2]["conversation_id"]


def test_a_long_conversation_is_read_piece_by_piece_in_both_directions(shared: Tektra) -> None:
    model = shared.import_scripted("long", [{"say": "ok"}])
    made = None
    with shared.client() as client:
        for n in range(4):
            body = {"content": f"n{n}", "model": model, "stream": False, "conversation_id": made}
            made = client.post("/api/chat", json=body).json()["conversation_id"]
        path = f"/api/conversations/{made}"

        def piece(**query: object) -> dict:
            return client.get(path, params=query).json()

        ids = [message["id"] for message in client.get(path).json()["messages"]]
        newest = piece(limit=3)
        assert ([m["id"] for m in newest["messages"]], newest["earlier"], newest["later"]) == (ids[5:], ids[5], None)
        middle = piece(limit=3, before=newest["earlier"])
        assert ([m["id"] for m in middle["messages"]], middle["earlier"], middle["later"]) == (ids[2:5], ids[2], ids[4])
        first = piece(limit=3, before=middle["earlier"])
        assert ([m["id"] for m in first["messages"]], first["earlier"], first["later"]) == (ids[:2], None, ids[1])
        last = piece(limit=3, after=middle["later"])
        assert ([m["id"] for m in last["messages"]], last["earlier"], last["later"]) == (ids[5:], ids[5], None)
        found = piece(limit=4, around=ids[3])
        assert ([m["id"] for m in found["messages"]], found["earlier"], found["later"]) == (ids[1:5], ids[1], ids[4])
        assert piece(limit=100, around=ids[0])["messages"] == client.get(path).json()["messages"]
        assert client.get(path, params={"before": "nothing"}).status_code == 400
        assert client.get(path, params={"before": ids[1], "after": ids[1]}).status_code == 400


def test_a_branch_has_all_up_to_a_message_and_leaves_the_other_as_it_was(shared: Tektra) -> None:
    model = shared.import_scripted("brancher", [{"say": "ok"}])
    with shared.client() as client:
        body = {"content": "Describe a zeppelin", "model": model, "stream": False, "system": "Be short."}
        made = client.post("/api/chat", json=body).json()["conversation_id"]
        client.post("/api/chat", json={"content": "and then?", "stream": False, "conversation_id": made})
        path = f"/api/conversations/{made}"
        before = client.get(path).json()
        ids = [message["id"] for message in before["messages"]]

        def branched(**body: object) -> tuple[dict, list[str]]:
            answer = client.post(f"{path}/branch", json=body)
            assert answer.status_code == 201, answer.text
            whole = client.get(f"/api/conversations/{answer.json()['conversation']['id']}").json()
            assert answer.json()["conversation"] == whole["conversation"]
            return whole["conversation"], [message["content"] for message in whole["messages"]]

        head, said = branched(message_id=ids[1])
        assert (head["title"], head["system"], said) == (
            "Branch: Describe a zeppelin", "Be short.", ["Describe a zeppelin", "ok"],
        )  # fmt: skip
        assert branched(message_id=ids[2], before=True)[1] == ["Describe a zeppelin", "ok"]
        assert branched(message_id=ids[0], before=True)[1] == []
        assert branched()[1] == [message["content"] for message in before["messages"]]
        assert client.get(path).json() == before
        assert client.post(f"{path}/branch", json={"message_id": "nothing"}).status_code == 400
        went_on = client.post(
            "/api/chat", json={"content": "more", "stream": False, "conversation_id": head["id"]}
        ).json()
        again = client.post(f"/api/conversations/{head['id']}/branch", json={}).json()["conversation"]
        assert (went_on["content"], again["title"], again["messages"]) == ("ok", "Branch: Describe a zeppelin", 4)
        hits = client.get("/api/conversations/search", params={"q": "zeppelin", "limit": 50}).json()["hits"]
    assert {made, head["id"]} <= {hit["conversation_id"] for hit in hits}


def test_a_branch_of_an_answer_that_is_being_written_is_interrupted_where_it_was(shared: Tektra) -> None:
    model = shared.import_scripted("endless-branch", ENDLESS)
    with (
        shared.client() as client,
        client.stream("POST", "/api/chat", json={"content": "go", "model": model}) as answer,
    ):
        start = next(event for line in answer.iter_lines() for event in events_of(line) if event["type"] == "start")
        branch = client.post(f"/api/conversations/{start['conversation_id']}/branch", json={}).json()
        kept = client.get(f"/api/conversations/{branch['conversation']['id']}").json()
    assert [message["status"] for message in kept["messages"]] == ["complete", "interrupted"]
