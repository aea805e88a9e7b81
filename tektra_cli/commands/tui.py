"""`tektra tui`: the dashboard."""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer

from tektra_cli import launch, terminal
from tektra_cli.errors import UsageError
from tektra_cli.tui.places import PLACES
from tektrad.paths import find_paths


def tui(
    place: Annotated[
        str, typer.Argument(help="Where to begin: chat, models, runs, asks, agents, audit, system.")
    ] = "chat",
    demo: Annotated[bool, typer.Option("--demo", help="Look around without a daemon; nothing is done.")] = False,
) -> None:
    """See and do everything in one terminal screen."""
    if place not in PLACES:
        raise UsageError(f'there is no place "{place}"', f"Places: {', '.join(PLACES)}.")
    if not (_is_in_browser() or (terminal.is_live(sys.stdin) and terminal.is_live(sys.stdout))):
        raise UsageError("the dashboard needs a terminal", "In scripts use: tektra status --json")
    gc.disable()  # thousands of things are made now, and none of them goes
    from tektra_cli.tui.dashboard import Dashboard
    from tektra_cli.tui.gateway import Gateway

    if demo:
        from tektra_cli.tui.recorded import NOW, Recorded, RecordedMachine

        Dashboard(Gateway(Recorded()), place, lambda: NOW, RecordedMachine(), seen=_collect_seldom).run()
    else:
        Dashboard(Gateway(launch.ensured()), place, folder=find_paths().state_dir, seen=_collect_seldom).run()


def _collect_seldom() -> None:
    """Let Python look for what is not needed any more, but through all that was made only every few seconds: that
    takes as long as a key may."""
    gc.freeze()
    gc.set_threshold(2000, 10, 20)
    gc.enable()


def _is_in_browser() -> bool:
    """Whether `tektra web` started this, which is a terminal, though not one of the kernel's."""
    return bool(os.environ.get("TEXTUAL_DRIVER"))
