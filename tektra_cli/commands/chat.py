"""`tektra chat`: the flags, and the choice between one answer and a session."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import launch, output, question, terminal
from tektra_cli.chat import turn, views
from tektra_cli.chat.turn import Request
from tektra_cli.errors import Interrupted, UsageError
from tektra_cli.flags import Json, NoInput


def chat(
    prompt: Annotated[str | None, typer.Argument(help="What to ask; - reads it from a pipe.", metavar="PROMPT")] = None,
    continued: Annotated[bool, typer.Option("--continue", "-c", help="Go on with the latest conversation.")] = False,
    conversation: Annotated[
        str | None, typer.Option("--conversation", help="Go on with this one; the beginning of an id is enough.", metavar="ID")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="Which model answers.", metavar="NAME")] = None,
    system: Annotated[str | None, typer.Option("--system", "-s", help="The system prompt.", metavar="TEXT")] = None,
    files: Annotated[
        list[Path] | None, typer.Option("--file", "-f", help="Put this text file before the prompt.", metavar="PATH")
    ] = None,
    json: Json = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON event a line, as they come.")] = False,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Print the answer when it is whole.")] = False,
    no_save: Annotated[bool, typer.Option("--no-save", help="Keep nothing of this.")] = False,
    no_input: NoInput = False,
    temperature: Annotated[float | None, typer.Option(help="How freely words are chosen; 0: not at all.", min=0)] = None,
    top_p: Annotated[float | None, typer.Option(help="Choose among the likeliest words of this share.", min=0, max=1)] = None,
    top_k: Annotated[int | None, typer.Option(help="Choose among so many likeliest words.", min=0)] = None,
    min_p: Annotated[float | None, typer.Option(help="Leave out words less likely than this share of the best.", min=0, max=1)] = None,
    repeat_penalty: Annotated[float | None, typer.Option(help="Above 1: repeat less.", min=0)] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed, the same answer.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="End the answer after so many tokens.", min=1)] = None,
    stop: Annotated[list[str] | None, typer.Option(help="End the answer before this text.", metavar="TEXT")] = None,
) -> None:
    """Talk to a model: interactive, or one answer to PROMPT.

    Piped text joins the prompt. The first ^C stops the answer; what was written is kept.
    """
    if json and jsonl:
        raise UsageError("--json and --jsonl exclude each other", "Leave one of them out.")
    if continued and conversation:
        raise UsageError("--continue and --conversation exclude each other", "Leave one of them out.")
    sampling = {
        "temperature": temperature,
        "top_p": top_p,
        "top_k": top_k,
        "min_p": min_p,
        "repeat_penalty": repeat_penalty,
        "seed": seed,
        "max_tokens": max_tokens,
        "stop": stop or None,
    }
    request = Request(
        conversation="latest" if continued else conversation,
        model=model,
        system=system,
        sampling={name: value for name, value in sampling.items() if value is not None},
        save=not no_save,
    )
    content = question.asked(prompt, files or [])
    if content is not None:
        _answer_once(request.asking(content), json, jsonl, no_stream)
    else:
        _talk(request, alone=json or jsonl or no_input)


def _answer_once(request: Request, json: bool, jsonl: bool, no_stream: bool) -> None:
    client = launch.ensured()
    try:
        if jsonl:
            _relay(client, request)
        elif json or no_stream:
            output.show(turn.whole(client, request), json, _show_whole(request))
        else:
            turn.streamed(client, request, views.for_people(say_model=request.model is None))
    except KeyboardInterrupt:
        raise Interrupted("stopped") from None


_: Any = (sys, terminal)


def _talk(request: Request, alone: bool) -> None:
    raise NotImplementedError
