"""The worker as a process of its own: what it answers, what it refuses, and that it never outlives anybody."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tektra_models import frames
from tektra_models.backend import Feed
from tektra_models.engine import Engine
from tektra_models.errors import ModelError
from tektra_models.generation import Prompt, Sampling
from tektra_models.scripted import ScriptedBackend
from tektra_models.spec import Spec
from tektra_models.starter import MODEL_PATH
from tektra_models.worker import Loop, Wire
from tests.ggufs import write_gguf

PATIENCE = 60
HELLO = Prompt(messages=[{"role": "user", "content": "hello"}])
GREEDY = Sampling(temperature=0.0)
WORKER = [sys.executable, "-m", "tektra_models.worker"]


class Failing(ScriptedBackend):
    """A backend that cannot compute."""

    def decode(self, feeds: list[Feed]) -> list[int | None]:
        raise ModelError("could not compute the batch")


class Process:
    """A worker and our end of its socket pair."""

    def __init__(self) -> None:
        self.sock, theirs = socket.socketpair()
        self.sock.settimeout(PATIENCE)
        with theirs:
            self.popen = subprocess.Popen(
                [*WORKER, str(theirs.fileno())], pass_fds=(theirs.fileno(),), stderr=subprocess.PIPE, text=True
            )
        self._stream = self.sock.makefile("rb")

    def send(self, *out: frames.ToWorker) -> None:
        self.sock.sendall(b"".join(map(frames.encode, out)))

    def receive(self) -> frames.FromWorker | None:
        """The next frame that is no Gauge; None when the worker is gone."""
        while prefix := self._stream.read(frames.LENGTH_BYTES):
            frame = frames.decode_from_worker(self._stream.read(frames.read_length(prefix)))
            if not isinstance(frame, frames.Gauge):
                return frame
        return None

    def load(self, path: Path, **fields: Any) -> frames.FromWorker | None:
        backend = "scripted" if path.name.endswith(".scripted.json") else "llamacpp"
        spec = Spec(name="m", path=str(path), threads=1, backend=backend, **({"context": 512} | fields))
        self.send(frames.Load(version=frames.VERSION, spec=spec))
        return self.receive()

    def answer(self, request: str) -> tuple[str, frames.FromWorker | None]:
        """Text of one request up to the frame that is no Piece of it."""
        text = ""
        while isinstance(frame := self.receive(), frames.Piece):
            assert frame.id == request
            text += frame.delta.text
        return text, frame

    def ending(self) -> tuple[int, str]:
        """Wait for the process; its exit code and what it wrote to stderr."""
        _, errors = self.popen.communicate(timeout=PATIENCE)
        return self.popen.returncode, errors

    def close(self) -> None:
        self._stream.close()
        self.sock.close()
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.communicate(timeout=PATIENCE)


@pytest.fixture
def worker() -> Iterator[Process]:
    process = Process()
    yield process
    process.close()


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A model that counts for ever or crashes when it is asked to, and else says hello."""
    path = tmp_path / "m.scripted.json"
    replies = [
        {"when": "forever", "say": "1234567890", "forever": True},
        {"when": "crash", "say": "abcdef", "abort": 3},
        {"say": "hello"},
    ]
    path.write_text(json.dumps({"schema": "tektra.scripted/1", "replies": replies, "context": 1 << 30}))
    return path


def ask(request: str, text: str = "x", sampling: Sampling = GREEDY) -> frames.Generate:
    return frames.Generate(id=request, prompt=Prompt(text=text), sampling=sampling)


def test_the_built_in_model_loads_answers_embeds_counts_and_stops(worker: Process) -> None:
    loaded = worker.load(MODEL_PATH)
    assert isinstance(loaded, frames.Loaded)
    assert (loaded.info.context, loaded.info.slots, loaded.info.can_generate) == (512, 8, True)
    worker.send(frames.Count(id="c", prompt=HELLO))
    counted = worker.receive()
    assert isinstance(counted, frames.Counted)
    worker.send(frames.Generate(id="g", prompt=HELLO, sampling=GREEDY))
    assert worker.receive() == frames.Began(id="g", prompt_tokens=counted.tokens)
    text, ended = worker.answer("g")
    assert text
    assert isinstance(ended, frames.Ended)
    assert ended.finish.usage.prompt_tokens == counted.tokens
    worker.send(frames.Embed(id="e", inputs=[Prompt(text="a"), Prompt(text="b")]))
    embedded = worker.receive()
    assert isinstance(embedded, frames.Embedded)
    assert len(embedded.embedding.vectors) == 2
    worker.send(frames.Stop())
    assert worker.receive() is None
    assert worker.ending()[0] == 0


