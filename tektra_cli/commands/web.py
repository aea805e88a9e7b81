"""`tektra web`: the dashboard in a browser of this machine."""

from __future__ import annotations

import asyncio
import importlib.util
import signal
from typing import Annotated

import typer

from tektra_cli import errors, launch, output
from tektra_cli.errors import CliError, UsageError
from tektra_cli.flags import Json
from tektra_cli.tui.places import PLACES

NEEDED = ("aiohttp", "textual_serve")


def web(
    place: Annotated[
        str, typer.Argument(help="Where to begin: chat, models, runs, asks, agents, audit, system.", metavar="PLACE")
    ] = "chat",
    port: Annotated[
        int, typer.Option("--port", help="The port, on 127.0.0.1; 0: any free one.", metavar="N", min=0, max=65535)
    ] = 0,
    json: Json = False,
) -> None:
    """See and do everything in a browser on this machine, until ^C.

    Prints an address that lets one browser in, once. Nobody else gets in, and nothing but 127.0.0.1 is listened on.
    """
    if place not in PLACES:
        raise UsageError(f'there is no place "{place}"', f"Places: {', '.join(PLACES)}.")
    if not all(importlib.util.find_spec(name) for name in NEEDED):
        hint = "pip install 'tektra-cli[web]'; in a terminal it is there already: tektra tui"
        raise CliError("not_installed", "what shows the dashboard in a browser is not installed", hint)
    launch.ensured()
    asyncio.run(_serve(place, port, json))


async def _serve(place: str, port: int, json: bool) -> None:
    from tektra_cli.web.server import serving

    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    try:
        async with serving(place, port, errors.note) as server:
            document = {"schema": "tektra.web/1", "url": server.address, "port": server.port}
            output.show(document, json, lambda told: output.text(told["url"]))
            errors.note("open it in a browser of this machine; it lets in one, once. ^C ends this")
            await stopped.wait()
    except OSError as error:
        raise CliError("io_error", f"port {port}: {error.strerror}", "Take another one: --port 0 finds one.") from error
