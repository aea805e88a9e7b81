"""`tektra chat`: the flags, and the choice between one answer and a session."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import launch, output, question, sampling
from tektra_cli.chat import turn, views
from tektra_cli.chat.turn import Request
from tektra_cli.client import Client
from tektra_cli.errors import CliError, Interrupted, UsageError
from tektra_cli.flags import Json, NoInput


def chat(
    prompt: Annotated[str | None, typer.Argument(help="What to ask; - reads it from a pipe.", metavar="PROMPT")] = None,
    continued: Annotated[bool, typer.Option("--continue", "-c", help="Go on with the latest conversation.")] = False,
    conversation: Annotated[
        str | None, typer.Option("--conversation", help="Go on with this one.", metavar="ID")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="Which model answers.", metavar="NAME")] = None,
    system: Annotated[str | None, typer.Option("--system", "-s", help="The system prompt.", metavar="TEXT")] = None,
    files: Annotated[
        list[Path] | None,
        typer.Option("--file", "-f", help="Put this text file before the prompt.", metavar="PATH", readable=False),
    ] = None,
    json: Json = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON event a line, as they come.")] = False,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Print the answer when it is whole.")] = False,
    no_save: Annotated[bool, typer.Option("--no-save", help="Keep nothing of this.")] = False,
    no_input: NoInput = False,
    think: Annotated[
        bool | None, typer.Option("--think/--no-think", help="Reason before answering, or do not.", show_default=False)
    ] = None,
    temperature: sampling.Temperature = None,
    top_p: sampling.TopP = None,
    top_k: sampling.TopK = None,
    min_p: sampling.MinP = None,
    repeat_penalty: sampling.RepeatPenalty = None,
    seed: sampling.Seed = None,
    max_tokens: sampling.MaxTokens = None,
    stop: sampling.Stop = None,
) -> None:
    """Talk to a model: interactive, or one answer to PROMPT.

    Piped text joins the prompt. The first ^C stops the answer; what was written is kept.
    """
    if json and jsonl:
        raise UsageError("--json and --jsonl exclude each other", "Leave one of them out.")
    if continued and conversation:
        raise UsageError("--continue and --conversation exclude each other", "Leave one of them out.")
    wishes = {
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
        sampling={name: value for name, value in wishes.items() if value is not None},
        save=not no_save,
        think=think,
    )
    content = question.asked(prompt, files or [])
    if content is not None:
        _answer_once(request.asking(content), json, jsonl, no_stream)
    else:
        _talk(request, alone=json or jsonl or no_input)


def _answer_once(request: Request, json: bool, jsonl: bool, no_stream: bool) -> None:
    client = launch.ensured()
    say_model = request.model is None
    try:
        if jsonl:
            _relay(client, request)
        elif json:
            output.document(turn.whole(client, request))
        elif no_stream:
            _show_whole(turn.whole(client, request), say_model)
        else:
            turn.streamed(client, request, views.Talk(say_model))
    except KeyboardInterrupt:
        raise Interrupted from None


def _relay(client: Client, request: Request) -> None:
    """Events as they are; an error that the stream told is not told twice."""
    view = views.Events()
    try:
        turn.streamed(client, request, view)
    except CliError as error:
        if view.told_error:
            raise typer.Exit(error.exit_code) from error
        raise


def _show_whole(document: dict[str, Any], say_model: bool) -> None:
    view = views.Talk(say_model)
    if "shortened" in document:
        view.event({"type": "status", "state": "shortened", "detail": document["shortened"]})
    for event in ({"type": "start"}, {"type": "delta", "text": document["content"]}, {"type": "finish"}):
        view.event(document | event)
    view.close()


def _talk(request: Request, alone: bool) -> None:
    if alone:
        raise UsageError("there is no question", 'Give one: tektra chat "PROMPT", or through a pipe.')
    if not request.save:
        raise UsageError("--no-save is for a single question", "A chat keeps its conversation; remove it afterwards.")
    from tektra_cli.chat.session import Session

    Session(request).run()
