"""A daemon that several users of this machine share, and those users: processes that really have other uids."""

from __future__ import annotations

import contextlib
import grp
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness import Tektra, installation

CALLER = """
import http.client, json, os, socket, sys
uid, groups, path = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
os.setgroups(groups)
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
kept = None
for line in sys.stdin:
    asked = json.loads(line)
    try:
        if kept is None:
            kept = http.client.HTTPConnection("tektra")
            kept.sock = socket.socket(socket.AF_UNIX)
            kept.sock.connect(path)
        kept.request(asked["method"], asked["path"], asked["body"], asked["headers"])
        answer = kept.getresponse()
        said = {"status": answer.status, "text": answer.read().decode()}
    except OSError as error:
        said = {"status": 0, "text": error.strerror}
        asked["keep"] = False
    if not asked["keep"]:
        kept.close()
        kept = None
    print(json.dumps(said), flush=True)
"""


def shared_group() -> grp.struct_group:
    """Some group of this machine, as the one that may reach the socket."""
    return next(group for group in grp.getgrall() if group.gr_gid > 0)


@dataclass(frozen=True)
class Answer:
    """What the daemon said; status 0 is a connection that the kernel refused."""

    status: int
    text: str

    @property
    def body(self) -> Any:
        """The document."""
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The error's code."""
        return str(self.body["error"]["code"])


class Person:
    """Somebody with a uid of their own, who asks the daemon by HTTP."""

    def __init__(self, uid: int, groups: list[int], socket: Path) -> None:
        self.uid = uid
        # Another user may not even be able to start this interpreter: it becomes him once it runs.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", CALLER, str(uid), json.dumps(groups), str(socket)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
        )

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, *, keep: bool = False
    ) -> Answer:
        """One request, on a connection of its own unless one was kept."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        encoded = None if body is None else json.dumps(body)
        said = {} if body is None else {"Content-Type": "application/json"}
        asked = {"method": method, "path": path, "body": encoded, "headers": said | (headers or {}), "keep": keep}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return Answer(**json.loads(self._process.stdout.readline()))

    def get(self, path: str) -> Answer:
        """GET."""
        return self.ask("GET", path)

    def post(self, path: str, **body: Any) -> Answer:
        """POST a JSON object."""
        return self.ask("POST", path, body)

    def delete(self, path: str) -> Answer:
        """DELETE."""
        return self.ask("DELETE", path)

    def chat(self, content: str, **more: Any) -> Any:
        """One turn with the model that says the same to everybody."""
        answer = self.post("/api/chat", content=content, stream=False, **{"model": "parrot", **more})
        assert answer.status == 200, answer.text
        return answer.body

    def close(self) -> None:
        """The process ends."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


class Workstation:
    """A shared daemon of ours, and whoever else is there."""

    def __init__(self, tektra: Tektra, place: Path) -> None:
        self.tektra = tektra
        self.group = shared_group()
        self.socket = place / "run" / "tektra.sock"
        self.env = {"TEKTRA_SOCKET": str(self.socket), "TEKTRA_SHARED_GROUP": self.group.gr_name}
        self._people: list[Person] = []
        self._owner: Person | None = None

    def start(self) -> Workstation:
        """The daemon runs."""
        self.tektra.start(**self.env)
        return self

    def person(self, uid: int, *, role: str | None = None, in_group: bool = True) -> Person:
        """Somebody, added by the owner where a role is given."""
        if role is not None:
            added = self.owner.post("/api/users", uid=uid, role=role)
            assert added.status == 201, added.text
        person = Person(uid, [self.group.gr_gid] if in_group else [], self.socket)
        self._people.append(person)
        return person

    @property
    def owner(self) -> Person:
        """Whose daemon it is."""
        if self._owner is None:
            self._owner = Person(os.getuid(), os.getgroups(), self.socket)
            self._people.append(self._owner)
        return self._owner

    def audit(self, **query: Any) -> list[dict[str, Any]]:
        """What the owner reads in the log, newest first."""
        words = "&".join(f"{name}={value}" for name, value in query.items())
        found: list[dict[str, Any]] = self.owner.get(f"/api/audit?limit=1000&{words}").body["entries"]
        return found

    def close(self) -> None:
        """Everybody leaves."""
        for person in self._people:
            person.close()
        self._people, self._owner = [], None


@contextlib.contextmanager
def workstation() -> Iterator[Workstation]:
    """A shared daemon, not started yet, whose socket lies where others may come; taken down at the end."""
    place = Path(tempfile.mkdtemp(prefix="tkw-", dir="/tmp"))
    place.chmod(0o755)
    try:
        with installation() as tektra:
            tektra.env["TEKTRA_SOCKET"] = str(place / "run" / "tektra.sock")
            shared = Workstation(tektra, place)
            try:
                yield shared
            finally:
                shared.close()
    finally:
        shutil.rmtree(place, ignore_errors=True)
