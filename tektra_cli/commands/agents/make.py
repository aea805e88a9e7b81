"""`tektra agents create`, `edit`, `import` and `rm`."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import editing, errors, launch, output, terminal, wording
from tektra_cli.client import Client, segment
from tektra_cli.commands.agents.fields import (
    Cpus,
    Description,
    Hosts,
    HumanMode,
    Instructions,
    InstructionsFrom,
    KindOf,
    Memory,
    Model,
    Name,
    Remember,
    Steps,
    Thinking,
    Time,
    Tokens,
    Tools,
    fields,
    text_of,
)
from tektra_cli.commands.agents.look import SHORT
from tektra_cli.confirm import confirm
from tektra_cli.errors import CliError, UsageError
from tektra_cli.flags import Json, NoInput, Yes

SUFFIX = ".toml"


def create(
    name: Annotated[str, typer.Argument(help="Letters, digits, dots and dashes.", metavar="NEW")],
    model: Model = None,
    kind: KindOf = None,
    instructions: Instructions = None,
    instructions_from: InstructionsFrom = None,
    tools: Tools = None,
    steps: Steps = None,
    tokens: Tokens = None,
    time: Time = None,
    memory: Memory = None,
    cpus: Cpus = None,
    hosts: Hosts = None,
    human: HumanMode = None,
    thinking: Thinking = None,
    remember: Remember = None,
    description: Description = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A TOML file that says the rest; flags go before it.", metavar="FILE"),
    ] = None,
    json: Json = False,
) -> None:
    """Make an agent.

    What no flag and no file says is as usual: tektra agents show tells it.
    """
    said = fields(
        name=name, model=model, kind=kind, instructions=instructions, instructions_from=instructions_from, tools=tools,
        steps=steps, tokens=tokens, time=time, memory=memory, cpus=cpus, hosts=hosts, human=human, thinking=thinking,
        remember=remember, description=description,
    )  # fmt: skip
    body = {"agent": said} | ({"file": text_of(source)} if source is not None else {})
    made = launch.ensured().post("/api/agents", body)
    output.show(made, json, _made)
    _warn(made, json)


def _made(document: Mapping[str, Any]) -> None:
    output.text(f"made {document['agent']['name']}, version {document['version'][:SHORT]}")


def _warn(made: Mapping[str, Any], json: bool) -> None:
    if made["shipped"] and not json:
        errors.note(f'yours goes before the "{made["agent"]["name"]}" that comes with Tektra')


def edit(
    name: Name,
    model: Model = None,
    kind: KindOf = None,
    instructions: Instructions = None,
    instructions_from: InstructionsFrom = None,
    tools: Tools = None,
    no_tools: Annotated[bool, typer.Option("--no-tools", help="Take all tools away.")] = False,
    steps: Steps = None,
    tokens: Tokens = None,
    time: Time = None,
    memory: Memory = None,
    cpus: Cpus = None,
    hosts: Hosts = None,
    no_hosts: Annotated[bool, typer.Option("--no-hosts", help="Let it reach no host.")] = False,
    human: HumanMode = None,
    thinking: Thinking = None,
    remember: Remember = None,
    description: Description = None,
    no_input: NoInput = False,
    json: Json = False,
) -> None:
    """Change an agent by flags or in your editor; the earlier version stays.

    --tool and --host name all that it shall have. Without any flag $VISUAL or $EDITOR opens its TOML form, which is
    not taken before it can be, and can be edited again. An agent that comes with Tektra is copied first.
    """
    if (no_tools and tools) or (no_hosts and hosts):
        raise UsageError("none and some exclude each other", "Leave --no-tools or --no-hosts out.")
    said = fields(
        model=model, kind=kind, instructions=instructions, instructions_from=instructions_from,
        tools=[] if no_tools else tools, steps=steps, tokens=tokens, time=time, memory=memory, cpus=cpus,
        hosts=[] if no_hosts else hosts, human=human, thinking=thinking, remember=remember, description=description,
    )  # fmt: skip
    client = launch.ensured()
    known = client.get(f"/api/agents/{segment(name)}")
    if said:
        done = _put(client, known, {"agent": said})
    else:
        instead = "Say it by flags, or import a file: tektra agents import FILE"
        put = functools.partial(_put_file, client, known)
        done = editing.edited(known["file"], SUFFIX, put, alone=no_input or json, instead=instead)
    output.show(done, json, _changed)


def _put(client: Client, known: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    return client.post(f"/api/agents/{segment(known['agent']['name'])}", {**body, "was": known["version"]})


def _put_file(client: Client, known: Mapping[str, Any], text: str) -> dict[str, Any]:
    return _put(client, known, {"file": text})


def _changed(done: Mapping[str, Any]) -> None:
    name, version, before = done["agent"]["name"], done["version"][:SHORT], done["before"]
    if done["version"] == before:
        output.text(f"{name} stays at version {version}: nothing differs")
        return
    if done["copied"]:
        errors.note(f'"{name}" comes with Tektra; it was copied, and yours goes before it from now on')
    output.text(f"{name} is at version {version}, before at {before[:SHORT]}: tektra agents diff {name}")


def import_agent(
    file: Annotated[Path, typer.Argument(help="A TOML file, or - for stdin.", metavar="FILE")],
    yes: Yes = False,
    no_input: NoInput = False,
    json: Json = False,
) -> None:
    """Make an agent, or its next version, from a TOML file."""
    body, client = {"file": text_of(file)}, launch.ensured()
    try:
        made = client.post("/api/agents", body)
    except CliError as error:
        if error.code != "agent_exists":
            raise
        name = tomllib.loads(body["file"])["name"]  # the daemon has read it, so that it can be read
        known = client.get(f"/api/agents/{segment(name)}")
        confirm(f"Make this the next version of {name}?", yes, no_input or json)
        output.show(_put(client, known, body), json, _changed)
        return
    output.show(made, json, _made)
    _warn(made, json)


def remove(name: Name, yes: Yes = False, no_input: NoInput = False, json: Json = False) -> None:
    """Remove an agent with its notes; its versions stay."""
    client = launch.ensured()
    known = client.get(f"/api/agents/{segment(name)}")
    confirm(f"Remove the agent {terminal.clean_line(name)}{_with(known['notes'])}?", yes, no_input or json)
    gone = client.delete(f"/api/agents/{segment(name)}", {"was": known["version"]})
    output.show(gone, json, lambda found: output.text(f"removed {found['name']}{_with(found['notes'])}"))
    if not json:
        without = ", without its notes" if gone["notes"] else ""
        back = f"tektra agents rollback {name} {gone['version'][:SHORT]} brings it back{without}"
        errors.note(f"{back}; the shipped one of that name is there again" if gone["shipped"] else back)


def _with(notes: int) -> str:
    return f" and its {wording.plural(notes, 'note')}" if notes else ""
