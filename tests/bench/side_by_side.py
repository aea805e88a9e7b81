"""Measures Tektra, its peers and the bare loop in turn, workload by workload."""

from __future__ import annotations

import http.client
import itertools
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psutil

from tests.bench.bare import bare
from tests.bench.comparison import FLOOR, OURS, Figures, Runs
from tests.bench.drafts import EDITED
from tests.bench.llama_cpp_server import NAME as EXAMPLE
from tests.bench.llama_cpp_server import llama_cpp_server
from tests.bench.llama_server import NAME as NATIVE
from tests.bench.llama_server import llama_server
from tests.bench.random_model import Shape, random_gguf
from tests.bench.requests import Server, at_once, benchmarked
from tests.bench.restart import remembering, restarted
from tests.bench.servers import Peer, settle
from tests.bench.tuned import tuned_tektra
from tests.bench.workloads import (
    OWN_TOKENS,
    Sizes,
    Texts,
    eight_streams,
    likely_tokens,
    long_prompt_beside,
    one_stream,
    read_and_written,
    repeated_text,
    schema_calls,
    shared_beginning,
)

CONTEXT = 16384
"""Of Tektra, whose sequences share all cells; eight slots of llama-server have 40,960 between them."""
SPECULATING = f"{NATIVE} --spec-default"
FIRST_CALL = "first call"
"""Not compared: it lets every server read its grammar once."""
UNDER_LOAD = ("one stream", "eight streams", "shared beginning", "schema")
HELD = {"same text": 0, "edited text": EDITED, "new text": 1}
"""How often a token of the text that the prompt holds is another: never, once in so many, always."""
FAILURES = (
    RuntimeError,
    OSError,
    LookupError,
    AssertionError,
    http.client.HTTPException,
    subprocess.SubprocessError,
    psutil.Error,
)
"""What one server can do wrong; the others are measured all the same."""
Measure = Callable[[Texts], Figures]
Servers = dict[str, Server]


