"""`python -m tektra_models FILE.gguf "hello"`: one model, one prompt, no daemon; `--bench` measures instead."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from pathlib import Path

from tektra_models.backend import Backend
from tektra_models.engine import Engine
from tektra_models.errors import ModelError
from tektra_models.generation import Delta, Finish, Prompt, Sampling
from tektra_models.model_directory import is_directory
from tektra_models.spec import BackendName, Spec
from tektra_models.starter import MODEL_PATH
from tektra_models.worker import open_backend


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    args = _arguments(argv)
    spec = Spec(
        name=args.file.name,
        path=str(args.file),
        backend=_backend(args.file),
        context=args.context,
        slots=args.streams if args.bench else 1,
        threads=args.threads,
    )
    try:
        backend = open_backend(spec)
        if args.bench:
            _bench(Engine(backend, spec), backend, args.streams, args.max_tokens or 64)
        else:
            _answer(Engine(backend, spec), args)
        backend.close()
    except ModelError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n".rstrip() + "\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _backend(path: Path) -> BackendName:
    if path.name.endswith(".scripted.json"):
        return "scripted"
    return "huggingface" if is_directory(path) else "llamacpp"


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tektra_models", description=__doc__)
    parser.add_argument(
        "file", nargs="?", type=Path, default=MODEL_PATH, help="GGUF file or model folder (default: built in)"
    )
    parser.add_argument("prompt", nargs="?", default="hello", help="what to say to it")
    parser.add_argument("--raw", action="store_true", help="continue the text instead of answering a message")
    parser.add_argument("--context", type=_positive, default=2048, help="tokens of context (default 2048)")
    parser.add_argument("--threads", type=int, default=0, help="computing threads (default: one per core)")
    parser.add_argument("--temperature", type=float, default=0.0, help="0 is greedy (default)")
    parser.add_argument("--max-tokens", type=_positive, default=None, help="at most this many tokens")
    parser.add_argument("--bench", action="store_true", help="measure decoding and print JSON")
    parser.add_argument("--streams", type=_positive, default=1, help="sequences at once in --bench (default 1)")
    return parser.parse_args(argv)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _answer(engine: Engine, args: argparse.Namespace) -> None:
    prompt = Prompt(text=args.prompt) if args.raw else Prompt(messages=[{"role": "user", "content": args.prompt}])
    engine.add("cli", prompt, Sampling(temperature=args.temperature, max_tokens=args.max_tokens))
    while engine.running or engine.waiting:
        for _, said in engine.step():
            if isinstance(said, Delta):
                sys.stdout.write(said.text)
                sys.stdout.flush()
    sys.stdout.write("\n")


def _bench(engine: Engine, backend: Backend, streams: int, tokens: int) -> None:
    prompt = Prompt(tokens=[t % backend.vocabulary for t in range(1, 129)])
    sampling = Sampling(temperature=0.0, max_tokens=tokens, ignore_end=True)
    for stream in range(streams):
        engine.add(str(stream), prompt, sampling)
    started = time.monotonic()
    finishes: list[Finish] = []
    while engine.running or engine.waiting:
        finishes += [said for _, said in engine.step() if isinstance(said, Finish)]
    wall = time.monotonic() - started
    decode = max(f.timings.decode_s for f in finishes)
    completed = sum(f.usage.completion_tokens for f in finishes)
    report = {
        "schema": "tektra.bench/1",
        "streams": streams,
        "prompt_tokens": 128 * streams,
        "completion_tokens": completed,
        "wall_s": round(wall, 4),
        "decode_tokens_per_s": round((completed - streams) / decode, 1) if decode else None,
    }
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `… | head` ends this as it ends any filter
    sys.exit(main())
