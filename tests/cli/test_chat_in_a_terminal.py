"""`tektra chat` as a person meets it: in a terminal, with keys and a screen."""

from __future__ import annotations

import stat

import pytest

from tektra_cli.chat.views import waiting
from tests.cli.screen import Terminal
from tests.harness import Tektra

ANSWER = """# Title

Some **bold** and `code`.

- one
- two

```python
print("x")
```

Done."""
REPLIES = [
    {"when": r"endless\n(.|\n)*assistant:$", "say": "tick ", "forever": True, "pace_s": 0.002},
    {"when": r"slow\nassistant:$", "say": "slow " * 30, "pace_s": 0.01},
    {"when": "first\nsecond", "say": "two lines came"},
    {"when": "long", "say": "\n\n".join(f"Paragraph {n}." for n in range(40))},
    {"when": "wide", "say": "word " * 200},
    {"when": "block", "say": "```\n" + "\n".join(f"line {n}" for n in range(60)) + "\n```"},
    {"when": "evil", "say": "before\x1b]0;owned\x07\x1b[2Jafter"},
    {"when": "markdown", "say": ANSWER},
    {"say": "hello"},
]


@pytest.fixture(scope="module")
def model(common: Tektra) -> str:
    return common.import_scripted("terminal", REPLIES)


def chat(tektra: Tektra, model: str, rows: int = 24, columns: int = 80, disk_full: bool = False) -> Terminal:
    terminal = Terminal(tektra, "chat", "-m", model, rows=rows, columns=columns, disk_full=disk_full)
    return terminal.until(">")


def test_a_turn_shows_the_answer_and_then_its_numbers(common: Tektra, model: str) -> None:
    with chat(common, model) as terminal:
        terminal.type("hi\r").until("context 24/4096")
        assert "> hi\nhello\n5 tokens" in terminal.screen.text
        assert terminal.type("\x04").end() == 0


def test_markdown_is_drawn(common: Tektra, model: str) -> None:
    with chat(common, model) as terminal:
        terminal.type("markdown\r").until("tokens/s")
        drawn = terminal.screen.text
        assert 'Title\n\nSome bold and code.\n\n • one\n • two\n\n print("x")\n\nDone.\n' in drawn


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("long", "\n\n".join(f"Paragraph {n}." for n in range(40))),
        ("block", "\n".join(f" line {n}" for n in range(60))),
        ("wide", "\n".join([" ".join(["word"] * 7)] * 28) + "\nword word word word\n"),
    ],
)
def test_an_answer_longer_than_the_screen_is_whole_in_the_scrollback(
    common: Tektra, model: str, prompt: str, expected: str
) -> None:
    with chat(common, model, rows=10, columns=38) as terminal:
        terminal.type(f"{prompt}\r").until("tokens/s")
        assert expected in terminal.screen.text
        begun = expected.split("\n")[0] + "\n"
        assert terminal.screen.text.count(begun) == expected.count(begun)


def test_control_sequences_of_the_model_do_nothing(common: Tektra, model: str) -> None:
    with chat(common, model) as terminal:
        terminal.type("evil\r").until("tokens/s")
        assert "\nbefore]0;owned[2Jafter\n" in terminal.screen.text
        assert "\x1b]0" not in terminal.sent
        assert "\x1b[2J" not in terminal.sent


def test_an_interrupt_stops_the_answer_and_not_the_program(common: Tektra, model: str) -> None:
    with chat(common, model) as terminal:
        terminal.type("endless\r").until("tick tick").type("\x03").until("stopped")
        terminal.type("/new\r").until("a new conversation").type("hi\r").until("hello")
        assert terminal.type("/exit\r").end() == 0
    kept = common.json("conversations", "search", "endless")["hits"][0]["conversation_id"]
    assert common.json("conversations", "show", kept)["messages"][-1]["status"] == "interrupted"


def test_several_lines_are_one_message(common: Tektra, model: str) -> None:
    with chat(common, model) as terminal:
        terminal.type("first\nsecond\r").until("two lines came")
        terminal.type("first\x1b\rsecond\r").until("two lines came", 2)
        terminal.type("first\\\rsecond\r").until("two lines came", 3)
        terminal.type("\x1b[200~first\rsecond\x1b[201~\r").until("two lines came", 4)


