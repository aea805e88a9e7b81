"""The worker process: read frames, step the engine, write frames. Holds one model; dies with its parent.

Started as `python -m tektra_models.worker FD` with one end of a socket pair. One thread reads frames into a queue, the
main thread computes. When the daemon goes away the socket ends (and on Linux the kernel sends SIGKILL), so that no
worker outlives it, not even in the middle of a long computation.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tektra_models import frames
from tektra_models.backend import Backend
from tektra_models.chat_format import template_digest
from tektra_models.engine import Engine, Event
from tektra_models.errors import LoadFailed, ModelError
from tektra_models.generation import Delta, Embedding, Ranking, Usage
from tektra_models.kv_store import KvStore
from tektra_models.spec import Spec

PR_SET_PDEATHSIG = 1
QUIET_SECONDS = 1.0
"""For which nobody wants anything before something is written to disk."""
COMPANY_S, ALONE_S = 0.01, 0.002
"""How long an idle worker waits for requests beside the first: in all, and while none comes."""


def open_backend(spec: Spec) -> Backend:
    """Load the model that `spec` names; raises a ModelError."""
    if spec.backend == "scripted":
        from tektra_models.scripted import ScriptedBackend

        return ScriptedBackend(spec)
    if spec.backend == "huggingface":
        return _open_transformers(spec)
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")  # read as the library loads: an abort must not start a debugger
    from tektra_models import attention
    from tektra_models.adapters import check_adapter
    from tektra_models.gguf import read_header
    from tektra_models.llamacpp import LlamaCppBackend

    header = read_header(spec.path)
    for adapter in spec.adapters:
        check_adapter(read_header(adapter.path), header)
    return LlamaCppBackend(attention.settled(spec, header), header)


def _open_transformers(spec: Spec) -> Backend:
    try:
        from tektra_models.huggingface import HuggingFaceBackend
    except ImportError as error:
        raise LoadFailed(
            f'"{spec.name}" is a folder of a transformers model, and what runs those is not installed ({error.name})',
            "Install it: pip install 'tektra-cli[torch]'. Or use a GGUF version of the model.",
        ) from error
    return HuggingFaceBackend(spec)


def open_states(spec: Spec, layout: str) -> KvStore | None:
    """Where this model's attention states of this layout are kept; None where they are not, or cannot be."""
    if not spec.states_dir or spec.backend == "scripted":
        return None
    programs = ("llama-cpp-python",) if spec.backend == "llamacpp" else ("torch", "transformers")
    computed_by = " ".join(f"{name} {version(name)}" for name in programs)
    try:
        return KvStore(Path(spec.states_dir), f"{spec.digest} {computed_by} {layout}", spec.states_bytes)
    except OSError as error:
        sys.stderr.write(f"worker: attention states cannot be kept in {spec.states_dir}: {error}\n")
        return None


def die_with_parent() -> None:
    """Ask the kernel for SIGKILL when the parent dies (Linux); elsewhere the closed socket has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Wire:
    """The worker's end of the socket pair: frames in through a queue, frames out in one write per step."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._stream = sock.makefile("rb")
        self.inbox: queue.SimpleQueue[frames.ToWorker] = queue.SimpleQueue()

    def listen(self) -> None:
        """Read frames for ever; when the daemon is gone or talks nonsense, the process ends at once."""
        try:
            while prefix := self._stream.read(frames.LENGTH_BYTES):
                body = self._stream.read(frames.read_length(prefix))
                self.inbox.put(frames.decode_to_worker(body))
        except frames.BadFrame as error:
            sys.stderr.write(f"worker: {error}\n")
        finally:
            os._exit(0)

    def send(self, *out: frames.FromWorker) -> None:
        """Write frames; the process ends when nobody is left to read them."""
        try:
            self._sock.sendall(b"".join(map(frames.encode, out)))
        except OSError:
            os._exit(0)


