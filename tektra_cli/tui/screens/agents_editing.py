"""An agent in the form: what can be picked there, handing it to the daemon, and what the daemon says to that."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tektra_cli.errors import CliError
from tektra_cli.terminal import clean_line
from tektra_cli.tui.gateway import address
from tektra_cli.tui.screens.agents_form import AgentForm, Choice
from tektra_cli.tui.screens.agents_words import SHORT, Document

if TYPE_CHECKING:
    from tektra_cli.tui.screens.agents import Agents


async def begun(place: Agents, agent: Mapping[str, Any], was: Document | None, named: str = "") -> None:
    """Fill the form; `was` is what is changed, None: it becomes a new one, which is `named` so."""
    models, tools = await asyncio.gather(place.gateway.get(address("models")), _tools(place, str(agent["name"])))
    names = [model["name"] for model in models["models"] if not model.get("embedding_only")]
    place.to_form().begin(agent, was, names, tools, named)


async def saved(place: Agents, form: AgentForm, content: Mapping[str, Any], was: Document | None) -> Document | None:
    """The agent as the daemon has it now; None where it was refused, which the form says then."""
    try:
        if was is None:
            return await place.gateway.post(address("agents"), {"agent": content})
        path = address("agents", was["agent"]["name"])
        return await place.gateway.post(path, {"agent": content, "was": was["version"]})
    except CliError as error:
        await _refused(place, form, error, was)
        return None


async def _refused(place: Agents, form: AgentForm, error: CliError, was: Document | None) -> None:
    """Say it where it belongs: nothing that was typed is lost."""
    words = f"{error.message}. {error.hint}".rstrip(". ")
    if error.code == "agent_changed" and was is not None:
        name = was["agent"]["name"]
        theirs, history = await asyncio.gather(
            place.gateway.get(address("agents", name)),
            place.gateway.get(address("agents", name, "versions"), {"limit": 1}),
        )
        form.merge(theirs, history["changes"][0]["changed"])
    elif error.code == "agent_not_found" and was is not None:
        form.lost()
    elif error.code == "agent_exists":
        form.refuse("name", words)
    elif error.code in ("invalid_request", "bad_request"):
        form.refuse(error.param, words)
    else:
        raise error


def outcome(done: Document, was: Document | None) -> tuple[str, str]:
    """What became of an agent that was made or changed: a title, and what else there is to know."""
    name, version = clean_line(done["agent"]["name"]), done["version"][:SHORT]
    if was is None:
        before = "It goes before the one that comes with Tektra." if done.get("shipped") else ""
        return f"Made {name}, version {version}", before
    if done["version"] == was["version"]:
        return f"{name} stays at version {version}", "Nothing differs."
    copied = "It was copied, and yours goes before the one that comes with Tektra." if done.get("copied") else ""
    return f"{name} is at version {version}", copied or "v shows what differs."


async def _tools(place: Agents, name: str) -> list[Choice]:
    """All that an agent could have: what comes with Tektra, one's own, servers' and other agents."""
    known, servers = await asyncio.gather(place.gateway.get(address("tools")), place.gateway.get(address("mcp")))
    offered = [(tool["name"], _sentence(tool["description"])) for tool in known["built_in"]]
    offered += [(f"file:{tool['name']}", _sentence(tool["description"])) for tool in known["tools"]]
    approved = [server["name"] for server in servers["servers"] if server["state"] == "approved"]
    each = await asyncio.gather(*(place.gateway.get(address("mcp", server)) for server in approved))
    for server, document in zip(approved, each, strict=True):
        offered.append((f"mcp:{server}", "all tools of this server"))
        offered += [(f"mcp:{server}/{tool['name']}", _sentence(tool["said"])) for tool in document["approved"]]
    offered += [
        (f"agent:{each['agent']['name']}", _sentence(each["agent"]["description"]))
        for each in place.known
        if each["agent"]["name"] != name
    ]
    return offered


def _sentence(text: str) -> str:
    """The first sentence of a description."""
    return clean_line(text).split(". ")[0].rstrip(".")