def test_keys_typed_during_an_answer_wait_for_the_next_line(common: Tektra, model: str) -> None:
    with chat(common, model) as terminal:
        terminal.type("slow\r").until("slow slow").type("/info\r").until("system prompt")
        answer, _, rest = terminal.screen.text.partition("tokens/s")
        assert "/info" not in answer
        assert "> /info\n" in rest


def test_an_interrupt_at_the_prompt_clears_the_line(common: Tektra, model: str) -> None:
    with chat(common, model) as terminal:
        terminal.type("unwanted").until("unwanted").type("\x03").type("hi\r").until("tokens/s").until(">", 2)
        assert "unwanted" not in terminal.screen.text
        terminal.type("\x03").until("^D or /exit leaves")
        assert terminal.type("\x04").end() == 0


def test_help_names_every_command(common: Tektra, model: str) -> None:
    with chat(common, model) as terminal:
        terminal.type("/help\r").until("leave the chat")
        for name in ("/help", "/model", "/save", "/new", "/system", "/retry", "/info", "/exit"):
            assert f"\n{name}" in terminal.screen.text


def test_commands_change_the_chat(common: Tektra, model: str) -> None:
    with chat(common, model) as terminal:
        terminal.type("/retry\r").until("nothing has been said yet")
        terminal.type("/nonsense\r").until("there is no command /nonsense")
        terminal.type("/system Be brief.\r").until("holds from now on")
        terminal.type("hi\r").until("hello")
        terminal.type("/retry\r").until("hello", 2)
        terminal.type("/save saved.txt\r").until("saved saved.txt")
        terminal.type("/save saved.txt\r").until("exists already")
        terminal.type("/model nope\r").until('no model "nope"')
        terminal.type("/model tektra-starter\r").until("tektra-starter answers from now on")
        terminal.type("/model\r").until("* tektra-starter")
        terminal.type("/etc/hosts is what?\r").until("tokens/s", 3)
        terminal.type("/info\r").until("Be brief.", 2)
    assert (common.home / "saved.txt").read_text() == "You:\nhi\n\nModel:\nhello\n"


def test_a_mistake_does_not_end_the_chat(common: Tektra) -> None:
    with Terminal(common, "chat", "-m", "nope") as terminal:
        terminal.until(">").type("hi\r").until('There is no model "nope"')
        assert terminal.type("\x04").end() == 0


def test_a_place_that_takes_no_file_does_not_end_the_chat(common: Tektra, model: str) -> None:
    with chat(common, model) as terminal:
        terminal.type("hi\r").until("tokens/s")
        terminal.type("/save /proc/x.md\r").until("No such file or directory: /proc/x.md")
        terminal.type("/save nowhere/x.md\r").until("there is no directory nowhere")
        terminal.type("/save ~no-such-user/x.md\r").until("the home of nobody")
        terminal.type("hi\r").until("tokens/s", 2)
        assert terminal.type("\x04").end() == 0


def test_a_full_disk_ends_no_chat_and_leaves_no_half_file(common: Tektra, model: str) -> None:
    with chat(common, model, disk_full=True) as terminal:
        terminal.type("hi\r").until("tokens/s")
        terminal.type("/save half.md\r").until("File too large: half.md")
        terminal.type("hi\r").until("tokens/s", 2)
        terminal.type("\x1b[A\x1b[A").until("> /save half.md", 2)
        assert terminal.type("\x03\x04").end() == 0
    assert [path.name for path in common.home.iterdir() if "half" in path.name or path.name[:8] == ".tektra-"] == []


def test_a_runtime_directory_that_became_unsafe_does_not_end_the_chat(tektra: Tektra) -> None:
    tektra.start()
    model = tektra.import_scripted("terminal", REPLIES)
    with chat(tektra, model) as terminal:
        tektra.socket.parent.chmod(0o755)
        terminal.type("hi\r").until("is open to other users")
        tektra.socket.parent.chmod(0o700)
        terminal.type("hi\r").until("tokens/s")
        assert terminal.type("\x04").end() == 0


