"""`tektra models tune`: which type and which settings are fastest on this machine, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, output, terminal, wording
from tektra_cli.client import error_of
from tektra_cli.errors import CliError, Interrupted, StatusLine, UsageError
from tektra_cli.flags import Json
from tektra_cli.progress import bar_of

Document = Mapping[str, Any]


def tune(
    model: Annotated[
        str | None, typer.Argument(help="Whose shape is timed; default: that of a 0.5B model.", metavar="[MODEL]")
    ] = None,
    text: Annotated[
        Path | None, typer.Option("--text", help="Measure what each type loses on this text.", metavar="FILE")
    ] = None,
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Time only this type; may be repeated.", metavar="TYPE")
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", help="About how long it may take.", metavar="N", min=0.1, max=3600)
    ] = 30.0,
    anyway: Annotated[bool, typer.Option("--anyway", help="Also on a busy machine.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Print what was found before, and time nothing.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Remove what was found; for MODEL, or all.")] = False,
    json: Json = False,
) -> None:
    """Find out which type and settings are fastest on this machine.

    Types are timed with files of random weights, settings behind a conversation four times as long as the prompt. With
    --text, and for the built-in model, MODEL itself is quantized as each type, so that its loss is measured too. Loads
    use the settings that were found; pull --best takes the type.
    """
    if show and forget:
        raise UsageError("--show and --forget exclude each other", "Leave one of them out.")
    query = {"model": model} if model is not None else None
    if show:
        output.show(launch.ensured().get("/api/tuned", query), json, _all)
    elif forget:
        output.show(launch.ensured().delete("/api/tuned", query), json, _forgotten)
    else:
        body: dict[str, Any] = {"seconds": seconds, "anyway": anyway, "types": types or []}
        body |= query or {}
        if text is not None:
            body["text"] = str(text.expanduser().absolute())
        try:
            output.show(_followed(body, quiet=json), json, _one)
        except KeyboardInterrupt:
            raise Interrupted("stopped; nothing was kept") from None


def _followed(body: Document, *, quiet: bool) -> Document:
    with StatusLine() as line:
        for event in launch.ensured().events("/api/models/tune", body):
            match event["type"]:
                case "began" if event["busy"] and not quiet:
                    errors.note(
                        f"the machine is busy (load {event['load_average']} on {event['cores']} cores),"
                        " which blurs the figures: better try again when it is quiet"
                    )
                case "progress":
                    line.show(bar_of(event["done"], f" {event['doing']}", terminal.size()[0] - 1))
                case "done":
                    return {"schema": "tektra.tuning/1"} | {k: v for k, v in event.items() if k != "type"}
                case "error":
                    raise error_of(event, "tuning failed")
    raise CliError("internal", "the daemon ended the work without a word", "See: tektra daemon logs")


def _all(document: Document) -> None:
    if not document["tunings"]:
        errors.note("nothing was tuned yet: tektra models tune")
    for place, tuning in enumerate(document["tunings"]):
        if place:
            output.raw("\n")
        output.text(
            f"{tuning['model'] or 'in general'}, tuned {wording.when(tuning['tuned_at'])} on {tuning['machine']}"
        )
        if not tuning["holds"]:
            errors.note(f"this counts for nothing here: this is {document['machine']}")
        _one(tuning)


def _one(tuning: Document) -> None:
    measured = tuning["text"] is not None
    headers = ("TYPE", "PROMPT T/S", "WRITING T/S", "SPEED", "BITS", *(("PERPLEXITY", "LOSS") if measured else ()))
    output.table(headers, [_type(speed, measured) for speed in tuning["speeds"]])
    output.raw("\n")
    output.table(
        ("SETTING", "VALUE", "PROMPT T/S", "WRITING T/S"),
        [(each["setting"].replace("_", "-"), str(each["value"] or "all"), *_rates(each)) for each in tuning["trials"]],
    )
    output.raw("\n")
    output.text("\n".join(_words(tuning)))


def _type(speed: Document, measured: bool) -> tuple[str, ...]:
    ratio = f"{speed['ratio']:.2f}" if speed["ratio"] else "-"
    lost = (f"{speed['perplexity']:.4g}", f"{speed['loss']:+.1%}") if measured else ()
    return (speed["quantization"], *_rates(speed), ratio, f"{speed['bits_per_weight']:.2f}", *lost)


def _rates(each: Document) -> tuple[str, str]:
    return f"{each['prompt_per_s']:.0f}", f"{each['written_per_s']:.1f}"


def _words(tuning: Document) -> list[str]:
    """What the figures are of, what was chosen, and what happens from now on."""
    words = ["speed: of a turn of 1,000 tokens read and 250 written, against Q4_K_M"]
    if tuning["layers"] != tuning["of_layers"]:
        words.append(f"timed with {tuning['layers']} of {tuning['of_layers']} layers, reckoned up to all")
    if tuning["text"] is not None:
        text = tuning["text"]
        words.append(
            f"loss: perplexity on {text['name']} ({text['tokens']} tokens) against the {text['original']} file"
        )
    words += [f"fastest of its class: {name} {best}" for name, best in tuning["preferred"].items()]
    best = tuning["best"]
    threads, micro, flash = best["threads"] or "as usual", best["micro_batch"] or "as usual", best["flash_attention"]
    words.append(f"loads from now on: threads {threads}, micro-batch {micro}, flash attention {flash}")
    return [*words, "cells stay f16 unless --kv-type says otherwise; pull --best takes the fastest of the 4-bit class"]


def _forgotten(document: Document) -> None:
    output.text(f"{wording.plural(document['forgotten'], 'tuning')} forgotten")
