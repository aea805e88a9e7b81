"""`tektra paths`: where everything lies."""

from __future__ import annotations

from tektra_cli import output
from tektra_cli.flags import Json
from tektrad.paths import find_paths


def paths(json: Json = False) -> None:
    """Print where everything lies."""
    places = find_paths().as_dict()
    document = {"schema": "tektra.paths/1", **places}
    output.show(document, json, lambda _: output.facts(list(places.items())))
