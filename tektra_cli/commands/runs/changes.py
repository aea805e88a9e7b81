"""`tektra runs diff`, `apply` and `drop`: what a run changed, and whether the folder gets it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from tektra_cli import errors, launch, output, terminal, wording
from tektra_cli.client import Client, segment
from tektra_cli.columns import aligned
from tektra_cli.commands.runs import patches
from tektra_cli.commands.runs.fields import Event, Paths, Reference
from tektra_cli.confirm import confirm
from tektra_cli.errors import CliError, ExitCode, UsageError
from tektra_cli.flags import Json, Yes

SHORT = 6
"""Characters of an id that are enough to type."""
MOST_ROWS = 30
"""Of a table that nobody asked for."""
MOST_NAMED = 10
WITH_IGNORED = "--with-ignored"

Ignored = Annotated[bool, typer.Option(WITH_IGNORED, help="Also what git ignores.")]
Ours = Annotated[list[str] | None, typer.Option("--ours", help="In a conflict take the run's.", metavar="PATH")]
Theirs = Annotated[list[str] | None, typer.Option("--theirs", help="In a conflict keep the folder's.", metavar="PATH")]


def diff(
    reference: Reference,
    paths: Paths = None,
    stat: Annotated[bool, typer.Option("--stat", help="How much of which files, and not what.")] = False,
    with_ignored: Ignored = False,
    colour: Annotated[
        bool | None, typer.Option("--color/--no-color", help="Colour it, or do not.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Show what a run changed.

    In a pipe it is a patch: tektra runs diff ID | patch -p1. What no patch can say, and what is not applied, is named
    on stderr.
    """
    document = _changes(launch.ensured(), reference)
    found = _chosen(document, paths or (), with_ignored=with_ignored)
    if json:
        told = [*found.wanted, *found.ignored, *found.refused, *found.written]
        output.document({**document, "changes": told})
        return
    if stat:
        _stat(found.wanted, most=None)
    else:
        _patch(found.wanted, colour)
    _say_what_stays(found, document)


def _changes(client: Client, reference: str) -> dict[str, Any]:
    return client.get(f"/api/runs/{segment(reference)}/changes", timeout=PATIENCE_S)


PATIENCE_S = 600.0
"""Looking through a large folder takes its time."""


def _chosen(document: Event, paths: Sequence[str], *, with_ignored: bool) -> patches.Choice:
    """The changes that are meant; raises CliError for a path that has not changed."""
    written = frozenset(document.get("written", ()))
    found = patches.chosen(document["changes"], paths, with_ignored=with_ignored, written=written)
    if found.unknown:
        hint = f"tektra runs diff {document['run'][:SHORT]} --stat shows what has."
        raise CliError("not_found", f"the run has not changed {found.unknown[0]}", hint)
    return found


def _patch(changes: Sequence[Event], colour: bool | None) -> None:
    is_seen = terminal.is_terminal(sys.stdout)
    for each in changes:
        text = patches.patch(each)
        if is_seen and each.get("is_cut"):
            text = each["diff"]
        if is_seen or colour:
            plain = colour is False
            lines = [terminal.clean(line) if plain else patches.painted(line, sys.stdout, forced=bool(colour))
                     for line in text.splitlines()]  # fmt: skip
            output.drawn("".join(f"{line}\n" for line in lines))
        else:
            output.drawn(text)


def _stat(changes: Sequence[Event], most: int | None) -> None:
    rows = list(patches.stat(changes))
    for line in aligned(rows[:most]) if rows else ():
        output.drawn(f"{line}\n")
    if most is not None and len(rows) > most:
        output.text(f"… and {len(rows) - most} more")
    output.text(patches.total(changes))


def _say_what_stays(found: patches.Choice, document: Event) -> None:
    """On stderr: what is in no patch, what is not applied, and what was not looked at."""
    _say([(each["path"], f"in no patch, {why}") for each in found.wanted if (why := patches.why_not(each))])
    _say([(each["path"], each["note"]) for each in found.wanted if each.get("note")])
    _say([(each["path"], f"never applied: {each['refused']}") for each in found.refused])
    _say([(each["path"], f"git ignores it: name it, or say {WITH_IGNORED}") for each in found.ignored])
    _say([(each["path"], "it was written before, and lies in the folder so") for each in found.written])
    _say([(each["path"], f"not looked at: {each['why']}") for each in document["left_out"]])


def _say(told: Sequence[tuple[str, str]]) -> None:
    for path, why in told[:MOST_NAMED]:
        errors.note(f"{path}: {why}")
    if len(told) > MOST_NAMED:
        errors.note(f"… and {len(told) - MOST_NAMED} more like these")


