"""Agents as TOML files: written for a project or another machine, and read from there."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from tektra_cli import errors, new_file
from tektra_cli.errors import CliError, UsageError
from tektra_cli.terminal import clean_line
from tektra_cli.tui import paths
from tektra_cli.tui.gateway import address
from tektra_cli.tui.screens.agents_words import Document
from tektra_cli.tui.widgets.confirm import Confirm
from tektra_cli.tui.widgets.prompt import Line, Prompt

if TYPE_CHECKING:
    from tektra_cli.tui.place import Place

MOST_FILE = 256 << 10
"""Of a file that is imported: the daemon takes half of it."""


async def exported(place: Place, name: str) -> None:
    """Ask where to, and write it."""
    lines = (Line("path", "file, which does not exist yet", str(Path.cwd() / f"{name}.toml"), check=paths.new),)
    why = "A TOML file with every field; it can lie in a project."
    said = await place.app.push_screen_wait(Prompt(f"Export {name}", why, lines, "export"))
    if said is None:
        return
    path = paths.path(said["path"])
    document = await place.gateway.get(address("agents", name))
    await asyncio.to_thread(new_file.write, path, document["file"])
    place.notify(str(path), title=f"Exported {clean_line(name)}", markup=False)


async def imported(place: Place) -> tuple[Document, Document | None] | None:
    """Ask from where, and make an agent of it: that one, and what it was before; None where nobody wants to."""
    lines = (Line("path", "file", placeholder="an agent as TOML", check=paths.there),)
    why = "From a TOML file, as exporting writes it; only its name is needed."
    said = await place.app.push_screen_wait(Prompt("Import an agent", why, lines, "import"))
    if said is None:
        return None
    text = await asyncio.to_thread(_text_of, paths.path(said["path"]))
    try:
        return await place.gateway.post(address("agents"), {"file": text}), None
    except CliError as error:
        if error.code != "agent_exists":
            raise
        name = tomllib.loads(text)["name"]  # the daemon has read it, so that it can be read
    lost = "What differs is its next version; the current one stays among its versions."
    question = Confirm(f"There is an agent {name} already. Make this its next version?", lost, "Import")
    if not await place.app.push_screen_wait(question):
        return None
    known = await place.gateway.get(address("agents", name))
    return await place.gateway.post(address("agents", name), {"file": text, "was": known["version"]}), known


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_FILE + 1)
        if len(data) > MOST_FILE:
            raise UsageError(f"{path} is too large for an agent", "An agent's file has 128 KiB at most.")
        return data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8") from error
    except OSError as error:
        raise errors.of_system(error) from error
