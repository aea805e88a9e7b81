"""`tektra rerank`: which of many texts answer a question best."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import launch, output, question, terminal
from tektra_cli.errors import StatusLine, UsageError
from tektra_cli.flags import Json


def rerank(
    query: Annotated[str, typer.Argument(help="What the texts are compared with.", metavar="QUERY")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Text files; without any, each line of standard input.", metavar="FILE", readable=False),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="A reranker.", metavar="NAME")] = None,
    top: Annotated[int | None, typer.Option("--top", "-n", help="Only so many, the best.", metavar="N", min=1)] = None,
    json: Json = False,
) -> None:
    """Sort texts by how well they answer a question.

    The texts are files, or lines of standard input. The scores are the model's own: their order and
    distance mean something, their height does not.
    """
    if not files and terminal.is_terminal(sys.stdin):
        raise UsageError("there is nothing to sort", "Name files, or pipe lines: ls | tektra rerank QUERY -m NAME")
    shown = [str(path) for path in files] if files else question.lines()
    if not shown:
        raise UsageError("standard input has no lines to sort")
    texts = [question.text_of(path) for path in files] if files else shown
    wishes = {"model": model, "top_n": top}
    body = {"query": query, "documents": texts} | {key: value for key, value in wishes.items() if value is not None}
    client = launch.ensured()
    with StatusLine() as line:
        line.show("reading…")
        answer = client.post("/v1/rerank", body, timeout=None)
    results = [result | {"document": shown[result["index"]]} for result in answer["results"]]
    document = {"schema": "tektra.rerank/1", "model": answer["model"], "results": results, "usage": answer["usage"]}
    output.show(document, json, _table)


def _table(document: Mapping[str, Any]) -> None:
    rows = [(f"{result['relevance_score']:.4f}", result["document"]) for result in document["results"]]
    output.table(("SCORE", "DOCUMENT"), rows)
