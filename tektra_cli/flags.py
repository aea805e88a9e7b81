"""The options that several commands share, each written once."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
NoInput = Annotated[bool, typer.Option("--no-input", help="Never ask; fail where an answer is needed.")]
Code = Annotated[
    str | None, typer.Option("--code", help="A code of your authenticator, or a recovery code.", metavar="CODE")
]
Since = Annotated[str | None, typer.Option("--since", help="Not before; a time, or 2h for two hours ago.", metavar="T")]
Until = Annotated[str | None, typer.Option("--until", help="Before this time.", metavar="T")]
