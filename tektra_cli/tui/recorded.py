"""A daemon that says what was recorded: for `tektra tui --demo`, for the pictures in the documents, for snapshots.

Each file in `demo/` maps "GET /api/status" (or POST, DELETE, EVENTS, FOLLOW; with its query, where it has one) to what
is answered: a document, or a list of events. Where no recording has all of a query, one with its first parameter
counts, or one with none. `now` in it is the time that all of it is from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tektra_cli.checks import Check
from tektra_cli.client import Document, Hangup
from tektra_cli.errors import CliError
from tektra_cli.tui.machine import Machine, SettingsFile

FOLDER = Path(__file__).with_name("demo")
NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
"""When it was recorded, as far as anybody can tell."""


class RecordedMachine(Machine):
    """A machine on which what was recorded is found."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._found = json.loads((folder / "machine.json").read_text())

    def name(self, uid: int) -> str | None:
        """A recorded one."""
        name: str | None = self._found["names"].get(str(uid))
        return name

    def checks(self) -> Iterator[Check]:
        """The recorded findings."""
        yield from (Check(**check) for check in self._found["checks"])

    def last_lines(self, log: Path, count: int) -> tuple[Sequence[str], int]:
        """The recorded lines."""
        return [json.dumps(line, ensure_ascii=False) for line in self._found["log"]][-count:], 0

    def more_lines(self, log: Path, position: int) -> tuple[Sequence[str], int]:
        """Nothing more."""
        return [], 0

    def settings_files(self) -> list[SettingsFile]:
        """The recorded ones."""
        return [SettingsFile(Path(file["path"]), file["values"]) for file in self._found["settings"]]


class Recorded:
    """Answers as a Client does, and changes nothing."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._answers: dict[str, Any] = {}
        for path in sorted(folder.glob("*.json")):
            self._answers |= json.loads(path.read_text())

    def get(self, path: str, query: Mapping[str, Any] | None = None, timeout: float | None = None) -> Document:
        """The document; by its path alone, where no recording has the query."""
        return self._document("GET", path, query)

    def post(self, path: str, body: Mapping[str, Any], *, timeout: float | None = None) -> Document:
        """The document, whatever the body."""
        return self._document("POST", path, None)

    def delete(self, path: str, query: Mapping[str, Any] | None = None) -> Document:
        """The document."""
        return self._document("DELETE", path, query)

    def events(self, path: str, body: Mapping[str, Any], hangup: Hangup) -> Iterator[Document]:
        """The recorded events, at once."""
        yield from self._found("EVENTS", path, None)

    def follow(
        self, path: str, query: Mapping[str, Any], timeout: float, hangup: Hangup
    ) -> Iterator[tuple[str, Document | None]]:
        """The recorded events; then nothing more happens, until somebody hangs up."""
        yield "0", None
        for number, event in enumerate(self.told(path), 1):
            yield str(number), event
            if event.get("type") == "done":
                return
        hangup.wait()

    def told(self, path: str) -> Sequence[Document]:
        """What is told to whoever follows this path."""
        recorded: Sequence[Document] = self._answers.get(f"FOLLOW {path}", ())
        return recorded

    def download(self, path: str, body: Mapping[str, Any], hangup: Hangup) -> Iterator[bytes]:
        """The recorded lines."""
        yield from (f"{line}\n".encode() for line in self._found("DOWNLOAD", path, None))

    def _document(self, method: str, path: str, query: Mapping[str, Any] | None) -> Document:
        found: Document = self._found(method, path, query)
        return found

    def _found(self, method: str, path: str, query: Mapping[str, Any] | None) -> Any:
        whole = f"{method} {path}" + (f"?{urlencode(query)}" if query else "")
        for known in (whole, whole.partition("&")[0], f"{method} {path}"):
            if known in self._answers:
                return self._answers[known]
        raise CliError("demo", "this is a demonstration", "There is no daemon behind it: tektra tui shows yours.")
