"""The process that times: `python -m tektra_models.tuner JOB`, with a job as JSON.

It dies with its parent, says one JSON object a line, leaves its files to its parent, and can be killed at any time.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import psutil

from tektra_models import attention
from tektra_models.blobs import ensure_room, write_failed
from tektra_models.errors import LoadFailed, ModelError, Unsupported
from tektra_models.gguf import read_header
from tektra_models.llamacpp import LlamaCppBackend
from tektra_models.llamacpp_quantize import quantize_file
from tektra_models.machine import cores
from tektra_models.quantize import TYPES
from tektra_models.random_weights import cut, half_b, shape_of, write_random
from tektra_models.spec import Spec
from tektra_models.timing import LEAST_PROMPT, TIMES_AS_DEEP, WINDOW, WRITTEN, Stopwatch, perplexity, tokens_of
from tektra_models.tune import Found, Job, Progress, Refused, Said
from tektra_models.tuning import (
    CUSTOMARY,
    Best,
    Setting,
    Speed,
    Text,
    Timed,
    Trial,
    Tuning,
    best_settings,
    class_of,
    noticeably_faster,
    ranked,
)
from tektra_models.worker import die_with_parent

MOST_WEIGHTS = 500_000_000
BYTES_A_WEIGHT = 4
"""Memory that a weight may take while it is timed: in the file, repacked, and in the file that is written next."""
FOR_TYPES = 0.6
"""The share of the time that goes to types; the rest goes to settings."""
PATIENCE = 3
"""How many times its share of the time a prompt may take, before all that follow are shorter."""

MOST_CHARACTERS = 256 << 10
"""Of a text; far more than as many tokens as are looked at."""

Values = list[tuple[Setting, int | str]]


class Files:
    """The files of all types: of random weights, or, where a text is to be read, of the model itself."""

    def __init__(self, job: Job) -> None:
        self._folder = Path(job.folder)
        self._source = job.path or ""
        header = read_header(job.path) if job.path is not None else None
        self.whole = half_b() if header is None else shape_of(header, job.name or "")
        self.real = job.text is not None or job.own_text
        self.shape = self.whole if self.real else cut(self.whole, _affordable())
        self.original = (header.quantization if header is not None else None) or ""
        self.context_train = (header.context_train if header is not None else None) or sys.maxsize

    def of(self, quantization: str) -> str:
        """Where a file of that type lies, made if it is not there; raises a ModelError."""
        if self.real and quantization == self.original:
            return self._source
        path = self._path(quantization)
        if not path.exists():
            self._make(quantization, path)
        return str(path)

    def drop(self, quantization: str) -> None:
        """Remove a file that is not needed any more."""
        self._path(quantization).unlink(missing_ok=True)

    def _path(self, quantization: str) -> Path:
        return self._folder / f"{quantization}.gguf"

    def _make(self, quantization: str, path: Path) -> None:
        needed = Path(self._source).stat().st_size if self.real else self.shape.weights
        ensure_room(self._folder, needed, f"a file of type {quantization}")
        try:
            if not self.real:
                write_random(self.shape, quantization, TYPES[quantization], path)
            elif not quantize_file(self._source, str(path), TYPES[quantization], again=True, report=lambda *_: None):
                raise LoadFailed(f"llama.cpp could not quantize {self._source} as {quantization}", "Is the disk full?")
        except OSError as error:
            raise write_failed(error, self._folder, "Nothing was kept.") from error


class Tuner:
    """Does one job."""

    def __init__(self, job: Job, say: Callable[[Said], None]) -> None:
        self._job = job
        self._say = say
        self._load_average = os.getloadavg()[0]
        self._begun = time.monotonic()
        self._files = Files(job)
        batch = max(job.batch, LEAST_PROMPT)
        context = min(max(batch * TIMES_AS_DEEP, WINDOW) + 2 * WRITTEN, self._files.context_train)
        # A file that was cut may be so small that it would get a single thread.
        threads = 0 if self._files.shape.layers == self._files.shape.of_layers else cores()
        self._usual = Spec(name="tuning", path="", context=context, slots=1, batch=batch, threads=threads)
        self._usual_threads = threads
        self._prompt = min(batch, context - WRITTEN)
        self._tokens: list[tuple[int, bool]] = []
        self._text: Text | None = None
        self._speeds: list[Speed] = []
        self._trials: list[Trial] = []
        self._values = _values(batch)
        self._done = 0

    def result(self) -> Tuning:
        """Time all types, then all settings with the best of them; raises a ModelError."""
        self._text = self._read_text() if self._files.real else None
        for quantization in self._job.types:
            self._speeds.append(self._timed_type(quantization))
            for speed in self._speeds:
                if speed.quantization != self._chosen:
                    self._files.drop(speed.quantization)
        for setting, value in sorted(self._values, key=lambda tried: tried != ("threads", self._usual_threads)):
            with suppress(ModelError):  # this model cannot have this setting
                self._trials.append(self._tried(setting, value))
        return Tuning(
            model=self._job.name,
            weights=self._files.whole.weights,
            layers=self._files.shape.layers,
            of_layers=self._files.shape.of_layers,
            speeds=tuple(self._speeds),
            trials=tuple(self._trials),
            chosen=self._chosen,
            best=self._confirmed(best_settings(self._trials)),
            seconds=round(time.monotonic() - self._begun, 1),
            load_average=round(self._load_average, 2),
            text=self._text,
        )

    @property
    def _chosen(self) -> str:
        """The best type so far of the customary class, or of all where none of that class is timed."""
        timed = [speed.quantization for speed in self._speeds]
        alike = [name for name in timed if name in class_of(CUSTOMARY)]
        return ranked(self._speeds, alike or timed)[0].quantization

    def _read_text(self) -> Text:
        """Cut the text into tokens, and see how surprised the model is by it as it is."""
        with self._opened(self._files.original) as backend:
            if self._job.text is None:
                from tektra_models.starter.own_text import own_text

                name, self._tokens = "its own kind of text", tokens_of(backend, own_text(), special=True)
            else:
                name = self._job.text
                with Path(name).open(encoding="utf-8", errors="replace") as file:
                    self._tokens = tokens_of(backend, [(file.read(MOST_CHARACTERS), True)], special=False)
            surprise = perplexity(backend, self._tokens)
        return Text(name=name, tokens=len(self._tokens), original=self._files.original, perplexity=round(surprise, 4))

    def _timed_type(self, quantization: str) -> Speed:
        self._tell(f"timing {quantization}")
        left = len(self._job.types) - len(self._speeds)
        until = self._until(FOR_TYPES, left)
        with self._opened(quantization) as backend:
            self._usual_threads = backend.threads
            prompt_per_s, written_per_s = self._speed(backend, until)
            surprise = self._perplexity(quantization, backend)
        header = read_header(self._files.of(quantization))
        return Speed(
            quantization=quantization,
            prompt_per_s=prompt_per_s,
            written_per_s=written_per_s,
            bits_per_weight=round(header.weights_bytes * 8 / header.parameters, 2),
            perplexity=surprise,
        )

    def _perplexity(self, quantization: str, backend: LlamaCppBackend) -> float | None:
        if self._text is None or quantization == self._text.original:
            return self._text.perplexity if self._text is not None else None
        return round(perplexity(backend, self._tokens), 4)

    def _tried(self, setting: Setting, value: int | str) -> Trial:
        self._tell(f"trying {setting.replace('_', '-')} {value} with {self._chosen}")
        left = len(self._values) - (self._done - len(self._job.types)) + 1
        until = self._until(1.0, left)
        best = best_settings(self._trials)  # of what was tried before
        how: dict[str, int | str] = {
            "micro_batch": best.micro_batch,
            "threads": best.threads or self._usual.threads,
            setting: value,
        }
        with self._opened(self._chosen, **how) as backend:
            prompt_per_s, written_per_s = self._speed(backend, until, deep=True)
        return Trial(setting=setting, value=value, prompt_per_s=prompt_per_s, written_per_s=written_per_s)

    def _confirmed(self, best: Best) -> Best:
        """What was best by itself, if it is better in all as well, measured once more beside the usual."""
        if best == Best():
            return best
        chosen = msgspec.structs.asdict(best) | {"threads": best.threads or self._usual.threads}
        speeds = []
        for how in ({}, chosen):
            with self._opened(self._chosen, **how) as backend:
                prompt_per_s, written_per_s = self._speed(backend, self._until(1.0, 1), deep=True)
            speeds.append(Timed(prompt_per_s=prompt_per_s, written_per_s=written_per_s))
        return best if noticeably_faster(speeds[1], speeds[0]) else Best()

    def _until(self, share: float, left: int) -> float:
        """When the first of so many things that are left has to end, for all to end within this share of the time."""
        now = time.monotonic()
        return now + max(self._begun + self._job.seconds * share - now, 0.0) / left

    def _speed(self, backend: LlamaCppBackend, until: float, *, deep: bool = False) -> tuple[float, float]:
        """Tokens a second, reckoned up where only some layers are there."""
        watch = Stopwatch(backend)
        self._prompt = watch.prompt_length(PATIENCE * (until - time.monotonic()), self._prompt)
        share = self._files.shape.layers / self._files.shape.of_layers
        prompt_per_s, written_per_s = (round(rate * share, 2) for rate in watch.speed(self._prompt, until, deep=deep))
        watch.close()
        return prompt_per_s, written_per_s

    @contextmanager
    def _opened(self, quantization: str, **how: int | str) -> Iterator[LlamaCppBackend]:
        try:
            path = self._files.of(quantization)
            header = read_header(path)
            spec = attention.settled(msgspec.structs.replace(self._usual, path=path, **how), header)
            backend = LlamaCppBackend(spec, header)
        except LoadFailed as error:
            if self._files.real or self._job.name is None:
                raise
            raise Unsupported(
                f'files in the shape of "{self._job.name}" cannot be made up',
                "Tune in general (tektra models tune), or let the model itself be measured (--text FILE).",
            ) from error
        try:
            yield backend
        finally:
            backend.close()

    def _tell(self, doing: str) -> None:
        self._say(Progress(done=self._done / (len(self._job.types) + len(self._values)), doing=doing))
        self._done += 1


def _values(batch: int) -> Values:
    """What is tried of each setting, the usual value first."""
    everyone = cores()
    threads = {everyone, psutil.cpu_count(logical=False) or everyone, everyone // 2, everyone // 4}
    halves = [0, *(size for size in (batch // 2, batch // 4, batch // 8) if size >= LEAST_PROMPT)]
    return [
        *(("threads", count) for count in sorted(threads, reverse=True) if 0 < count <= everyone),
        *(("micro_batch", size) for size in halves),
        *(("flash_attention", value) for value in ("auto", "on")),
        *(("kv_type", value) for value in ("q8_0", "q4_0")),
    ]


def _affordable() -> int:
    """Weights that may be timed without pressing others out of memory."""
    return min(MOST_WEIGHTS, psutil.virtual_memory().available // BYTES_A_WEIGHT)


def main(argv: list[str]) -> int:
    """The process that times."""
    die_with_parent()

    def say(what: Said) -> None:
        sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
        sys.stdout.buffer.flush()

    try:
        say(Found(tuning=Tuner(msgspec.json.decode(argv[0], type=Job), say).result()))
    except ModelError as error:
        say(Refused(code=error.code, message=error.message, hint=error.hint))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
