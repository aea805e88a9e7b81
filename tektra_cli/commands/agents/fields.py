"""The flags that say what an agent is, and what they come to."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from tektra_cli import errors, wording
from tektra_cli.errors import CliError, UsageError


class Kind(Enum):
    """What its model writes to act."""

    code = "code"
    tools = "tools"


class Human(Enum):
    """When a person is asked."""

    ask = "ask"
    always = "always"
    never = "never"


Name = Annotated[str, typer.Argument(help="An agent's name.", metavar="NAME")]
Description = Annotated[str | None, typer.Option("--description", help="What it is for, on one line.", metavar="TEXT")]
Model = Annotated[str | None, typer.Option("--model", "-m", help="Its model; empty: the default one.", metavar="MODEL")]
KindOf = Annotated[Kind | None, typer.Option("--kind", help="It writes Python (code), or calls of tools.")]
Instructions = Annotated[str | None, typer.Option("--instructions", help="What it is told to do.", metavar="TEXT")]
InstructionsFrom = Annotated[
    Path | None, typer.Option("--instructions-from", help="The same from a file; - is stdin.", metavar="FILE")
]
Tools = Annotated[
    list[str] | None,
    typer.Option(
        "--tool", help="A tool that it has: read, shell …, agent:NAME, mcp:SERVER, file:NAME; again.", metavar="T"
    ),
]
Steps = Annotated[int | None, typer.Option("--steps", help="Steps at most.", metavar="N")]
Tokens = Annotated[int | None, typer.Option("--tokens", help="Tokens read and written at most.", metavar="N")]
Time = Annotated[str | None, typer.Option("--time", help="How long a run takes at most: 90s, 10m.", metavar="TIME")]
Memory = Annotated[int | None, typer.Option("--memory", help="Megabytes that it may take.", metavar="MB")]
Cpus = Annotated[int | None, typer.Option("--cpus", help="Processors that it may keep busy.", metavar="N")]
Hosts = Annotated[
    list[str] | None,
    typer.Option("--host", help="A host that its fetch tool may reach, *.domain, or *; again.", metavar="H"),
]
HumanMode = Annotated[
    Human | None, typer.Option("--human", help="Ask a person where the policy says so, always, or never (deny then).")
]
Thinking = Annotated[bool | None, typer.Option("--thinking/--no-thinking", help="Let it think before it answers.")]
Remember = Annotated[
    bool | None, typer.Option("--remember/--no-remember", help="Let it keep notes from one run to the next.")
]


def fields(
    *,
    kind: Kind | None,
    instructions: str | None,
    instructions_from: Path | None,
    time: str | None,
    memory: int | None,
    human: Human | None,
    steps: int | None,
    tokens: int | None,
    cpus: int | None,
    hosts: list[str] | None,
    remember: bool | None,
    **plain: Any,
) -> dict[str, Any]:
    """What was said, as the daemon takes it; nothing of what was not."""
    if instructions is not None and instructions_from is not None:
        raise UsageError("--instructions and --instructions-from exclude each other", "Leave one of them out.")
    said: dict[str, Any] = {
        **plain,
        "kind": kind and kind.value,
        "instructions": text_of(instructions_from) if instructions_from is not None else instructions,
        "human": human and human.value,
        "memory": remember,
    }
    limits: dict[str, Any] = {
        "steps": steps,
        "tokens": tokens,
        "seconds": None if time is None else round(wording.seconds(time)),
        "memory_bytes": None if memory is None else memory << 20,
        "cpus": cpus,
        "network": hosts,
    }
    told = {name: value for name, value in said.items() if value is not None}
    bounds = {name: value for name, value in limits.items() if value is not None}
    return told | ({"limits": bounds} if bounds else {})


def text_of(file: Path) -> str:
    """What a file says, or standard input."""
    try:
        return sys.stdin.read() if str(file) == "-" else file.expanduser().read_text("utf-8")
    except FileNotFoundError:
        raise CliError("not_found", f"there is no file {file}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8") from error
    except OSError as error:
        raise errors.of_system(error) from error
