"""What the daemon does only for a code of the authenticator, which is asked for then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tektra_cli.errors import CliError
from tektra_cli.tui.widgets.prompt import Line, Prompt, something

if TYPE_CHECKING:
    from tektra_cli.tui.place import Place


async def posted(place: Place, path: str, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Ask the daemon for something, with a code where it wants one; None where nobody gave one."""
    try:
        return await place.gateway.post(path, body)
    except CliError as error:
        if error.code != "code_needed":
            raise
        code = Prompt("A code of your authenticator", error.message, (Line("code", check=something),), "go on")
    given = await place.app.push_screen_wait(code)
    return None if given is None else await place.gateway.post(path, {**body, **given})