def apply(
    reference: Reference,
    paths: Paths = None,
    ours: Ours = None,
    theirs: Theirs = None,
    with_ignored: Ignored = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Write what a run changed into the folder: all of it, or only some paths.

    Either all that is wanted is written, or nothing. Where the folder refuses something at the last moment it is said
    what was written, what not and why, and the exit code is 1. When nothing is left, the run's copy goes.
    """
    choices = _choices(ours or (), theirs or ())
    client = launch.ensured()
    document = _changes(client, reference)
    found = _chosen(document, paths or (), with_ignored=with_ignored)
    if not found.wanted:
        _say_what_stays(found, document)
        raise CliError("not_found", "there is nothing to apply", f"tektra runs drop {document['run'][:SHORT]}")
    if not yes:
        if terminal.is_terminal(sys.stdin) and not json:
            _stat(found.wanted, MOST_ROWS)
            _say_what_stays(found, document)
        confirm(f"Write {patches.total(found.wanted)}, into {document['folder']}?", yes, no_input=json)
    body = {"seen": document["digest"], "choices": choices, "with_ignored": with_ignored}
    if paths:
        body["paths"] = [each["path"] for each in found.wanted]
    try:
        done = client.post(f"/api/runs/{document['run']}/apply", body, timeout=None)
    except CliError as error:
        if not json:
            _explain(error.details.get("conflicts", ()), document["run"])
        raise
    output.show(done, json, _applied)
    if done.get("failed"):
        raise typer.Exit(ExitCode.FAILURE)


def _choices(ours: Sequence[str], theirs: Sequence[str]) -> dict[str, str]:
    both = set(ours) & set(theirs)
    if both:
        raise UsageError(f"{min(both)} cannot be ours and theirs", "Choose one.")
    return dict.fromkeys(ours, "ours") | dict.fromkeys(theirs, "theirs")


def _applied(done: Event) -> None:
    already = f", {len(done['already'])} were so already" if done["already"] else ""
    output.text(f"{len(done['applied'])} written{already}: {done['folder']}")
    run = done["run"][:SHORT]
    failed = done.get("failed", ())
    if failed:
        _say([(path, "written") for path in done["applied"]])
    _say([(each["path"], f"not written: {each['why']}") for each in done["kept"]])
    if failed:
        names = " ".join(shlex.quote(each["path"]) for each in failed[:MOST_NAMED])
        errors.note(f"only a part was written. Look at what lies there in {done['folder']}, then")
        errors.note(f"  tektra runs apply {run} {names}   tries again")
        errors.note(
            f"  tektra runs apply {run} --theirs PATH   keeps the folder's, and tektra runs drop {run} forgets the rest"
        )
    if done["dropped"]:
        errors.note("nothing is left of the run's changes to apply, so its copy is gone")
        return
    ignored = [each for each in done["left"] if each["is_ignored"]]
    if len(ignored) < len(done["left"]):
        errors.note(f"{wording.plural(len(done['left']) - len(ignored), 'change')} left: tektra runs diff {run}")
    if ignored:
        words = f"{len(ignored)} left that git ignores: tektra runs apply {run} {WITH_IGNORED}"
        errors.note(f"{words}, or tektra runs drop {run}")


def _explain(conflicts: Sequence[Event], run: str) -> None:
    """Each conflict from its three sides, and what decides it."""
    for each in conflicts[:MOST_NAMED]:
        path = each["path"]
        errors.say(terminal.paint(f"{terminal.clean(path)}: {terminal.clean(each['why'])}", terminal.BOLD, sys.stderr))
        errors.note(f"  it was {patches.side(each['base'])} when the run began")
        _say_side(f"  in the folder it is now {patches.side(each['original'])} (theirs)", each.get("theirs", ""))
        _say_side(f"  the run wants {patches.side(each['workspace'])} (ours)", each.get("ours", ""))
        flags = [f"--{choice} {shlex.quote(path)}" for choice in each.get("can_take", ("ours", "theirs"))]
        errors.note(f"  decide it: tektra runs apply {run[:SHORT]} {' or '.join(flags)}")
    if len(conflicts) > MOST_NAMED:
        errors.note(f"… and {len(conflicts) - MOST_NAMED} more conflicts")


def _say_side(words: str, text: str) -> None:
    errors.note(words)
    for line in text.splitlines()[2:]:  # without the names of the file
        errors.say(f"    {patches.painted(line, sys.stderr)}")


def drop(reference: Reference, yes: Yes = False, json: Json = False) -> None:
    """Forget what a run changed; there is no undo."""
    client = launch.ensured()
    document = _changes(client, reference)
    total = patches.total(document["changes"])
    confirm(f"Forget {total}, of run {document['run']}? There is no undo.", yes, no_input=json)
    done = client.post(f"/api/runs/{document['run']}/drop", {}, timeout=PATIENCE_S)
    output.show(done, json, lambda _: output.text(f"dropped {total}"))


def offer(client: Client, run: Event) -> None:
    """Behind a followed run: what it changed, and the commands that come next."""
    has_changes = (run["result"] or {}).get("has_changes", run["state"] != "succeeded")
    if not has_changes or run["ended_at"] is None:
        return
    try:
        document = _changes(client, run["id"])
    except CliError as error:
        if error.code not in ("no_workspace", "forbidden"):
            errors.note(f"what it changed cannot be looked at: {error.message}")  # which is no failure of the run's
        return
    found = _chosen(document, (), with_ignored=False)
    short = run["id"][:SHORT]
    if not document["changes"]:
        return
    if terminal.is_terminal(sys.stdout):
        _stat(found.wanted, MOST_ROWS)
        if others := len(found.refused) + len(found.ignored):
            errors.note(f"and {others} that are ignored by git, or never applied")
    else:
        errors.note(f"it changed files: {patches.total(found.wanted)}")
    errors.note(f"tektra runs diff {short}    shows what it changed")
    errors.note(f"tektra runs apply {short}   writes it into {document['folder']}")