def test_a_cancelled_answer_ends_while_others_go_on(worker: Process, script: Path) -> None:
    worker.load(script, context=1 << 20)
    worker.send(ask("endless", "forever"))
    assert isinstance(worker.receive(), frames.Began)
    assert isinstance(worker.receive(), frames.Piece)
    worker.send(frames.Cancel(id="endless"), ask("short"))
    texts = {"endless": "", "short": ""}
    ends: dict[str, frames.Ended] = {}
    while len(ends) < 2:
        frame = worker.receive()
        if isinstance(frame, frames.Piece):
            texts[frame.id] += frame.delta.text
        elif isinstance(frame, frames.Ended):
            ends[frame.id] = frame
    assert ends["endless"].finish.reason == "cancelled"
    assert (texts["short"], ends["short"].finish.reason) == ("hello", "stop")


def test_an_unknown_cancel_is_no_mistake(worker: Process, script: Path) -> None:
    worker.load(script)
    worker.send(frames.Cancel(id="nobody"), ask("a"))
    assert worker.receive() == frames.Began(id="a", prompt_tokens=1)
    assert worker.answer("a")[0] == "hello"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (ask("r", ""), "bad_request"),
        (ask("r", "x" * 600), "context_length_exceeded"),
        (frames.Count(id="r", prompt=Prompt(messages=[{"tool_calls": 5}])), "template_failed"),
        (frames.Embed(id="r", inputs=[Prompt(text="a"), Prompt(text="x" * 600)]), "context_length_exceeded"),
    ],
    ids=["empty", "too long", "template", "too long to embed"],
)
def test_a_request_that_cannot_be_done_is_refused_and_the_next_one_served(
    worker: Process, script: Path, request_: frames.ToWorker, code: str
) -> None:
    worker.load(script)
    worker.send(request_)
    refused = worker.receive()
    assert isinstance(refused, frames.Refused)
    assert (refused.id, refused.code) == ("r", code)
    assert refused.message
    worker.send(ask("next"))
    worker.receive()
    assert worker.answer("next")[0] == "hello"


def test_a_call_that_no_frame_could_hold_is_passed_on_as_text(worker: Process, script: Path) -> None:
    call = '<tool_call>{"name": "f", "arguments": {"a": "\\ud800"}}</tool_call>'
    script.write_text(json.dumps({"schema": "tektra.scripted/1", "replies": [{"say": call}]}))
    worker.load(script)
    prompt = Prompt(text="x", tools=[{"type": "function", "function": {"name": "f"}}])
    worker.send(frames.Generate(id="a", prompt=prompt, sampling=GREEDY))
    worker.receive()
    text, ended = worker.answer("a")
    assert text == call
    assert isinstance(ended, frames.Ended)


@pytest.mark.parametrize(
    "first",
    [frames.Stop(), ask("a"), frames.Load(version=frames.VERSION + 1, spec=Spec(name="m", path="/m"))],
    ids=["stop", "generate", "other version"],
)
def test_whoever_does_not_begin_with_load_is_refused(worker: Process, first: frames.ToWorker) -> None:
    worker.send(first)
    refused = worker.receive()
    assert isinstance(refused, frames.Refused)
    assert refused.code == "bad_frame"
    assert worker.ending()[0] == 0


def test_a_second_load_is_refused_and_the_model_stays(worker: Process, script: Path) -> None:
    worker.load(script)
    assert isinstance(worker.load(script), frames.Refused)
    worker.send(ask("a"))
    worker.receive()
    assert worker.answer("a")[0] == "hello"


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xff\xff\xff",
        b"GET / HTTP/1.1\r\n\r\n",
        (0).to_bytes(4, "big"),
        (3).to_bytes(4, "big") + b"abc",
        (200_001).to_bytes(4, "big") + b"\x91" * 200_000 + b"\x01",
        frames.encode(frames.Gauge(running=1, waiting=1)),
    ],
    ids=["length", "http", "empty", "text", "deep", "a frame of the other side"],
)
@pytest.mark.parametrize("loaded", [False, True], ids=["before load", "after load"])
def test_garbage_ends_the_worker(worker: Process, script: Path, garbage: bytes, loaded: bool) -> None:
    if loaded:
        worker.load(script)
    worker.sock.sendall(garbage)
    assert worker.receive() is None
    _, errors = worker.ending()
    assert errors.startswith("worker: ")
    assert "Traceback" not in errors