def test_the_status_line_says_what_is_being_waited_for_and_goes(common: Tektra) -> None:
    fresh = common.import_scripted("not-yet-loaded", [{"say": "hello"}])
    with chat(common, fresh) as terminal:
        terminal.type("hi\r").until("tokens/s")
        assert "loading not-yet-loaded…" in terminal.sent
        assert terminal.sent.index("loading") < terminal.sent.index("reading the prompt…")
        assert "loading" not in terminal.screen.text
        assert "reading" not in terminal.screen.text


@pytest.mark.parametrize(
    ("state", "detail", "words"),
    [
        ("queued", "qwen", "waiting for qwen…"),
        ("loading", "qwen", "loading qwen…"),
        ("loading", "", "loading the model…"),
        ("reading", "", "reading the prompt…"),
        ("{new}", "qwen", "{new}…"),
    ],
)
def test_every_state_of_a_turn_has_words(state: str, detail: str, words: str) -> None:
    assert waiting({"type": "status", "state": state, "detail": detail}) == words


def test_who_stands_in_line_reads_where_and_how_long() -> None:
    event = {"type": "status", "state": "queued", "detail": "qwen", "position": 3, "estimate_s": 75.4}
    assert waiting(event) == "waiting for qwen… number 3 in line, about 1m 15s"


def test_the_built_in_model_introduces_itself_once(common: Tektra) -> None:
    with Terminal(common, "chat") as terminal:
        terminal.until(">").type("hi\r").until("tokens/s").type("hi\r").until("tokens/s", 2)
        assert terminal.screen.text.count("the small built-in model ·") == 1


def test_history_is_kept_for_its_owner_alone(common: Tektra, model: str) -> None:
    with chat(common, model) as terminal:
        terminal.type("a line to remember\r").until("tokens/s").type("\x04").end()
    history = common.home / "state" / "tektra" / "history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert "a line to remember" in history.read_text()
    with chat(common, model) as terminal:
        terminal.type("\x1b[A").until("a line to remember").type("\r").until("tokens/s")


def test_a_tiny_terminal_is_enough(common: Tektra, model: str) -> None:
    with chat(common, model, rows=5, columns=20) as terminal:
        terminal.type("markdown\r").until("Done.").until("4096")
        assert terminal.type("\x04").end() == 0


def test_a_dumb_terminal_gets_plain_lines(common: Tektra, model: str) -> None:
    with Terminal(common, "chat", "-m", model, env={"TERM": "dumb"}) as terminal:
        terminal.until(">").type("markdown\r").until("Done.").until("4096")
        terminal.type("first\\\rsecond\r").until("two lines came")
        assert terminal.type("\x04").end() == 0
        assert "\x1b" not in terminal.sent
        assert "Some **bold** and `code`." in terminal.screen.text


def test_no_color_takes_the_colour_and_leaves_the_rest(common: Tektra, model: str) -> None:
    with Terminal(common, "chat", "markdown", "-m", model, env={"NO_COLOR": "1"}) as terminal:
        assert terminal.end() == 0
        assert not [code for code in ("\x1b[31m", "\x1b[2m", "\x1b[9", "\x1b[3") if code in terminal.sent]
        assert "Some bold and code." in terminal.screen.text


def test_a_killed_daemon_is_told_and_the_next_turn_starts_another(tektra: Tektra) -> None:
    tektra.start()
    model = tektra.import_scripted("terminal", REPLIES)
    with chat(tektra, model) as terminal:
        terminal.type("endless\r").until("tick tick")
        tektra.kill()
        terminal.until("the daemon ended before its answer was complete")
        terminal.type("/new\r").until("a new conversation").type("hi\r").until("hello")
        assert terminal.type("\x04").end() == 0


def test_what_cannot_be_a_chat_is_refused_in_a_terminal_too(common: Tektra) -> None:
    for flags in (["--json"], ["--no-input"], ["--no-save"]):
        with Terminal(common, "chat", *flags) as terminal:
            assert terminal.end() == 2