@dataclass(slots=True)
class PooledJob:
    """Inputs that become vectors or scores, one between two steps, so that nobody else waits for all of them."""

    rows: list[list[int]]
    compute: Callable[[list[int]], Any]
    answer: Callable[[list[Any], Usage], frames.FromWorker]
    results: list[Any] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether all is computed."""
        return len(self.results) == len(self.rows)

    def compute_one(self) -> None:
        """Compute the next of them."""
        if not self.done:
            self.results.append(self.compute(self.rows[len(self.results)]))

    @property
    def frame(self) -> frames.FromWorker:
        """All of them, with what they took."""
        return self.answer(self.results, Usage(prompt_tokens=sum(map(len, self.rows))))


class Loop:
    """Takes frames from the wire and drives one engine."""

    def __init__(self, wire: Wire, engine: Engine) -> None:
        self._wire = wire
        self._engine = engine
        self._gauge = (0, 0)
        self._jobs: dict[str, PooledJob] = {}
        self._stopping = False
        self._unkept = False

    def run(self) -> None:
        """Serve until a Stop frame."""
        while not self._stopping:
            self._take_frames()
            if self._engine.running or self._engine.waiting:
                self._step()
            if self._jobs:
                self._compute_one()
            self._report()
        self._engine.recall.close()

    def _take_frames(self) -> None:
        """Answer all frames that have come; wait for one only when there is nothing to compute.

        What was computed is written to disk while nobody wants anything.
        """
        idle = not (self._engine.running or self._engine.waiting or self._jobs)
        while idle or not self._wire.inbox.empty():
            try:
                self._answer(self._wire.inbox.get(timeout=QUIET_SECONDS if self._unkept else None))
            except queue.Empty:
                self._unkept = self._engine.recall.tidy_one()
                continue
            self._unkept = True
            if idle and self._engine.waiting:
                self._wait_for_company()
            idle = False

    def _wait_for_company(self) -> None:
        """Take what was sent at the same time: a request that begins alone is a step ahead of the others to its end."""
        until = time.monotonic() + COMPANY_S
        with contextlib.suppress(queue.Empty):
            while (left := until - time.monotonic()) > 0:
                self._answer(self._wire.inbox.get(timeout=min(left, ALONE_S)))

    def _answer(self, frame: frames.ToWorker) -> None:
        match frame:
            case frames.Stop():
                self._stopping = True
            case frames.Forget(id=request):
                self._engine.recall.forget()
                self._wire.send(frames.Forgotten(id=request))
            case frames.Cancel(id=request):
                self._jobs.pop(request, None)
                self._send_events(self._engine.cancel(request))
            case frames.Generate() | frames.Embed() | frames.Rank() | frames.Count():
                try:
                    self._wire.send(*self._begin(frame))
                except ModelError as error:
                    self._wire.send(refusal(frame.id, error))
            case frames.Load():
                self._wire.send(frames.Refused(id="", code="bad_frame", message="a model is already loaded", hint=""))

    def _begin(self, frame: frames.Generate | frames.Embed | frames.Rank | frames.Count) -> list[frames.FromWorker]:
        match frame:
            case frames.Generate(id=request, prompt=prompt, sampling=sampling, party=party):
                return [frames.Began(id=request, prompt_tokens=self._engine.add(request, prompt, sampling, party))]
            case frames.Embed():
                self._jobs[frame.id] = self._embedding(frame)
                return []
            case frames.Rank():
                self._jobs[frame.id] = self._ranking(frame)
                return []
            case frames.Count(id=request, prompt=prompt):
                return [frames.Counted(id=request, tokens=len(self._engine.tokens(prompt)))]

    def _embedding(self, frame: frames.Embed) -> PooledJob:
        def answer(vectors: list[list[float]], usage: Usage) -> frames.FromWorker:
            return frames.Embedded(id=frame.id, embedding=Embedding(vectors=vectors, usage=usage))

        rows = [self._engine.tokens(prompt) for prompt in frame.inputs]
        return PooledJob(rows, lambda tokens: self._engine.embed(tokens, frame.pooling), answer)

    def _ranking(self, frame: frames.Rank) -> PooledJob:
        def answer(scores: list[float], usage: Usage) -> frames.FromWorker:
            return frames.Ranked(id=frame.id, ranking=Ranking(scores=scores, usage=usage))

        backend = self._engine.backend
        return PooledJob([backend.rank_tokens(frame.query, text) for text in frame.documents], backend.rank, answer)

    def _compute_one(self) -> None:
        """Compute one more input of the oldest job."""
        request, job = next(iter(self._jobs.items()))
        try:
            job.compute_one()
            if job.done:
                del self._jobs[request]
                self._wire.send(job.frame)
        except ModelError as error:
            self._jobs.pop(request, None)
            self._wire.send(refusal(request, error))

    def _step(self) -> None:
        try:
            self._send_events(self._engine.step())
        except ModelError as error:
            self._wire.send(*(refusal(request, error) for request in self._engine.fail_all()))

    def _send_events(self, events: list[Event]) -> None:
        if events:
            self._wire.send(*(to_frame(event) for event in events))

    def _report(self) -> None:
        gauge = (self._engine.running, self._engine.waiting)
        if gauge != self._gauge:
            self._gauge = gauge
            self._wire.send(frames.Gauge(running=gauge[0], waiting=gauge[1]))


def to_frame(event: Event) -> frames.FromWorker:
    """Wrap what the engine said into its frame."""
    request, said = event
    if isinstance(said, Delta):
        return frames.Piece(id=request, delta=said)
    if isinstance(said, ModelError):
        return refusal(request, said)
    return frames.Ended(id=request, finish=said)


def refusal(request: str, error: ModelError) -> frames.Refused:
    """Wrap an error into its frame."""
    return frames.Refused(id=request, code=error.code, message=error.message, hint=error.hint)


def serve(sock: socket.socket) -> None:
    """Load what the first frame names, then serve until told to stop."""
    wire = Wire(sock)
    threading.Thread(target=wire.listen, name="frames", daemon=True).start()
    first = wire.inbox.get()
    if not isinstance(first, frames.Load) or first.version != frames.VERSION:
        wire.send(frames.Refused(id="", code="bad_frame", message="the first frame must be Load", hint=""))
        return
    started = time.monotonic()
    try:
        backend = open_backend(first.spec)
    except ModelError as error:
        wire.send(refusal("", error))
        return
    info = frames.ModelInfo(
        context=backend.context,
        slots=first.spec.slots,
        vocabulary=backend.vocabulary,
        can_generate=backend.can_generate,
        can_embed=backend.can_embed,
        can_rank=backend.can_rank,
        template=template_digest(backend.chat_template),
    )
    wire.send(frames.Loaded(info=info, load_seconds=time.monotonic() - started))
    Loop(wire, Engine(backend, first.spec, states=open_states(first.spec, backend.layout))).run()
    backend.close()


def main() -> None:
    """Entry point of the process."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C in a terminal reaches the whole group; the daemon decides
    with socket.socket(fileno=int(sys.argv[1])) as sock:
        serve(sock)


if __name__ == "__main__":
    main()