def hostile(path: Path) -> dict[str, bytes]:
    good = write_gguf(path / "good.gguf").read_bytes()
    count = (10**15).to_bytes(8, "little")
    return {
        "empty": b"",
        "text": b"This is no model.\n" * 100,
        "magic only": b"GGUF",
        "cut in the header": good[:200],
        "cut in the weights": good[: len(good) - 1000],
        "a billion keys": good[:16] + count + good[24:],
        "a billion tensors": good[:8] + count + good[16:],
        "an old version": good[:4] + b"\x01" + good[5:],
        "zeros": bytes(100_000),
    }


@pytest.mark.parametrize(
    "kind",
    [
        "empty", "text", "magic only", "cut in the header", "cut in the weights", "a billion keys",
        "a billion tensors", "an old version", "zeros",
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_in_words(worker: Process, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(hostile(tmp_path)[kind])
    refused = worker.load(path)
    assert isinstance(refused, frames.Refused)
    assert (refused.id, refused.code) == ("", "bad_model_file")
    assert str(path) in refused.message
    assert worker.ending()[0] == 0


def test_a_missing_file_is_refused_in_words(worker: Process, tmp_path: Path) -> None:
    refused = worker.load(tmp_path / "missing.gguf")
    assert isinstance(refused, frames.Refused)
    assert refused.code == "model_missing"


def test_a_file_that_only_llama_cpp_can_judge_is_a_failed_load_or_a_death_of_its_own(
    worker: Process, tmp_path: Path
) -> None:
    answer = worker.load(write_gguf(tmp_path / "odd.gguf", architecture="nosucharchitecture"))
    if answer is not None:
        assert isinstance(answer, frames.Refused)
        assert answer.code in ("load_failed", "bad_model_file")
    worker.ending()


def test_a_failed_step_is_told_to_everybody_it_concerns(script: Path) -> None:
    spec = Spec(name="m", path=str(script), backend="scripted", slots=1)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire = Wire(theirs)
        for frame in (ask("a"), ask("b"), frames.Stop()):
            wire.inbox.put(frame)
        Loop(wire, Engine(Failing(spec), spec)).run()
        theirs.shutdown(socket.SHUT_WR)
        with ours.makefile("rb") as stream:
            said = [
                frames.decode_from_worker(stream.read(int.from_bytes(p))) for p in iter(lambda: stream.read(4), b"")
            ]
    refused = {frame.id: frame.code for frame in said if isinstance(frame, frames.Refused)}
    assert refused == {"a": "model_error", "b": "model_error"}


def test_a_crash_in_an_answer_is_an_abort_after_its_pieces(worker: Process, script: Path) -> None:
    worker.load(script)
    worker.send(ask("a", "crash"))
    assert isinstance(worker.receive(), frames.Began)
    assert worker.answer("a") == ("abc", None)
    assert worker.ending()[0] == -signal.SIGABRT


def test_a_killed_worker_leaves_nothing_but_a_closed_socket(worker: Process, script: Path) -> None:
    worker.load(script, context=1 << 20)
    worker.send(ask("a", "forever"))
    worker.receive()
    worker.popen.kill()
    assert worker.answer("a")[1] is None
    assert worker.ending()[0] == -signal.SIGKILL


def test_an_interrupt_from_the_terminal_does_not_reach_an_answer(worker: Process, script: Path) -> None:
    worker.load(script)
    worker.popen.send_signal(signal.SIGINT)
    worker.send(ask("a"))
    worker.receive()
    assert worker.answer("a")[0] == "hello"


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "in an endless answer"])
def test_a_worker_whose_socket_is_closed_ends(worker: Process, script: Path, busy: bool) -> None:
    worker.load(script, context=1 << 20)
    if busy:
        worker.send(ask("a", "forever"))
        assert isinstance(worker.receive(), frames.Began)
    worker.sock.shutdown(socket.SHUT_RDWR)
    assert worker.ending()[0] == 0


PARENT = """
import os, socket, subprocess, sys
from tektra_models import frames
from tektra_models.generation import Prompt, Sampling
from tektra_models.spec import Spec

ours, theirs = socket.socketpair()
held = os.dup(ours.fileno())
os.set_inheritable(held, True)
worker = subprocess.Popen(
    [sys.executable, "-m", "tektra_models.worker", str(theirs.fileno())], pass_fds=(theirs.fileno(), held)
)
theirs.close()
spec = Spec(name="m", path=sys.argv[1], backend="scripted", context=1 << 20)
ours.sendall(frames.encode(frames.Load(version=frames.VERSION, spec=spec)))
ours.recv(4)
if sys.argv[2] == "busy":
    ours.sendall(frames.encode(frames.Generate(id="a", prompt=Prompt(text="forever"), sampling=Sampling())))
    ours.recv(1 << 16)
print(worker.pid, flush=True)
while ours.recv(1 << 16):
    pass
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the closed socket ends a worker")
@pytest.mark.parametrize("state", ["idle", "busy"])
def test_a_worker_dies_with_its_killed_parent_even_when_the_socket_stays_open(script: Path, state: str) -> None:
    """The worker holds a copy of the parent's end, so that only the kernel can tell it."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(script), state], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        assert worker.ppid() == parent.pid
        parent.kill()
    _, alive = psutil.wait_procs([worker], PATIENCE)
    for survivor in alive:
        survivor.kill()
    assert not alive


COMPARISON = (
    "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(80) %}"
    "{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}"
)


def test_a_template_that_no_alarm_can_reach_ends_its_process() -> None:
    program = (
        "import sys\nfrom tektra_models import chat_format, template_sandbox\ntemplate_sandbox.RENDER_SECONDS = 0.2\n"
        "chat_format.ChatFormat(sys.argv[1]).render([])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, COMPARISON], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Timeout")


def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m tektra_models` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "tektra_models", *args],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=os.environ | env,
    )


def test_the_first_door_answers_a_prompt() -> None:
    done = run(str(MODEL_PATH), "hello", "--threads", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()
    assert done.stdout == run("--threads", "1").stdout


def test_the_first_door_says_what_a_script_says(script: Path) -> None:
    done = run(str(script), "what?")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n", "")


def test_the_first_door_continues_raw_text_up_to_a_number_of_tokens(script: Path) -> None:
    assert run(str(script), "forever", "--raw", "--max-tokens", "4").stdout == "1234\n"


@pytest.mark.parametrize("streams", [1, 3])
def test_the_first_door_measures_and_prints_json(streams: int) -> None:
    done = run(str(MODEL_PATH), "--bench", "--threads", "1", "--max-tokens", "8", "--streams", str(streams))
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert report["schema"] == "tektra.bench/1"
    assert (report["streams"], report["prompt_tokens"]) == (streams, 128 * streams)
    assert report["completion_tokens"] == 8 * streams
    assert report["decode_tokens_per_s"] > 0


@pytest.mark.parametrize("content", [None, b"", b"text"], ids=["missing", "empty", "text"])
def test_the_first_door_says_what_is_wrong_with_a_file(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "m.gguf"
    if content is not None:
        path.write_bytes(content)
    done = run(str(path), "hello")
    assert (done.returncode, done.stdout) == (1, "")
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr


def test_the_first_door_refuses_a_prompt_that_is_too_long() -> None:
    done = run(str(MODEL_PATH), "hello " * 500, "--context", "256", "--threads", "1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "256" in done.stderr


@pytest.mark.parametrize("option", ["--streams", "--context", "--max-tokens"])
def test_the_first_door_refuses_numbers_below_one(option: str) -> None:
    done = run(option, "0")
    assert done.returncode == 2
    assert "must be at least 1" in done.stderr


def test_the_first_door_ends_quietly_when_nobody_reads_on(script: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tektra_models", str(script), "forever", "--context", str(1 << 20)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as door:
        assert door.stdout is not None
        assert door.stdout.read(3) == "123"
        door.stdout.close()
        assert door.stderr is not None
        assert door.stderr.read() == ""
    assert door.returncode == -signal.SIGPIPE
