"""The chat of the dashboard, driven by keys, on a real daemon."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from tektra_cli.client import Client, Document
from tektra_cli.tui.dashboard import Dashboard
from tektra_cli.tui.gateway import Gateway
from tektra_cli.tui.recorded import NOW, Recorded, RecordedMachine
from tektra_cli.tui.screens.chat import Chat
from tests.guests import needs_guests
from tests.harness import Tektra
from tests.tui.driving import LARGE, shown, until

pytestmark = pytest.mark.anyio

SLOW = {"when": "at length", "say": "word " * 2000, "pace_s": 0.005}
REPLIES: list[dict[str, Any]] = [
    {"when": "still there", "say": "Yes."},
    SLOW,
    {"when": "think", "say": "<think>\nTwo and two.\n</think>\n\nFour."},
    {"when": "code", "say": "Here:\n\n```python\nprint('a')\n```\n\nand\n\n```sh\nls\n```\n"},
    {"when": "hostile", "say": "A \x1b[2J[b]bold[/b] [@click=app.quit]way[/] out."},
    {"when": "garden", "say": "# Gardens\n\nRoses and *tulips*."},
    {"say": "A ship sails."},
]


@asynccontextmanager
async def chatting(
    tektra: Tektra, size: tuple[int, int] = LARGE, start: bool = True
) -> AsyncIterator[tuple[Dashboard, Chat, Pilot[None]]]:
    """The chat, entered, with a scripted model that answers where nobody chose another."""
    if start:
        tektra.start(TEKTRA_DEFAULT_MODEL="talker")
        tektra.import_scripted("talker", REPLIES)
    app = Dashboard(Gateway(Client(tektra.socket)), "chat", folder=tektra.home / "state")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.standing == "live" and isinstance(app.screen, Chat) and app.screen.is_entered)
        chat = app.screen
        assert isinstance(chat, Chat)
        yield app, chat, pilot


def said(tektra: Tektra, content: str, **body: Any) -> str:
    """A conversation that was begun elsewhere."""
    with tektra.client() as client:
        answer = client.post("/api/chat", json={"content": content, "stream": False, **body})
        return str(answer.json()["conversation_id"])


def kept(tektra: Tektra, identity: str = "latest") -> list[tuple[str, str, str]]:
    with tektra.client() as client:
        messages = client.get(f"/api/conversations/{identity}").json()["messages"]
    return [(message["role"], message["content"], message["status"]) for message in messages]


def titles(tektra: Tektra) -> list[str]:
    with tektra.client() as client:
        return [each["title"] for each in client.get("/api/conversations").json()["conversations"]]


async def send(pilot: Pilot[None], chat: Chat, text: str, until_answered: bool = True) -> None:
    chat.composer.paper.insert(text)
    await pilot.press("enter")
    if until_answered:
        await until(pilot, lambda: not chat.is_answering and chat.composer.paper.text == "")


async def to_messages(pilot: Pilot[None], chat: Chat) -> None:
    await pilot.press("ctrl+up")
    await until(pilot, lambda: chat.transcript.has_focus)


async def up_to(pilot: Pilot[None], chat: Chat, message: str) -> None:
    """To the beginning of what is here, again and again, until this one is."""
    while message not in {view.message["id"] for view in chat.transcript.views}:
        first = chat.transcript.views[0].message["id"]
        await pilot.press("home")
        await until(pilot, lambda first=first: chat.transcript.views[0].message["id"] != first)


async def test_what_is_asked_is_answered_as_markdown_and_kept(tektra: Tektra) -> None:
    async with chatting(tektra) as (app, chat, pilot):
        assert "Ask something" in shown(app)
        await send(pilot, chat, "a garden")
        await until(pilot, lambda: "Roses and tulips." in shown(app) and " tokens/s" in shown(app))
        assert " / 4,096" in shown(app)
        await send(pilot, chat, "and a ship")
        await until(pilot, lambda: chat.side.conversations.items and chat.side.conversations.items[0]["messages"] == 4)
        assert [text for _, text, _ in kept(tektra)] == [
            "a garden", "# Gardens\n\nRoses and *tulips*.", "and a ship", "# Gardens\n\nRoses and *tulips*.",
        ]  # fmt: skip


async def test_several_lines_are_one_message_and_what_was_sent_comes_back_with_up(tektra: Tektra) -> None:
    async with chatting(tektra) as (_, chat, pilot):
        await pilot.press("a", "ctrl+j", "b", "enter")
        await until(pilot, lambda: not chat.is_answering and len(chat.transcript.views) == 2)
        assert kept(tektra)[0][1] == "a\nb"
        await pilot.press("x", "up")
        assert chat.composer.paper.text == "a\nb"
        await pilot.press("down")
        assert chat.composer.paper.text == "x"
    async with chatting(tektra, start=False) as (_, chat, pilot):
        await pilot.press("up")
        assert chat.composer.paper.text == "a\nb"


async def test_escape_stops_an_answer_and_what_was_written_stays(tektra: Tektra) -> None:
    async with chatting(tektra) as (app, chat, pilot):
        await send(pilot, chat, "at length", until_answered=False)
        await until(pilot, lambda: "word word" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: not chat.is_answering and "interrupted" in shown(app))
        (_, answer) = kept(tektra)
        assert (answer[1].startswith("word word"), answer[2]) == (True, "interrupted")
        await send(pilot, chat, "a ship")
        assert len(chat.transcript.views) == 4


async def test_an_answer_goes_on_while_one_looks_elsewhere(tektra: Tektra) -> None:
    async with chatting(tektra) as (app, chat, pilot):
        await send(pilot, chat, "at length", until_answered=False)
        await until(pilot, lambda: "word word" in shown(app))
        await pilot.press("ctrl+n")
        await until(pilot, lambda: not chat.transcript.views)
        await send(pilot, chat, "a ship")
        await until(pilot, lambda: "A ship sails." in shown(app) and len(chat.side.conversations.items) == 2)
        await pilot.press("f8", "f2", "escape")
        (other,) = (each["id"] for each in chat.side.conversations.items if each["title"] == "at length")
        chat.side.conversations.go(other)
        await pilot.press("enter")
        await until(pilot, lambda: chat.is_answering and "word word" in shown(app))
        await pilot.press("ctrl+c")
        await until(pilot, lambda: not chat.is_answering and "interrupted" in shown(app))


async def test_the_last_question_is_answered_again(tektra: Tektra) -> None:
    async with chatting(tektra) as (_, chat, pilot):
        await send(pilot, chat, "a ship")
        before = [view.message["id"] for view in chat.transcript.views]
        await pilot.press("ctrl+r")
        await until(
            pilot, lambda: not chat.is_answering and chat.transcript.views[-1].message["id"] not in ("", *before)
        )
        assert [view.message["id"] for view in chat.transcript.views][:-1] == before[:-1]
        assert len(kept(tektra)) == 2


async def test_an_edited_question_begins_a_branch_and_the_other_stays(tektra: Tektra) -> None:
    async with chatting(tektra) as (app, chat, pilot):
        await send(pilot, chat, "a ship")
        await send(pilot, chat, "a boat")
        await to_messages(pilot, chat)
        await pilot.press("k", "e")
        await until(pilot, lambda: chat.composer.paper.text == "a boat")
        await pilot.press("backspace", *"rd", "enter")
        await until(pilot, lambda: not chat.is_answering and "a board" in shown(app) and len(titles(tektra)) == 2)
        assert titles(tektra) == ["Branch: a ship", "a ship"]
        assert [text for _, text, _ in kept(tektra)][::2] == ["a ship", "a board"]
        await to_messages(pilot, chat)
        await pilot.press("k", "k", "b")
        await until(pilot, lambda: len(titles(tektra)) == 3 and chat.composer.paper.has_focus)
        assert [text for _, text, _ in kept(tektra)] == ["a ship", "A ship sails."]


async def test_a_search_over_all_that_was_said_opens_at_the_message(tektra: Tektra) -> None:
    async with chatting(tektra) as (app, chat, pilot):
        said(tektra, "a zeppelin over the garden")
        await send(pilot, chat, "a ship")
        await pilot.press("escape", "slash", *"zeppe")
        await until(pilot, lambda: chat.side.hits.items)
        assert "a zeppelin over the garden" in " ".join(shown(app).split())
        await pilot.press("enter")
        await until(pilot, lambda: "Roses and tulips." in shown(app) and chat.transcript.has_focus)
        chosen = chat.transcript.chosen
        assert chosen is not None
        assert chosen.message["content"] == "a zeppelin over the garden"
        await pilot.press("escape")
        await until(pilot, lambda: chat.side.conversations.has_focus)


async def test_conversations_are_renamed_pinned_and_exported(tektra: Tektra) -> None:
    async with chatting(tektra) as (app, chat, pilot):
        said(tektra, "first")
        await send(pilot, chat, "second")
        await until(pilot, lambda: len(chat.side.conversations.items) == 2)
        await pilot.press("escape", "G", "m")
        await until(pilot, lambda: "What is it called?" in shown(app))
        await pilot.press(*" one", "enter")
        await until(pilot, lambda: titles(tektra) == ["second", "first one"] and "first one" in shown(app))
        await pilot.press("p")
        await until(pilot, lambda: titles(tektra) == ["first one", "second"] and "pinned" in shown(app))
        item = chat.side.conversations.item
        assert item is not None
        assert item["title"] == "first one"
        await pilot.press("x")
        await until(pilot, lambda: "Where to?" in shown(app))
        await pilot.press("ctrl+a", "ctrl+k", *str(tektra.home / "first.txt"), "enter")
        await until(pilot, lambda: (tektra.home / "first.txt").exists())
        assert (tektra.home / "first.txt").read_text().startswith("You:\nfirst\n")


async def test_a_deletion_can_be_taken_back_and_else_happens_at_the_end(tektra: Tektra) -> None:
    async with chatting(tektra) as (app, chat, pilot):
        said(tektra, "first")
        await send(pilot, chat, "second")
        await until(pilot, lambda: len(chat.side.conversations.items) == 2)
        await pilot.press("escape", "G", "d")
        await until(pilot, lambda: len(chat.side.conversations.items) == 1 and "u takes it back" in shown(app))
        assert titles(tektra) == ["second", "first"]
        await pilot.press("u")
        await until(pilot, lambda: len(chat.side.conversations.items) == 2 and "takes it back" not in shown(app))
        await pilot.press("g", "d")
        await until(pilot, lambda: not chat.transcript.views and len(chat.side.conversations.items) == 1)
    assert titles(tektra) == ["first"]


async def test_a_deletion_happens_when_its_time_is_over(tektra: Tektra, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tektra_cli.tui.screens.chat_list.UNDO_S", 0.01)
    async with chatting(tektra) as (_, chat, pilot):
        await send(pilot, chat, "first")
        await pilot.press("escape", "d")
        await until(pilot, lambda: not titles(tektra) and not chat.side.conversations.items)


async def test_a_daemon_that_is_killed_in_the_middle_of_an_answer_takes_nothing_away(tektra: Tektra) -> None:
    async with chatting(tektra) as (app, chat, pilot):
        await send(pilot, chat, "at length", until_answered=False)
        await until(pilot, lambda: "word word" in shown(app))
        tektra.kill()
        await until(pilot, lambda: app.standing == "away" and not chat.is_answering)
        assert "interrupted" in shown(app)
        assert "word word" in shown(app)
        await send(pilot, chat, "still there?", until_answered=False)
        await until(pilot, lambda: not chat.is_answering and chat.composer.paper.text == "still there?")
        tektra.start(TEKTRA_DEFAULT_MODEL="talker")
        await until(
            pilot, lambda: app.standing == "live" and chat.transcript.views[-1].message["status"] == "interrupted"
        )
        assert "word word" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: not chat.is_answering and len(kept(tektra)) == 4)
        assert [status for _, _, status in kept(tektra)] == ["complete", "interrupted", "complete", "complete"]
        await until(pilot, lambda: [view.message["status"] for view in chat.transcript.views][1] == "interrupted")


async def test_what_was_typed_stays_with_its_conversation_and_through_other_places(tektra: Tektra) -> None:
    async with chatting(tektra) as (_, chat, pilot):
        await send(pilot, chat, "a ship")
        await pilot.press(*"half a", "f8", "f2")
        assert chat.composer.paper.text == "half a"
        await pilot.press("ctrl+n")
        await until(pilot, lambda: chat.composer.paper.text == "" and not chat.transcript.views)
        await pilot.press("escape", "enter")
        await until(pilot, lambda: chat.composer.paper.text == "half a" and len(chat.transcript.views) == 2)


async def test_what_the_daemon_refuses_comes_back_into_the_composer(tektra: Tektra) -> None:
    async with chatting(tektra) as (app, chat, pilot):
        await send(pilot, chat, "word " * 5000, until_answered=False)
        await until(pilot, lambda: not chat.is_answering and "✗" in shown(app))
        assert chat.composer.paper.text == "word " * 5000
        assert "enter tries again" in " ".join(shown(app).split())
        assert titles(tektra) == []


async def test_a_file_goes_before_the_message_and_is_folded_where_it_is_shown(tektra: Tektra) -> None:
    file = tektra.home / "notes.txt"
    file.write_text("".join(f"line {n}\n" for n in range(40)))
    async with chatting(tektra) as (app, chat, pilot):
        await pilot.press("ctrl+f")
        await until(pilot, lambda: "Which file?" in shown(app))
        await pilot.press(*str(file), "enter")
        await until(pilot, lambda: "with notes.txt" in " ".join(shown(app).split()))
        await send(pilot, chat, "what is it?")
        assert kept(tektra)[0][1] == f"```notes.txt\n{file.read_text().rstrip()}\n```\n\nwhat is it?"
        assert "… 28 more lines" in shown(app)
        assert "line 30" not in shown(app)


async def test_reasoning_is_folded_and_code_is_copied(tektra: Tektra, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    async with chatting(tektra) as (app, chat, pilot):
        monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
        await send(pilot, chat, "think")
        await until(pilot, lambda: "Four." in shown(app) and "it thought before answering, 3 words" in shown(app))
        await to_messages(pilot, chat)
        await pilot.press("t")
        await until(pilot, lambda: "Two and two." in shown(app))
        await pilot.press("y", "i")
        await pilot.press("ctrl+n")
        await send(pilot, chat, "code")
        await to_messages(pilot, chat)
        await pilot.press("c")
        await until(pilot, lambda: "Which code?" in shown(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: copied == ["Four.", "ls"])


async def test_what_a_model_says_is_not_obeyed(tektra: Tektra) -> None:
    async with chatting(tektra) as (app, chat, pilot):
        await send(pilot, chat, "hostile [b]x[/b]")
        await until(pilot, lambda: "A [b]bold[/b] [@click=app.quit]way[/] out." in shown(app))
        assert "hostile [b]x[/b]" in shown(app)


async def test_ten_thousand_messages_open_at_their_end_and_earlier_ones_come(tektra: Tektra) -> None:
    tektra.start(TEKTRA_DEFAULT_MODEL="talker")
    with closing(sqlite3.connect(tektra.home / "data" / "tektra" / "tektra.db")) as store, store:
        columns = "id, uid, title, model, created_at, updated_at"
        store.execute(f"INSERT INTO conversations ({columns}) VALUES ('c', ?, 't', 'm', 'x', 'x')", [os.getuid()])
        columns = "id, conversation_id, role, content, status, created_at"
        insert = f"INSERT INTO messages ({columns}) VALUES (?, 'c', ?, ?, ?, 'x')"
        roles = ("user", "assistant")
        store.executemany(insert, [(f"m{n}", roles[n % 2], f"number {n}", "complete") for n in range(10_000)])
    async with chatting(tektra, start=False) as (app, chat, pilot):
        await until(pilot, lambda: "number 9999" in shown(app))
        assert len(chat.transcript.views) < 100
        await to_messages(pilot, chat)
        known = {view.message["id"] for view in chat.transcript.views}
        await up_to(pilot, chat, "m9970")
        assert known <= {view.message["id"] for view in chat.transcript.views}
        await up_to(pilot, chat, "m9800")
        assert len(chat.transcript.views) < 70
        assert "number 9999" not in shown(app)
        await pilot.press("end")
        await until(pilot, lambda: "number 9999" in shown(app))


async def test_another_model_is_chosen_by_a_part_of_its_name(tektra: Tektra) -> None:
    async with chatting(tektra) as (app, chat, pilot):
        tektra.import_scripted("other", [{"say": "I am the other."}])
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "Who answers?" in shown(app))
        await pilot.press(*"oth", "enter")
        await until(pilot, lambda: "Say something to other" in shown(app))
        await send(pilot, chat, "who?")
        await until(pilot, lambda: "I am the other." in shown(app))


async def test_the_built_in_model_answers(tektra: Tektra) -> None:
    tektra.start()
    async with chatting(tektra, (80, 24), start=False) as (_, chat, pilot):
        await send(pilot, chat, "hello")
        await until(pilot, lambda: len(chat.transcript.views) == 2 and chat.transcript.views[-1].source.strip())
        assert kept(tektra)[1][2] == "complete"


async def test_where_there_is_little_room_the_list_comes_when_it_is_wanted(tektra: Tektra) -> None:
    async with chatting(tektra, (80, 24)) as (app, chat, pilot):
        await send(pilot, chat, "a ship")
        assert "Conversations" not in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: "Conversations" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "Conversations" not in shown(app) and isinstance(app.focused, TextArea))


@needs_guests
async def test_a_message_to_an_agent_begins_a_run(tektra: Tektra, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.daemon.test_runs import DONE, agent, folder

    monkeypatch.chdir(folder(tektra))
    async with chatting(tektra) as (app, chat, pilot):
        agent(tektra, DONE)
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "Who does it?" in shown(app))
        await pilot.press(*"counter", "enter")
        await until(pilot, lambda: "Say something to agent counter" in shown(app))
        await send(pilot, chat, "count the lines")
        await until(pilot, lambda: "counter works on this" in shown(app) and "succeeded" in shown(app))
        await pilot.press("shift+tab", "enter")
        await until(pilot, lambda: app.current_mode == "runs")


class Late(Recorded):
    """A recorded daemon that keeps the newest conversation back until somebody lets it go."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked, self.may_go = threading.Event(), threading.Event()

    def get(self, path: str, query: Mapping[str, Any] | None = None, timeout: float | None = None) -> Document:
        if path.startswith("/api/conversations/"):
            self.is_asked.set()
            self.may_go.wait()
        return super().get(path, query, timeout)


async def test_whoever_types_before_the_last_conversation_is_there_begins_a_new_one() -> None:
    late = Late()
    app = Dashboard(Gateway(late), "chat", lambda: NOW, RecordedMachine())
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, late.is_asked.is_set)
        await pilot.press(*"quick")
        late.may_go.set()
        await until(pilot, lambda: isinstance(app.screen, Chat) and app.screen.is_entered)
        assert isinstance(app.screen, Chat)
        assert app.screen.talk.conversation is None
        assert "quick" in shown(app)