class SideBySide:
    """All that was measured so far, and what failed."""

    def __init__(self, cache: Path, pairs: int, sizes: Sizes, only: frozenset[str]) -> None:
        self._cache, self._pairs, self._sizes, self._only = cache, pairs, sizes, only
        self._numbers = itertools.count()
        self.runs: dict[str, Runs] = {}
        self.commands: dict[str, str] = {}
        self.failures: list[str] = []

    def measure(self, model: Path, counting: Path, shape: Shape) -> None:
        """Everything that is wanted; what fails leaves the rest as it is."""
        groups: dict[str, tuple[Collection[str], Callable[[], None]]] = {
            "under load": (UNDER_LOAD, lambda: self._under_load(model)),
            "counting": (("long prompt", *HELD), lambda: self._counting(counting)),
            "after a restart": (("restart",), lambda: self._after_restart(model)),
            "tuned": (("tuned",), lambda: self._tuned(shape)),
        }
        for name, (workloads, measure) in groups.items():
            if not self._only.isdisjoint(workloads):
                with self._noted(name):
                    measure()

    def _under_load(self, model: Path) -> None:
        """One stream and eight, common beginnings, calls; our server without drafts.

        Random weights repeat themselves, which drafts would make look fast.
        """
        sizes = self._sizes
        with ExitStack() as stack:
            tektra = stack.enter_context(benchmarked(model, CONTEXT))
            native = self._started(stack, llama_server(self._cache, model))
            example = self._started(stack, llama_cpp_server(self._cache, model))
            servers: Servers = {OURS: tektra, NATIVE: native, EXAMPLE: example}
            likely = likely_tokens(model)
            calls = self._each(partial(schema_calls, likely, "json_schema"), servers)
            calls[EXAMPLE] = partial(schema_calls, likely, "json_object", example, sizes)
            self._take(FIRST_CALL, calls, servers, pairs=1)
            one = self._each(one_stream, servers) | _floor(model, 1, sizes.prompt, sizes.written)
            self._take("one stream", one, servers)
            eight = self._each(eight_streams, servers) | _floor(model, 8, sizes.short_prompt, sizes.written)
            self._take("eight streams", eight, servers)
            shared = self._each(shared_beginning, servers) | _floor(model, 1, sizes.shared + OWN_TOKENS, 1)
            self._take("shared beginning", shared, servers)
            self._take("schema", calls, servers)

    def _counting(self, model: Path) -> None:
        """A long prompt beside answers, and texts that the prompt holds, with a model that counts.

        Prompts are tokens, which llama_cpp.server does not take; it would also write the four one after the other.
        """
        with ExitStack() as stack:
            tektra = stack.enter_context(benchmarked(model, CONTEXT, TEKTRA_DRAFTS="15"))
            native = self._started(stack, llama_server(self._cache, model))
            drafting = self._started(stack, llama_server(self._cache, model, "--spec-default"))
            servers: Servers = {OURS: tektra, NATIVE: native}
            beside = self._each(long_prompt_beside, servers) | _floor(model, 1, self._sizes.long_prompt, 1)
            self._take("long prompt", beside, servers)
            servers[SPECULATING] = drafting
            alone = _floor(model, 1, self._sizes.repeated, self._sizes.repeated)
            for name, edited in HELD.items():
                self._take(name, self._each(partial(repeated_text, edited), servers) | alone, servers)

    def _after_restart(self, model: Path) -> None:
        """The next turn of a long conversation, the server just started and the model not loaded."""
        said = Texts(next(self._numbers)).of(self._sizes.conversation)
        with ExitStack() as stack:
            tektra = stack.enter_context(remembering(model))
            native = stack.enter_context(llama_server(self._cache, model))
            example = stack.enter_context(llama_cpp_server(self._cache, model))
            at_once(tektra, [said], 2)

            def ours(texts: Texts) -> Figures:
                started = restarted(tektra)
                (usage,), took = at_once(tektra, [said + texts.of(OWN_TOKENS)], 1)
                known = usage["prompt_tokens_details"]["cached_tokens"]
                return {"first_token_s": took, "with_start_s": started + took, "cached_tokens": known}

            def theirs(peer: Peer, texts: Texts) -> Figures:
                started = peer.start()
                _, took = at_once(peer, [said + texts.of(OWN_TOKENS)], 1)
                peer.stop()
                return {"first_token_s": started + took, "with_start_s": started + took}

            def floor(_: Texts) -> Figures:
                measured = bare(model, 1, OWN_TOKENS, 1)
                return {"first_token_s": measured["load_s"] + measured["first_token_s"]}

            peers: dict[str, Measure] = {NATIVE: partial(theirs, native), EXAMPLE: partial(theirs, example)}
            self._take("restart", {OURS: ours, **peers, FLOOR: floor}, {OURS: tektra})

    def _tuned(self, shape: Shape) -> None:
        """The type and the settings that tuning chose, and the peer on the customary Q4_K_M of the same shape."""
        customary = random_gguf(shape, self._cache)
        with tuned_tektra(self._cache, shape) as (tektra, tuning), ExitStack() as stack:
            self.commands["tuned"] = f"tektra models tune: {tuning['preferred']['4-bit']}"
            native = self._started(stack, llama_server(self._cache, customary))
            servers: Servers = {OURS: tektra, NATIVE: native}
            self._take("tuned", self._each(read_and_written, servers), servers)

    def _each(self, workload: Callable[[Server, Sizes, Texts], Figures], servers: Servers) -> dict[str, Measure]:
        return {name: partial(workload, server, self._sizes) for name, server in servers.items()}

    def _take(self, name: str, measures: Mapping[str, Measure], servers: Servers, pairs: int | None = None) -> None:
        """Measure all in turn, pair by pair; after a failure the whole pairs before it stay."""
        if name not in self._only | {FIRST_CALL}:
            return
        taken: dict[str, list[Figures]] = {server: [] for server in measures}
        self.runs[name] = taken
        pairs = pairs or self._pairs
        for pair in range(1, pairs + 1):
            number = next(self._numbers)
            measured: dict[str, Figures] = {}
            for server, measure in measures.items():
                say(f"{name}, {pair} of {pairs}: {server}")
                with self._noted(f"{name}, {server}"):
                    settle(servers.values())
                    measured[server] = measure(Texts(number))
                if server not in measured:
                    return
                say("    " + ", ".join(f"{figure} {value:.4g}" for figure, value in measured[server].items()))
            for server, figures in measured.items():
                taken[server].append(figures)

    @contextmanager
    def _noted(self, what: str) -> Iterator[None]:
        """Note a failure and go on."""
        try:
            yield
        except FAILURES as error:
            self.failures.append(f"{what}: {error}")
            say(f"failed: {what}: {error}")

    def _started(self, stack: ExitStack, entering: AbstractContextManager[Peer]) -> Peer:
        peer = stack.enter_context(entering)
        say(f"starting {' '.join(peer.command)}")
        peer.start()
        self.commands[peer.name] = " ".join(peer.command)
        return peer


def _floor(model: Path, streams: int, read: int, written: int) -> dict[str, Measure]:
    return {FLOOR: lambda _: bare(model, streams, read, written)}


def say(text: str) -> None:
    """Tell whoever waits."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
