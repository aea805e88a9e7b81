"""`tektra chat PROMPT`: bytes on stdout, talk on stderr, exit codes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import Tektra

FORBIDDEN = Path("/proc/sys/vm/compact_memory")
ENDLESS = [{"say": "tick ", "forever": True, "pace_s": 0.002}]
ECHO = [
    {"when": r"notes\.txt\nline one\n```\n\nWhat", "say": "file first, then prompt"},
    {"when": r"Summarise\n\npiped text\n", "say": "prompt, blank line, pipe"},
    {"when": r"user: piped text\nassistant", "say": "pipe alone"},
    {"when": r"system: Be brief\.", "say": "brief"},
    {"when": "newlines", "say": "two lines\n\n\n"},
    {"when": "escape", "say": "a\x1b[31mb"},
    {"when": "ponder", "say": "<think>So, so.</think>Yes."},
    {"say": "hello"},
]


@pytest.fixture(scope="module")
def echo(common: Tektra) -> str:
    return common.import_scripted("echo", ECHO)


def begin(tektra: Tektra, *args: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """A command that goes on while the test does something."""
    return subprocess.Popen(
        [sys.executable, "-m", "tektra_cli", *args],
        env=tektra.env,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def after_some_text(process: subprocess.Popen[bytes], text: bytes = b"tick tick") -> bytes:
    """What has come when `text` has."""
    assert process.stdout is not None
    seen = b""
    while text not in seen:
        piece = os.read(process.stdout.fileno(), 4096)
        assert piece, seen
        seen += piece
    return seen


def test_reasoning_is_no_part_of_the_answer(common: Tektra, echo: str) -> None:
    assert common.run("chat", "ponder", "-m", echo, "--think").stdout == "Yes.\n"
    assert common.run("chat", "ponder", "-m", echo, "--no-think", "--no-stream").stdout == "Yes.\n"
    document = json.loads(common.run("chat", "ponder", "-m", echo, "--json").stdout)
    assert (document["content"], document["reasoning"]) == ("Yes.", "So, so.")


def test_an_answer_in_a_pipe_is_the_models_bytes_and_one_newline(common: Tektra, echo: str) -> None:
    done = common.run("chat", "hi", "-m", echo)
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n", "")


def test_newlines_at_the_end_of_an_answer_become_one(common: Tektra, echo: str) -> None:
    assert common.run("chat", "newlines", "-m", echo).stdout == "two lines\n"


def test_a_pipe_gets_control_characters_as_they_are(common: Tektra, echo: str) -> None:
    assert common.run("chat", "escape", "-m", echo).stdout == "a\x1b[31mb\n"


def test_the_built_in_model_answers_when_none_is_chosen_and_is_named_once(common: Tektra) -> None:
    done = common.run("chat", "What is Tektra?")
    assert done.returncode == 0
    assert done.stdout.strip()
    assert done.stderr == (
        "tektra-starter, the small built-in model · tektra models pull OWNER/REPO brings a larger one\n"
    )


def test_without_streaming_the_answer_is_the_same(common: Tektra, echo: str) -> None:
    assert common.run("chat", "hi", "-m", echo, "--no-stream").stdout == "hello\n"


def test_a_json_answer_is_one_document(common: Tektra, echo: str) -> None:
    document = common.json("chat", "hi", "-m", echo)
    assert document["schema"] == "tektra.chat/1"
    assert (document["content"], document["reason"], document["model"]) == ("hello", "stop", echo)
    assert document["usage"]["completion_tokens"] == len("hello")


def test_json_lines_are_the_events_of_the_turn(common: Tektra, echo: str) -> None:
    done = common.run("chat", "hi", "-m", echo, "--jsonl")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["type"] == "start"
    assert events[-1]["type"] == "finish"
    assert "".join(event["text"] for event in events if event["type"] == "delta") == "hello"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "stdin", "answer"),
    [
        (["Summarise"], "piped text\n", "prompt, blank line, pipe"),
        (["-"], "piped text\n", "pipe alone"),
        ([], "piped text", "pipe alone"),
    ],
)
def test_piped_text_joins_the_prompt(common: Tektra, echo: str, arguments: list[str], stdin: str, answer: str) -> None:
    assert common.run("chat", *arguments, "-m", echo, stdin=stdin).stdout == answer + "\n"


def test_a_pipe_that_nobody_closes_is_waited_for_and_said_to_be(common: Tektra, echo: str) -> None:
    process = begin(common, "chat", "Summarise", "-m", echo, stdin=subprocess.PIPE)
    assert process.stderr is not None
    assert process.stderr.readline() == b"waiting for the end of standard input; < /dev/null avoids it\n"
    answer, talk = process.communicate(b"piped text\n", timeout=60)
    assert (process.returncode, answer, talk) == (0, b"prompt, blank line, pipe\n", b"")


def test_a_producer_that_pauses_loses_nothing(common: Tektra, echo: str) -> None:
    process = begin(common, "chat", "Summarise", "-m", echo, stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write(b"piped ")
    process.stdin.flush()
    assert process.stderr.readline().startswith(b"waiting for the end of standard input")
    assert process.communicate(b"text\n", timeout=60)[0] == b"prompt, blank line, pipe\n"


def test_a_socket_as_standard_input_is_read_to_its_end(common: Tektra, echo: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        process = begin(common, "chat", "Summarise", "-m", echo, stdin=theirs.fileno())
        theirs.close()
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"waiting")
        ours.sendall(b"piped text\n")
    assert process.communicate(timeout=60)[0] == b"prompt, blank line, pipe\n"


def test_a_file_as_standard_input_joins_the_prompt(common: Tektra, echo: str) -> None:
    (common.home / "piped.txt").write_text("piped text\n")
    with (common.home / "piped.txt").open("rb") as file:
        process = begin(common, "chat", "Summarise", "-m", echo, stdin=file.fileno())
    assert process.communicate(timeout=60) == (b"prompt, blank line, pipe\n", b"")


def test_a_file_stands_before_the_prompt_in_a_block_with_its_name(common: Tektra, echo: str) -> None:
    (common.home / "notes.txt").write_text("line one\n")
    assert common.run("chat", "What", "-f", "notes.txt", "-m", echo).stdout == "file first, then prompt\n"


def test_the_system_prompt_reaches_the_model(common: Tektra, echo: str) -> None:
    assert common.run("chat", "hi", "-m", echo, "-s", "Be brief.").stdout == "brief\n"


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("binary", b"\x00\x01", 1, "is no text"),
        ("latin", b"caf\xe9", 1, "is no text"),
        ("huge", b"a" * ((1 << 20) + 1), 1, "larger than 1 MiB"),
        ("missing", None, 4, "there is no file"),
    ],
)
def test_a_file_that_cannot_be_sent_is_refused(
    common: Tektra, echo: str, name: str, content: bytes | None, code: int, words: str
) -> None:
    if content is not None:
        (common.home / name).write_bytes(content)
    done = common.run("chat", "What", "-f", name, "-m", echo)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert name in done.stderr


@pytest.mark.skipif(not FORBIDDEN.exists(), reason="this kernel has no file that not even root may read")
def test_a_file_that_may_not_be_read_is_denied(common: Tektra) -> None:
    done = common.run("chat", "What", "-f", str(FORBIDDEN))
    assert (done.returncode, done.stderr) == (5, f"tektra: Permission denied: {FORBIDDEN}\n")


def test_nothing_to_ask_is_a_usage_error(common: Tektra) -> None:
    done = common.run("chat")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("tektra: there is no question\n")


def test_continue_goes_on_with_the_latest_conversation(tektra: Tektra) -> None:
    tektra.start()
    model = tektra.import_scripted("memory", [{"when": "seven(.|\n)*which", "say": "Seven."}, {"say": "Noted."}])
    assert tektra.run("chat", "seven", "-m", model).stdout == "Noted.\n"
    assert tektra.run("chat", "which?", "--continue").stdout == "Seven.\n"
    (conversation,) = tektra.json("conversations", "list")["conversations"]
    assert conversation["messages"] == 4
    part = conversation["id"][:6]
    assert tektra.run("chat", "which?", "--conversation", part).stdout == "Seven.\n"


def test_continue_without_a_conversation_is_not_found(tektra: Tektra) -> None:
    assert tektra.run("chat", "hi", "-c").returncode == 4


def test_no_save_keeps_nothing(tektra: Tektra) -> None:
    tektra.start()
    model = tektra.import_scripted("echo", ECHO)
    assert tektra.run("chat", "hi", "-m", model, "--no-save").stdout == "hello\n"
    assert tektra.json("conversations", "list")["conversations"] == []


def test_sampling_flags_reach_the_model(common: Tektra, echo: str) -> None:
    done = common.run("chat", "hi", "-m", echo, "--max-tokens", "2", "--seed", "1", "--top-k", "5")
    assert (done.stdout, done.stderr) == ("he\n", "cut here: 2 tokens were allowed\n")
    assert common.run("chat", "hi", "-m", echo, "--stop", "ll", "--stop", "x").stdout == "he\n"


def test_an_answer_that_fills_the_context_says_so_and_nothing_is_shifted_out(common: Tektra) -> None:
    common.import_scripted("brim", [{"say": "x", "forever": True}], context=64)
    done = common.run("chat", "hello", "-m", "brim", "--no-save")
    written = 64 - len("user: hello\nassistant:")
    assert (done.stdout, done.stderr) == ("x" * written + "\n", "cut here: the context of 64 tokens is full\n")
    document = common.json("chat", "hello", "-m", "brim", "--no-save")
    assert (document["reason"], document["usage"]["completion_tokens"]) == ("length", written)


def test_the_first_interrupt_stops_the_answer_and_keeps_it(common: Tektra) -> None:
    model = common.import_scripted("endless", ENDLESS)
    process = begin(common, "chat", "go", "-m", model)
    seen = after_some_text(process)
    process.send_signal(signal.SIGINT)
    rest, talk = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (seen + rest).startswith(b"tick")
    assert (seen + rest).endswith(b"\n")
    assert talk == b"tektra: stopped\n"


def test_an_interrupted_answer_is_kept_as_interrupted(common: Tektra) -> None:
    model = common.import_scripted("endless-json", ENDLESS)
    process = begin(common, "chat", "go", "-m", model, "--jsonl")
    lines = after_some_text(process, b'"delta"')
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    events = [json.loads(line) for line in (lines + rest).splitlines()]
    assert events[-1] == {"type": "error", "error": {"code": "interrupted", "message": "stopped", "hint": ""}}
    conversation = next(event["conversation_id"] for event in events if event["type"] == "start")
    answer = {"status": "generating"}
    while answer["status"] == "generating":
        answer = common.json("conversations", "show", conversation)["messages"][-1]
    assert answer["status"] == "interrupted"


def test_a_reader_that_goes_away_ends_the_command_quietly(common: Tektra) -> None:
    model = common.import_scripted("endless-pipe", ENDLESS)
    process = begin(common, "chat", "go", "-m", model)
    after_some_text(process)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) == 1
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == b""


def test_a_killed_daemon_is_told_and_the_answer_so_far_is_kept(tektra: Tektra) -> None:
    tektra.start()
    model = tektra.import_scripted("endless", ENDLESS)
    process = begin(tektra, "chat", "go", "-m", model)
    seen = after_some_text(process)
    tektra.kill()
    rest, talk = process.communicate(timeout=60)
    assert process.returncode == 3
    assert (seen + rest).startswith(b"tick")
    assert (seen + rest).endswith(b"\n")
    assert b"the daemon ended before its answer was complete; what it had written is kept" in talk
    shown = tektra.json("conversations", "show", "latest")
    assert [message["status"] for message in shown["messages"]] == ["complete", "interrupted"]


def test_a_worker_that_dies_is_an_error_of_that_answer_alone(common: Tektra) -> None:
    model = common.import_scripted("dying", [{"say": "some words", "abort": 4}])
    done = common.run("chat", "go", "-m", model)
    assert (done.returncode, done.stdout) == (1, "some\n")
    assert done.stderr.startswith("tektra: ")
    assert common.run("daemon", "status").returncode == 0


def test_an_error_event_is_told_once_in_json_lines(common: Tektra) -> None:
    model = common.import_scripted("dying-json", [{"say": "some words", "abort": 4}])
    done = common.run("chat", "go", "-m", model, "--jsonl")
    errors = [event for line in done.stdout.splitlines() if (event := json.loads(line))["type"] == "error"]
    assert [error["error"]["code"] for error in errors] == ["worker_died"]
    assert (done.returncode, done.stderr) == (1, "")


def test_a_prompt_longer_than_the_context_is_refused_with_both_numbers(common: Tektra) -> None:
    model = common.import_scripted("short", [{"say": "no"}], context=64)
    done = common.run("chat", "a" * 100, "-m", model)
    assert (done.returncode, done.stdout) == (1, "")
    assert "64" in done.stderr


@pytest.fixture(scope="module")
def long_talk(common: Tektra) -> str:
    """A conversation that fills the context of its model."""
    model = common.import_scripted("narrow", [{"say": "word " * 30}], context=900)
    first = common.json("chat", "x" * 200, "-m", model)
    for _ in range(2):
        common.run("chat", "x" * 200, "--conversation", first["conversation_id"])
    return str(first["conversation_id"])


LEFT_OUT = "no longer fit and were left out"


@pytest.mark.parametrize("flags", [[], ["--no-stream"]])
def test_left_out_messages_are_told_beside_the_answer(common: Tektra, long_talk: str, flags: list[str]) -> None:
    done = common.run("chat", "y" * 200, "--conversation", long_talk, *flags)
    assert (done.returncode, done.stdout) == (0, "word " * 30 + "\n")
    assert [line for line in done.stderr.splitlines() if LEFT_OUT in line]


def test_left_out_messages_are_told_in_json(common: Tektra, long_talk: str) -> None:
    arguments = ("chat", "y" * 200, "--conversation", long_talk)
    assert LEFT_OUT in common.json(*arguments)["shortened"]
    done = common.run(*arguments, "--jsonl")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    (told,) = [event for event in events if event.get("state") == "shortened"]
    assert (told["type"], LEFT_OUT in told["detail"], done.stderr) == ("status", True, "")


def test_names_with_strange_characters_are_only_unknown(common: Tektra) -> None:
    done = common.run("chat", "hi", "-m", "../ä ?#%")
    assert done.returncode in (2, 4)
    assert Path(common.home / "state").is_dir()
