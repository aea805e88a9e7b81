"""The arguments and options that commands about runs share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

Event = Mapping[str, Any]
Reference = Annotated[str, typer.Argument(help="A run's id, or the beginning of one.", metavar="ID")]
Paths = Annotated[
    list[str] | None, typer.Argument(help="Only these, and what lies in them; as the diff names them.", metavar="PATHS")
]
Detach = Annotated[bool, typer.Option("--detach", help="Do not wait for its end.")]
Jsonl = Annotated[bool, typer.Option("--jsonl", help="Print one JSON event a line.")]
After = Annotated[int, typer.Option("--after", help="Only behind the event of this number.", metavar="N", min=0)]
